import type { FailoverGroupConfig } from '../config/index.ts'
import type { Clock } from '../core/index.ts'
import { commandEviction, commandRouting, type EvictionProvider, type RoutingProvider } from '../routing/index.ts'
import { runProgram } from '../security/index.ts'

/** What moves the clients of a group, as its configuration names it. */
export function clientProviders(
  { routing, eviction }: Pick<FailoverGroupConfig, 'routing' | 'eviction'>,
  { clock, env }: { readonly clock: Clock; readonly env: Readonly<Record<string, string | undefined>> },
): { readonly routing: RoutingProvider | undefined; readonly eviction: EvictionProvider | undefined } {
  const options = {
    env,
    run: (program: Omit<Parameters<typeof runProgram>[0], 'clock'>, signal: AbortSignal) =>
      runProgram({ ...program, clock }, signal),
  }
  return {
    routing: routing && commandRouting(routing, options),
    eviction: eviction && commandEviction(eviction, options),
  }
}
