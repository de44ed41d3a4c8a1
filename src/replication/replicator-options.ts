import type { Clock, Random, RegionName } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'
import type { CreationGate, LinkSpec } from './link-options.ts'
import type { SharingOptions } from './membership/shard-board.ts'

export interface ReplicatorOptions {
  /** Open clusters of every region that a link names; the caller closes them after `stop`. */
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly links: readonly LinkSpec[]
  /** False: others copy, and this process only moves what they have copied. @defaultValue true */
  readonly copies?: boolean
  readonly topicSyncMs: number
  readonly positionSyncMs: number
  /** How long a position has to be gone at the source before it is deleted on a target. @defaultValue 600000 */
  readonly groupDeletionGraceMs?: number
  readonly replicationFactor: number | 'default'
  /** How long a last stable offset may stand before it is asked why. @defaultValue 60000 */
  readonly heldBackMs?: number
  /** Bound of records that are fetched and not yet acknowledged, over all links. */
  readonly bufferBytes: number
  /** What all links together may fetch; undefined: no limit. */
  readonly maxBytesPerSecond?: number | undefined
  /** An operator vouches that no older replicator runs; see fault SHARD_UNFENCED. @defaultValue false */
  readonly acknowledgeUnfenced?: boolean
  /** Who we are, for the owner record in the map. */
  readonly processName: string
  /** Other replicators with the same targets share the work. @defaultValue this one takes all of it */
  readonly sharing?: SharingOptions | undefined
  /** Asked before topics are created on a target. @defaultValue nothing is waited for */
  readonly creationGate?: CreationGate
  readonly clock: Clock
  readonly random: Random
}
