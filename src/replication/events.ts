import type { LinkName, RegionName } from '../core/index.ts'
import type { IncidentAction, OffsetRange } from './offset-map/index.ts'
import type { Difference } from './verification/report.ts'

interface FlowRef {
  readonly link: LinkName
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
}

/** What replication tells the rest: rare events only, never one a batch (counters are read from the status). */
export type ReplicationEvents = {
  'link:started': {
    readonly link: LinkName
    readonly source: RegionName
    readonly target: RegionName
    readonly flows: number
  }
  /** Here, or by another process, also where the process starts with it. */
  'link:paused': { readonly link: LinkName; readonly by: string; readonly reason: string }
  'link:resumed': { readonly link: LinkName }
  'link:removed': { readonly link: LinkName; readonly topics: number; readonly isComplete: boolean }
  'link:error': { readonly link: LinkName; readonly what: string; readonly error: unknown }
  'shard:owned': {
    readonly target: RegionName
    readonly shard: number
    readonly producerId: bigint
    readonly producerEpoch: number
    readonly fenced: 'clean-hand-over' | 'fenced' | 'markers-written' | 'first'
    readonly tookMs: number
  }
  'shard:trouble': { readonly target: RegionName; readonly shard: number; readonly reason: string }
  'shard:lost': {
    readonly target: RegionName
    readonly shard: number
    readonly code: 'SHARD_FENCED'
    readonly reason: string
  }
  'shard:handed-over': { readonly target: RegionName; readonly shard: number }
  /** Given up without a clean end: the next owner fences. */
  'shard:let-go': { readonly target: RegionName; readonly shard: number }
  'members:assigned': {
    readonly target: RegionName
    readonly generation: number
    /** Names of all replicators that share the target. */
    readonly members: readonly string[]
    /** How many of them get no shards, because their links differ. */
    readonly differing: number
    /** Of this process, and how many of them are new and no longer its own. */
    readonly shards: number
    readonly gained: number
    readonly released: number
  }
  'members:trouble': { readonly target: RegionName; readonly reason: string }
  'flow:started': FlowRef & { readonly sourceNext: number; readonly targetNext: number }
  'flow:seam-skipped': FlowRef
  'flow:recovering': FlowRef & { readonly reason: string }
  /** The offset map of a filled target was found by comparing both logs. */
  'flow:matched': FlowRef & {
    readonly why: 'adopted' | 'rebuilt'
    readonly records: number
    readonly segments: number
    /** Of the first records that belong together. */
    readonly sourceStart: number
    readonly targetStart: number
  }
  /** The flow goes on in what other copies have filled: its map was worked out from theirs. */
  'flow:turned': FlowRef & { readonly segments: number; readonly sourceNext: number; readonly targetNext: number }
  'flow:stopped': FlowRef & { readonly code: string; readonly reason: string; readonly remedy: string }
  'flow:gap': FlowRef & { readonly kind: 'retention'; readonly fromOffset: number; readonly toOffset: number }
  'incident:recorded': FlowRef & {
    readonly id: string
    readonly code: string
    readonly action: IncidentAction
    readonly source: OffsetRange | null
    readonly target: OffsetRange | null
    readonly reason: string
  }
  'incident:acknowledged': FlowRef & {
    readonly id: string
    readonly code: string
    readonly by: string
    readonly note: string
  }
  'flow:held-back': FlowRef & {
    /** `open`, `ending`, `hanging` or `unknown`: whether the transaction that holds it back ends by itself. */
    readonly state: 'open' | 'ending' | 'hanging' | 'unknown'
    readonly stableOffset: number
    readonly producerId: bigint | null
    readonly transactionalId: string | null
    /** Of the fault, where it hangs. */
    readonly code: string | null
    readonly reason: string
    readonly remedy: string
  }
  'flow:released': FlowRef & { readonly stableOffset: number }
  /** The target does not take the records `[fromOffset, toOffset)`: one record, or a batch that is damaged. */
  'flow:record-refused': FlowRef & {
    readonly policy: 'stop' | 'quarantine' | 'skip'
    readonly fromOffset: number
    readonly toOffset: number
    readonly code: string
    readonly reason: string
  }
  'topic:created': {
    readonly link: LinkName
    readonly topic: string
    readonly targetTopic: string
    readonly partitions: number
  }
  'topic:grown': { readonly link: LinkName; readonly targetTopic: string; readonly from: number; readonly to: number }
  'topic:configured': { readonly link: LinkName; readonly targetTopic: string; readonly changed: readonly string[] }
  /** The source topic is gone, and the link follows deletions. */
  'topic:deletion-pending': {
    readonly link: LinkName
    readonly topic: string
    readonly targetTopic: string
    /** Until the copy is deleted. */
    readonly leftMs: number
  }
  /** The source topic, or another of its name, is there again; or the copy is gone already. */
  'topic:deletion-cancelled': { readonly link: LinkName; readonly topic: string; readonly targetTopic: string }
  'topic:deleted': { readonly link: LinkName; readonly topic: string; readonly targetTopic: string }
  'topic:refused': { readonly link: LinkName; readonly topic: string; readonly code: string; readonly reason: string }
  'verification:partition': FlowRef & {
    readonly records: number
    readonly differences: number
    readonly first?: Difference
  }
  'verification:ended': {
    readonly link: LinkName
    readonly id: string
    readonly records: number
    readonly differences: number
    /** False where it was cancelled, or some partition could not be compared. */
    readonly isComplete: boolean
    readonly atMs: number
    readonly tookMs: number
  }
  'positions:synced': {
    readonly link: LinkName
    readonly groups: number
    readonly committed: number
    readonly tookMs: number
  }
  /** `groups` fail for the same reason; `group` is one of them. */
  'positions:failed': {
    readonly link: LinkName
    readonly group: string
    readonly groups: number
    readonly reason: string
  }
  /** Once for each selected group that has no positions to keep in step. */
  'positions:left-out': { readonly link: LinkName; readonly group: string; readonly reason: string }
  /** The positions were gone at the source. */
  'positions:deleted': { readonly link: LinkName; readonly group: string; readonly positions: number }
}
