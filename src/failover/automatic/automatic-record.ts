import type { RegionName } from '../../core/index.ts'

/**
 * An attempt of automatic mode to leave a region, in the group's document: it is on record before its first call, so that
 * whoever leads next carries it on or takes its fence away again. There is one at a time, and one for each incident.
 */
export interface AutomaticRecord {
  /** Id of the move that it is for; its fence is claimed under it. */
  readonly operation: string
  readonly from: RegionName
  readonly to: RegionName
  /** The reign that it would end. */
  readonly epoch: number
  readonly phase: AutomaticPhase
  /** When it began, ISO 8601. */
  readonly at: string
  /** The evidence that it began with; once it is given up, why. */
  readonly reason: string
  /** How it is known from outside that nobody can write to `from`. Set from `fenced` on. */
  readonly fence?: OutsideFence
}

/**
 * `fencing`: a call may have been made. `fenced`: shown from outside. `ordered`: the move is under way. `undoing`: its
 * fence is being lifted. `failed`: over; no other one before the region has been seen again and the cooldown is over.
 */
export type AutomaticPhase = 'fencing' | 'fenced' | 'ordered' | 'undoing' | 'failed'

/** Canaries refused on every broker, or the operator's command that succeeded. */
export type OutsideFence = 'refused-everywhere' | 'command'

/** Whether a fence of the attempt may stand that no operation answers for. */
export function holdsFence(record: AutomaticRecord | undefined): boolean {
  return record?.phase === 'fencing' || record?.phase === 'fenced' || record?.phase === 'undoing'
}
