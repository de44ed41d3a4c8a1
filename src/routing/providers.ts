import { type Clock, type Random, unreachable } from '../core/index.ts'
import { type CommandProviderOptions, commandEviction, commandRouting } from './command-provider.ts'
import { dnsRouting } from './dns/dns-provider.ts'
import { policyEviction } from './policy-eviction.ts'
import { rolloutEviction } from './rollout.ts'
import { kubernetesRouting } from './switched-object.ts'
import type { ResolvedEviction, ResolvedRouting } from './resolve.ts'
import type { EvictionProvider, RoutingProvider } from './provider.ts'
import { webhookEviction, webhookRouting } from './webhook/webhook-provider.ts'

export interface ProviderParts extends CommandProviderOptions {
  readonly clock: Clock
  readonly random: Random
}

export function routingProvider(routing: ResolvedRouting, parts: ProviderParts): RoutingProvider {
  switch (routing.kind) {
    case 'command':
      return commandRouting(routing, parts)
    case 'dns':
      return dnsRouting(routing, parts)
    case 'kubernetes':
      return kubernetesRouting(routing, parts)
    case 'webhook':
      return webhookRouting(routing, parts.clock)
    default:
      return unreachable(routing)
  }
}

export function evictionProvider(eviction: ResolvedEviction, parts: ProviderParts): EvictionProvider {
  switch (eviction.kind) {
    case 'command':
      return commandEviction(eviction, parts)
    case 'networkPolicy':
      return policyEviction(eviction, parts)
    case 'rollout':
      return rolloutEviction(eviction, parts)
    case 'webhook':
      return webhookEviction(eviction, parts.clock)
    default:
      return unreachable(eviction)
  }
}
