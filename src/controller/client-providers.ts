import type { FailoverGroupConfig } from '../config/index.ts'
import { type Clock, systemRandom } from '../core/index.ts'
import {
  type EvictionProvider,
  evictionProvider,
  type ProviderParts,
  type RoutingProvider,
  routingProvider,
} from '../routing/index.ts'
import { runProgram } from '../security/index.ts'

/** What moves the clients of a group, in the order of its configuration. */
export function clientProviders(
  { routing, eviction }: Pick<FailoverGroupConfig, 'routing' | 'eviction'>,
  { clock, env }: { readonly clock: Clock; readonly env: Readonly<Record<string, string | undefined>> },
): { readonly routing: readonly RoutingProvider[]; readonly eviction: readonly EvictionProvider[] } {
  const parts: ProviderParts = {
    env,
    clock,
    random: systemRandom,
    run: (program, signal) => runProgram({ ...program, clock }, signal),
  }
  return {
    routing: routing.map((one) => routingProvider(one, parts)),
    eviction: eviction.map((one) => evictionProvider(one, parts)),
  }
}
