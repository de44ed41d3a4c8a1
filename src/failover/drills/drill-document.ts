import type { RegionName } from '../../core/index.ts'
import type { EvidenceRef } from '../evidence.ts'
import type { Phase } from '../state.ts'

/**
 * A drill as the authority holds it: one small document of its own, so that whoever leads goes on with it. What is bulky
 * (guards with their evidence, what was read) stands under keys of its own. Times in it are for people and for the
 * report; nothing is decided by them but whether an approval is still good.
 */
export interface DrillDocument {
  readonly format: 1
  readonly id: string
  /** The failover group that is rehearsed. */
  readonly group: string
  readonly level: DrillLevel
  /** Where what is moved was active when the drill was asked for; it is brought back there. */
  readonly from: RegionName
  /** The standby it is about: moved to, read from, or restored from. */
  readonly region: RegionName
  readonly request: DrillRequest
  readonly phase: DrillPhase
  /** Counts entries into the present phase. */
  readonly attempt: number
  /** Every phase that was entered, oldest first; the last one is the present. */
  readonly steps: readonly DrillStepRecord[]
  /** Of the group as the configuration had it when the drill was asked for; null: none is promised. */
  readonly objectives: { readonly rpoMs: number | null; readonly rtoMs: number | null }
  readonly plan?: DrillPlan
  readonly moves: readonly DrillMove[]
  /** Of `full`: used up by this drill. */
  readonly approval?: DrillApproval
  readonly abort?: { readonly by: string; readonly reason: string }
  /** Decided before the clean-up, and final with the phase `done`. */
  readonly outcome?: DrillOutcome
  /** What was found out, by part; see `DrillParts`. */
  readonly parts: Readonly<Partial<Record<keyof DrillParts, EvidenceRef>>>
  /** The little of the parts that histories show. */
  readonly measured?: DrillMeasured
  /** What was looked for behind the drill, and what of it was found. Empty until the clean-up has ended. */
  readonly leftovers: readonly LeftoverCheck[]
}

/**
 * `preflight`: plan and guards. `canary`: a real switchover and failback of a failover group that only drills use.
 * `isolated`: the standby's copies are read. `full`: switchover and failback of the group itself. `authority`: a restore
 * of the authority from the region's copies, into memory.
 */
export type DrillLevel = (typeof DRILL_LEVELS)[number]

export const DRILL_LEVELS = ['preflight', 'canary', 'isolated', 'full', 'authority'] as const

/**
 * `streaming`: the canary stream is started. `leaving`, `returning`: the switchover and the failback run, with `staying`
 * between them. `reading`: of `isolated`. `restoring`: of `authority`. `measuring`: what was seen is put on record.
 * `cleaning`: what the drill made is taken away, and looked for.
 */
export type DrillPhase =
  | 'requested'
  | 'streaming'
  | 'planning'
  | 'leaving'
  | 'staying'
  | 'returning'
  | 'reading'
  | 'restoring'
  | 'measuring'
  | 'cleaning'
  | 'done'

export interface DrillRequest {
  readonly by: string
  readonly reason: string
  readonly at: string
  /** The name of the schedule that asked for it; undefined where a person did. */
  readonly schedule?: string
  /** How long the group stays in the other region, at least. */
  readonly stayMs: number
}

export interface DrillApproval {
  readonly by: string
  readonly reason: string
  readonly at: string
}

export interface DrillStepRecord {
  readonly phase: DrillPhase
  readonly at: string
  readonly reason: string
}

/** Of the plan that the drill went by. */
export interface DrillPlan {
  readonly hash: string
  readonly epoch: number
  /** Predicted loss of the move itself; 0 for a switchover. */
  readonly lossRecords: number
  readonly writePauseMs: number | null
  /** What would be lost if the active region were gone at that moment; undefined where that is not known. */
  readonly exposure?: { readonly records: number; readonly ms: number }
}

export interface DrillMove {
  readonly kind: 'switchover' | 'failback'
  readonly operation: string
  /** The group that is moved: the rehearsed one, or its canary group. */
  readonly group: string
  readonly from: RegionName
  readonly to: RegionName
  readonly orderedAt: string
  /** How it ended; undefined while it runs. */
  readonly endedAs?: Phase
}

export interface DrillOutcome {
  readonly kind: 'passed' | 'failed' | 'interrupted' | 'skipped'
  /** At least one sentence. */
  readonly reasons: readonly string[]
}

export interface DrillMeasured {
  /** Records acknowledged and lost; null where the level cannot tell. */
  readonly rpoRecords: number | null
  readonly rpoMs: number | null
  /** From the order until applications could write again; null where nothing was moved. */
  readonly rtoMs: number | null
  readonly writePauseMs: number | null
}

export interface LeftoverCheck {
  /** Such as `shadow group isthmus.drill.7f3a on us-east`. */
  readonly lookedFor: string
  /** Empty: it is not there. */
  readonly found: readonly string[]
  /** Why it could not be looked for; counts as found. */
  readonly trouble?: string
}

/** What a drill found out, each under a key of its own in the authority. */
export interface DrillParts {
  readonly guards: readonly DrillGuard[]
  readonly moves: readonly MoveTimes[]
  readonly stream: StreamReport
  readonly isolated: IsolatedReport
  readonly restore: RestoreRehearsal
}

export interface DrillGuard {
  readonly name: string
  /** As `GuardResult` has it. */
  readonly status: string
  readonly evidence: string
  readonly isBlocking: boolean
  readonly remedy: string
}

/** A move's steps as the journal has them. */
export interface MoveTimes {
  readonly kind: 'switchover' | 'failback'
  readonly operation: string
  readonly from: RegionName
  readonly to: RegionName
  readonly endedAs: Phase
  readonly writePausedMs: number
  readonly steps: readonly { readonly phase: Phase; readonly at: string; readonly tookMs: number }[]
  readonly warnings: readonly string[]
}

/** What the canary stream saw from outside, over all moves of the drill. */
export interface StreamReport {
  readonly attempted: number
  readonly acknowledged: number
  /** By the typed reason of the refusal. */
  readonly refused: Readonly<Record<string, number>>
  /** Neither acknowledged nor refused: they count as nothing else. */
  readonly unknown: number
  /** Acknowledged, and not in the active region's log at the end. */
  readonly lost: number
  /** Between the first and the last lost record, by when they were acknowledged. */
  readonly lostSpanMs: number
  /** Times that a record stands in that log beyond the first. */
  readonly repeated: number
  /** Acknowledged, and behind one there that was written later. */
  readonly reordered: number
  /** Read with a checksum that is wrong. */
  readonly damaged: number
  /** Moments at which two regions took a write. */
  readonly overlaps: number
  /** Times that the consumer group was given a record beyond the first. */
  readonly readAgain: number
  /** Acknowledged, in that log, and never given to the consumer group. */
  readonly unread: number
  /** By move, in order. */
  readonly moves: readonly {
    readonly to: RegionName
    /** From the last accepted write on the old region to the first one on the new; null where there was none. */
    readonly writePauseMs: number | null
    /** From then until the reader has the first record of the new region; null where it had none. */
    readonly firstReadAfterMs: number | null
  }[]
}

/** What reading the copies on a standby came to. */
export interface IsolatedReport {
  readonly region: RegionName
  readonly shadowGroup: string
  readonly topics: number
  readonly partitions: number
  readonly records: number
  readonly bytes: number
  /** Partitions that were read to the bound, and not to their end. */
  readonly bounded: number
  /** Partitions or records that could not be read, with the reason; at most ten. */
  readonly unreadable: readonly string[]
  /** How old the newest record of the standby is; null where it has none. */
  readonly newestAgeMs: number | null
  readonly positionsTried: number
  /** Beyond the end or below the log start, at most ten, as `group topic-partition: reason`. */
  readonly positionsWrong: readonly string[]
  /** Shadow groups that are still listed after they were deleted. */
  readonly leftoverGroups: readonly string[]
}

/** What restoring the authority from a region's copies into memory came to. */
export interface RestoreRehearsal {
  readonly region: RegionName
  readonly generation: number
  readonly documents: readonly {
    readonly key: string
    readonly region: RegionName
    /** `same` as the live one, an `older` epoch or revision, `missing` from the copies. */
    readonly state: 'same' | 'older' | 'missing' | 'differs'
    readonly evidence: string
  }[]
  readonly unread: readonly string[]
  readonly tookMs: number
}

/** Everything that is on record of a drill: what its report is made of. */
export interface DrillRecord {
  readonly document: DrillDocument
  readonly parts: Partial<DrillParts>
}
