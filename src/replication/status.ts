import type { LinkName, RegionName } from '../core/index.ts'
import type { IncidentAction, OffsetRange } from './offset-map/index.ts'

/** What the replicator of this process knows right now. Every number that can go stale carries when it was seen. */
export interface ReplicationStatus {
  readonly atMs: number
  readonly links: readonly LinkStatus[]
  /** What was lost, or is not what it was, of every flow whose shard this process knows; the oldest first. */
  readonly incidents: readonly IncidentStatus[]
  /** The replicators that share the work with this one, itself included; none where nothing is shared. */
  readonly members: readonly MemberStatus[]
}

export interface IncidentStatus {
  readonly id: string
  /** Of the fault that describes it. */
  readonly code: string
  readonly link: LinkName
  readonly sourceRegion: string
  readonly targetRegion: RegionName
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  /** Source offsets it is about; null where it is about none. */
  readonly source: OffsetRange | null
  /** Target offsets it is about; null where it is about none. */
  readonly target: OffsetRange | null
  readonly reason: string
  readonly action: IncidentAction
  readonly atMs: number
  /** How many others of its code it stands for as well. */
  readonly folded: number
  /** Null while it is open: it then blocks a switchover. */
  readonly acknowledged: { readonly atMs: number; readonly by: string; readonly note: string } | null
}

/** A replicator that shares the shards of a target, as the group's last assignment has it. */
export interface MemberStatus {
  readonly target: RegionName
  readonly name: string
  readonly isThisProcess: boolean
  readonly shards: readonly number[]
  /** How its links differ from those of the members that have the shards: it gets none. Null where they do not. */
  readonly differs: string | null
}

/** How far a link is, over all its flows: cheap to ask for. */
export interface LinkProgress {
  readonly link: LinkName
  /** Since the process started. */
  readonly recordsCopied: number
  /** As far as known. */
  readonly remainingRecords: number
}

export interface LinkStatus {
  readonly link: LinkName
  readonly source: RegionName
  readonly target: RegionName
  /**
   * `starting` until the first takeover is done; `degraded` while any flow is stopped or a region does not answer;
   * `paused` by a person: it has no flows then.
   */
  readonly state: 'starting' | 'running' | 'degraded' | 'paused' | 'stopped'
  /** A sentence for the operator. */
  readonly reason: string
  readonly flows: readonly FlowStatus[]
  /** Selected topics that are not copied. */
  readonly refusedTopics: readonly RefusedTopicStatus[]
  /** Copies that will be deleted, because their source topic is gone and the link follows that. */
  readonly pendingDeletions: readonly PendingDeletionStatus[]
  readonly groups: readonly GroupStatus[]
}

export interface RefusedTopicStatus {
  readonly topic: string
  readonly targetTopic: string
  readonly code: string
  readonly message: string
  readonly remedy: string
}

export interface PendingDeletionStatus {
  readonly topic: string
  readonly targetTopic: string
  /** When the source topic was first found gone. */
  readonly sinceMs: number
  /** As of the last look. */
  readonly leftMs: number
}

/** `elsewhere`: another replicator copies it, or will in a moment. */
export type FlowState = 'starting' | 'running' | 'recovering' | 'stopped' | 'elsewhere'

export interface FlowStatus {
  readonly link: LinkName
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  readonly state: FlowState
  /** A sentence for the operator, such as `running` or `waiting: the target has not answered for 4 s`. */
  readonly reason: string
  /** Every source offset below it is on the target or attributed. Null until known. */
  readonly sourceNext: number | null
  /** Every target offset below it is acknowledged. Null until known. */
  readonly targetNext: number | null
  /** First offset the source still serves. */
  readonly sourceStart: number | null
  /** End of what read_committed readers can see at the source (last stable offset), as last observed. */
  readonly sourceEnd: number | null
  /** High watermark of the source, as last observed. */
  readonly sourceHighWatermark: number | null
  /** Offsets between the two: held back from readers, and from the copy, by a transaction that is open. Null until known. */
  readonly heldBackRecords: number | null
  /** What holds them back, where the last stable offset has stood for longer than `heldBackSeconds`. */
  readonly heldBack: HeldBackStatus | null
  /** `sourceEnd - sourceNext`: offsets, an upper bound of records. Null while unknown: a stopped flow never shows 0. */
  readonly lagRecords: number | null
  /** Age of the oldest record that is not yet on the target, as far as known; 0 when there is none. */
  readonly lagSeconds: number | null
  /** When `sourceEnd` was last observed, wall clock; null before. */
  readonly observedAtMs: number | null
  /** True while every source offset so far equals its target offset. */
  readonly offsetsIdentical: boolean
  readonly counters: FlowCounters
  /** Why it is stopped, or what holds it back for good. */
  readonly fault: FaultReport | null
}

/** A transaction that holds back the last stable offset of the source. */
export interface HeldBackStatus {
  /**
   * `open`: a long transaction, ended by its coordinator at its timeout at the latest. `ending`: its markers are under
   * way. `hanging`: nothing will end it, see the flow's fault. `unknown`: nothing can be said yet.
   */
  readonly state: 'open' | 'ending' | 'hanging' | 'unknown'
  readonly reason: string
  /** Null where no producer of the partition has an open transaction. */
  readonly producerId: bigint | null
  readonly transactionalId: string | null
  /** When the transaction began, or was last written to where that is not known. */
  readonly openSinceMs: number | null
  /** When the last stable offset was first seen to stand. */
  readonly sinceMs: number
}
/** Why a source batch could not go through as it was; where several hold, the first in this order is counted. */
export const REPACK_REASONS = [
  'start-inside',
  'holes',
  'append-time',
  'transformed',
  'refused',
  'split',
  'merged',
] as const
export type RepackReason = (typeof REPACK_REASONS)[number]

/** Since the process started. */
export interface FlowCounters {
  readonly recordsCopied: number
  readonly bytesCopied: number
  readonly batchesPassed: number
  readonly batchesRepacked: number
  /** The same by reason. */
  readonly repacked: Readonly<Record<RepackReason, number>>
  readonly recordsAborted: number
  readonly controlRecords: number
  /** Source offsets without a record: compaction holes. */
  readonly holes: number
  /** Source offsets that were gone before they could be copied. */
  readonly recordsLost: number
  /** Left out by the link's filter. */
  readonly recordsFiltered: number
  /** Refused by the target and kept in its quarantine topic. */
  readonly recordsQuarantined: number
  /** Refused by the target and left out. */
  readonly recordsSkipped: number
}

export interface FaultReport {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly sinceMs: number
}

export interface GroupStatus {
  readonly link: LinkName
  readonly group: string
  /**
   * `synced`, or why its positions are not written: `active-on-target`, `foreign-position`, `not-copied`, `failed`;
   * `gone-at-source` while its deletion at the source is about to be followed.
   */
  readonly state: 'synced' | 'active-on-target' | 'foreign-position' | 'not-copied' | 'failed' | 'gone-at-source'
  readonly reason: string
  /** When all of its positions were last known to be in step; null before the first time. */
  readonly syncedAtMs: number | null
  /** Over all positions; null where one of them is not known. */
  readonly rereadRecords: number | null
  readonly positions: readonly GroupPositionStatus[]
}

export interface GroupPositionStatus {
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  readonly sourceOffset: number
  /** Null where it cannot be told yet. */
  readonly targetOffset: number | null
  /** Records a reader would meet again on the target because the copy is behind the group: normally 0. */
  readonly behindRecords: number
  /**
   * Records the group would read again if it moved to the target now: offsets between its position there, as last seen
   * or written, and the one at the source. Null where the target has no position, or nothing is known of it.
   */
  readonly rereadRecords: number | null
}

/** Answer of `offsets translate`. */
export interface OffsetTranslation {
  readonly link: LinkName
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  readonly direction: 'source-to-target' | 'target-to-source'
  readonly from: number
  readonly to: number
  /** Where `from` names no copied record: `hole` (attributed offset without a record: the next record's offset is given), `before-start`, `not-copied` (clamped to the end of the copy). */
  readonly note: 'exact' | 'hole' | 'before-start' | 'not-copied'
}
