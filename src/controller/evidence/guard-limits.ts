import type { Config, FailoverGroupConfig } from '../../config/index.ts'
import { DEFAULT_GUARD_LIMITS, type GuardLimits } from '../../failover/index.ts'

/** What a group's guards allow, from its configuration. */
export function guardLimitsOf({
  objectives,
  timings,
}: Pick<FailoverGroupConfig, 'objectives' | 'timings'>): GuardLimits {
  const { writePauseMs, settleMs, cutMs, groupGraceMs, cooldownMs, positionsFreshMs, fenceCheckMs } = timings
  return {
    ...DEFAULT_GUARD_LIMITS,
    rpoMs: objectives.rpoMs,
    // What the pause leaves for copying the rest.
    behindMs: writePauseMs - settleMs - cutMs - groupGraceMs,
    positionsAgeMs: positionsFreshMs,
    cooldownMs,
    // One proof may come late.
    fenceProofAgeMs: Math.max(DEFAULT_GUARD_LIMITS.fenceProofAgeMs, 2 * fenceCheckMs + 5_000),
  }
}

/**
 * Regions whose loss would take the authority along, as far as the configuration tells: a file falls with the region in
 * which this machine stands, and of an etcd cluster it is not known where its members are.
 */
export function authorityFallsWith({ authority, health }: Pick<Config, 'authority' | 'health'>): string[] {
  return authority.kind === 'sqlite' && health.standsIn !== '' ? [health.standsIn] : []
}
