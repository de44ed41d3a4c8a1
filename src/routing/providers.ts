import { type Clock, type Random, unreachable } from '../core/index.ts'
import { type CommandProviderOptions, commandEviction, commandRouting } from './command-provider.ts'
import { dnsRouting } from './dns/dns-provider.ts'
import type { ResolvedEviction, ResolvedRouting } from './options.ts'
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
    case 'webhook':
      return webhookRouting(routing, parts.clock)
    default:
      return unreachable(routing)
  }
}

export function evictionProvider(eviction: ResolvedEviction, parts: ProviderParts): EvictionProvider {
  return eviction.kind === 'command' ? commandEviction(eviction, parts) : webhookEviction(eviction, parts.clock)
}
