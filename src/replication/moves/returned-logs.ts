import type { Fault, RegionName } from '../../core/index.ts'
import type { Cluster, TopicPartition } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import { ensureMapTopic, NEW_MAP_SHARDS } from '../shards/map-topic.ts'
import { findCompacted } from '../topics/compacted.ts'
import { compileSelection, type Selection } from '../topics/selection.ts'
import { Pace } from '../verification/pace.ts'
import type { CutPartition } from './cut.ts'
import { deleteTopic, type TopicToReplace } from './delete-topic.ts'
import { eachOf } from './each-of.ts'
import { emptyPartitions } from './empty-partitions.ts'
import { findData } from './find-data.ts'
import { flowKeyOf } from './flow-key-of.ts'
import { findForks, findUntied, type ForkedPartition, type Forking } from './forked-partitions.ts'
import { inTime } from './in-time.ts'
import { keepTails, type KeptTail } from './keep-tails.ts'
import type { MovedLink, MovesOptions } from './moves-options.ts'
import { PartitionScan } from './scan-divergence.ts'
import type { ShardContext } from './under-shard.ts'

/** A region that comes back, and the one that took its place. */
export interface ReturnedRegion {
  readonly region: RegionName
  readonly active: RegionName
  readonly topics: Selection
  /** How long regions that have no part in it may take to tell what they know. */
  readonly withinMs: number
}

interface Access {
  partitionsOf(region: RegionName, topics: Selection, signal: AbortSignal): Promise<CutPartition[]>
  /** Undefined where the region has no map. */
  shardsOf(region: RegionName, signal: AbortSignal): ShardContext | undefined
}

const READ_BYTES_PER_SECOND = 50_000_000
const AT_ONCE = 32

/** What the return of a lost region does on logs, one method a step, each of which may be repeated. */
export class ReturnedLogs {
  readonly #options: MovesOptions
  readonly #access: Access

  constructor(options: MovesOptions, access: Access) {
    this.#options = options
    this.#access = access
  }

  /** Copies into the region that have not ended: a link of an earlier reign may still write there. */
  async openCopies(region: RegionName, topics: Selection, signal: AbortSignal): Promise<CopiedFlow[]> {
    const { ledgers, atlas } = this.#options
    await atlas.refresh(region, signal)
    const isSelected = compileSelection(topics)
    const flows = ledgers.get(region)?.flows() ?? []
    return flows.filter(({ key, closedAt }) => closedAt === undefined && isSelected(key.targetTopic))
  }

  /** Where the partitions of the region part from those of the active one. Faults: TARGET_NOT_READY. */
  async forks({ region, active, topics, withinMs }: ReturnedRegion, signal: AbortSignal): Promise<Forking> {
    const { ledgers, atlas, clock } = this.#options
    await Promise.all([region, active].map((one) => atlas.refresh(one, signal)))
    const others = [...ledgers.keys()].filter((one) => one !== region && one !== active)
    // A way may lead through one of them; one that does not answer keeps what was last known of it.
    const refresh = (within: AbortSignal) => Promise.allSettled(others.map((one) => atlas.refresh(one, within)))
    await inTime({ clock, withinMs }, refresh, signal)
    signal.throwIfAborted()
    const partitions = await this.#access.partitionsOf(region, topics, signal)
    const there = {
      cluster: this.#cluster(active),
      partitions: await this.#access.partitionsOf(active, topics, signal),
    }
    return findForks({ region, cluster: this.#cluster(region), partitions, active: there, atlas }, signal)
  }

  /** Scans of what stands behind forks, to be advanced. `isDestroyed`: also of what is below, whatever stands there. */
  async openScans(
    { region, active }: Pick<ReturnedRegion, 'region' | 'active'>,
    { forked, isDestroyed }: { readonly forked: readonly ForkedPartition[]; readonly isDestroyed: boolean },
    signal: AbortSignal,
  ): Promise<PartitionScan[]> {
    const { atlas, clock } = this.#options
    const pace = new Pace(clock, READ_BYTES_PER_SECOND)
    const sightOf = (of: RegionName) => ({ cluster: this.#cluster(of), reader: atlas.reader(of), clock, pace })
    const topics = [...new Set(forked.map(({ topic }) => topic))]
    const compacted = await findCompacted(this.#cluster(region), topics, signal)
    const scans: PartitionScan[] = []
    await eachOf(forked, AT_ONCE, async (one) => {
      const { tie, active: there, topic, topicId, partition, fork, end } = one
      if (end <= fork && !isDestroyed) return
      const runs = tie === undefined ? [] : (await atlas.relateFork(tie, signal)).runs
      const range = there && { from: there.from, to: there.end }
      scans.push(
        new PartitionScan({
          log: { ...sightOf(region), ref: { topic, topicId, partition } },
          forked: one,
          untied: findUntied(runs, one),
          isCompacted: compacted.has(topic),
          isDestroyed,
          active: there && range && { ...sightOf(active), ref: there.ref, range },
        }),
      )
    })
    return scans
  }

  /** Offset of the first record behind a fork that a copy could not pass by; undefined where there is none. */
  async firstDiverged(region: RegionName, { fork, end, ...ref }: ForkedPartition, signal: AbortSignal) {
    return (await findData(this.#options.atlas.reader(region), ref, { from: fork, to: end }, signal)).first
  }

  /** See `delete-topic.ts`. */
  deleteTopic(region: RegionName, topic: TopicToReplace, signal: AbortSignal): Promise<void> {
    return deleteTopic(this.#cluster(region), this.#access.shardsOf(region, signal), topic, signal)
  }

  /** See `empty-partitions.ts`. */
  emptyPartitions(
    region: RegionName,
    topic: string,
    of: readonly ForkedPartition[],
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options
    const bounds = of.map(({ partition, end: offset }) => ({ topic, partition, offset }))
    return emptyPartitions({ cluster: this.#cluster(region), clock }, { topic, bounds }, signal)
  }

  /** See `keep-tails.ts`: of partitions that are tied to the link's source. */
  async keepTails(link: MovedLink, tails: readonly ForkedPartition[], by: string, signal: AbortSignal): Promise<void> {
    const { atlas, clock } = this.#options
    const region = link.target
    // The region may never have been a target.
    await ensureMapTopic(this.#cluster(region), { shards: NEW_MAP_SHARDS, clock }, signal)
    await atlas.refresh(region, signal)
    const shards = this.#access.shardsOf(region, signal)
    if (shards === undefined) throw new Error(`region ${region} has no map`)
    const { clusterId: sourceClusterId } = await this.#cluster(link.source).metadata([], signal)
    const kept: KeptTail[] = []
    for (const { topicId: targetTopicId, partition, tie, active, end } of tails) {
      if (tie === undefined || active === undefined) continue
      const key = flowKeyOf(link, { topic: active.ref.topic, partition })
      const spec = { key, sourceTopicId: active.ref.topicId, targetTopicId, sourceClusterId }
      kept.push({ spec, relation: await atlas.relateFork(tie, signal), end })
    }
    await keepTails(shards, kept, by, signal)
  }

  /** Why a flow of the link has stopped in this process, if one has: it does not go on by itself. */
  stoppedFlow(link: MovedLink, partitions: readonly TopicPartition[]): Fault | undefined {
    for (const at of partitions) {
      const stopped = this.#options.flowOf(flowKeyOf(link, at))?.stopped
      if (stopped !== undefined) return stopped.fault
    }
    return undefined
  }

  #cluster(region: RegionName): Cluster {
    const cluster = this.#options.clusters.get(region)
    if (cluster === undefined) throw replicationFaults.fault('REGION_UNKNOWN', { region })
    return cluster
  }
}
