import type { Clock, Events, LinkName, Random, RegionName } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'
import type { LinkBandwidth, LinkBandwidthOptions } from './bandwidth.ts'
import type { ReplicationEvents } from './events.ts'
import type { ByteBudget } from './flows/byte-budget.ts'
import type { FirstStart } from './flows/position-context.ts'
import type { LinkPauses } from './link-pauses.ts'
import type { MapAtlas } from './moves/map-atlas.ts'
import type { ResolvedPolicies } from './policies.ts'
import type { TargetEngine } from './target-engine.ts'
import type { DeletionPolicy } from './topics/deletions.ts'
import type { OriginLedger } from './topics/lineage.ts'
import type { Selection } from './topics/selection.ts'
import type { TopicSyncOptions } from './topics/topic-sync.ts'
import type { LinkTransform } from './transform.ts'

/** What a link copies. */
export interface LinkSpec {
  readonly name: LinkName
  readonly source: RegionName
  readonly target: RegionName
  readonly topics: Selection
  readonly groups: Selection
  /**
   * The target is a standby of a failover group, where groups are not meant to be: positions that they have left behind
   * there are moved forward like those that Isthmus wrote. @defaultValue false
   */
  readonly isStandby?: boolean
  readonly rename?: string | undefined
  /** Where copying begins at the link's very first start; topics made later are copied from their beginning. */
  readonly start: FirstStart
  /** @defaultValue every policy's own default */
  readonly policies?: ResolvedPolicies
  /** @defaultValue no limit of its own, and the weight of any other link */
  readonly traffic?: LinkBandwidthOptions
  /** @defaultValue copies of deleted topics stay */
  readonly deletions?: DeletionPolicy
  /** @defaultValue nothing is changed */
  readonly transform?: LinkTransform | undefined
}

/** What topics that are to be created in a region have to wait for, such as a fence; undefined where that is nothing. */
export type CreationGate = (
  target: RegionName,
  topics: readonly string[],
  signal: AbortSignal,
) => Promise<string | undefined>

export interface LinkRunnerOptions {
  readonly spec: LinkSpec
  readonly source: Cluster
  readonly target: Cluster
  readonly engine: TargetEngine
  /** What the offset maps of the regions say of their copies. */
  readonly ledgers: ReadonlyMap<RegionName, OriginLedger>
  /** Where flows look up the copies before them. */
  readonly atlas: Pick<MapAtlas, 'relate' | 'canTurn'>
  readonly pauses: Pick<LinkPauses, 'read' | 'untilNews'>
  readonly budget: ByteBudget
  readonly bandwidth: LinkBandwidth
  readonly topicSyncMs: number
  readonly positionSyncMs: number
  readonly groupDeletionGraceMs?: number
  readonly replicationFactor: number | 'default'
  readonly heldBackMs?: number
  /** @defaultValue nothing is waited for */
  readonly creationGate?: TopicSyncOptions['creationGate']
  readonly clock: Clock
  readonly random: Random
  readonly events: Events<ReplicationEvents>
}
