import { type Clock, isFault, type Random, type RegionName } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { FlowSpec } from '../flows/flow.ts'
import { RawReader } from '../flows/raw-reader.ts'
import type { CopiedFlow, FlowMap, IncidentEntry, MapMemory, ShardMap } from '../offset-map/index.ts'
import type { CopyLedger } from '../shards/copy-ledger.ts'
import { readShardMap } from '../shards/map-topic.ts'
import { shardOf } from '../shards/shard-of.ts'
import {
  canTurn,
  findPath,
  type Hop,
  isActive,
  type KnownCopy,
  type PathOrGap,
  type TopicPartitionId,
} from './copy-path.ts'
import { findFork, type Fork } from './fork.ts'
import { type MappedHop, passHop, relate, type Relation } from './relation.ts'

export interface MapAtlasOptions {
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly ledgers: ReadonlyMap<RegionName, CopyLedger>
  readonly memory: MapMemory
  readonly clock: Clock
  readonly random: Random
}

const REFRESH_EVERY_MS = 1_000
/** Maps of shards that are kept because the next flow is likely to be in them as well. */
const KEPT_MAX = 8

interface LinkEnds {
  readonly source: RegionName
  readonly target: RegionName
}

/**
 * The offset maps of all regions, read without a fence. That is enough for what is asked of them: copies that have ended,
 * whose maps change no more.
 */
export class MapAtlas implements AsyncDisposable {
  readonly #options: MapAtlasOptions
  readonly #readers = new Map<RegionName, RawReader>()
  readonly #shards = new Map<string, { readonly asOf: number; readonly map: Promise<ShardMap> }>()

  readonly #refreshedMs = new Map<RegionName, number>()

  constructor(options: MapAtlasOptions) {
    this.#options = options
    const { clusters, clock, random } = options
    for (const [region, cluster] of clusters) this.#readers.set(region, new RawReader(cluster, { clock, random }))
  }

  reader(region: RegionName): RawReader {
    const reader = this.#readers.get(region)
    if (reader === undefined) throw new Error(`no cluster is open for region ${region}`)
    return reader
  }

  /** As of the last refresh. */
  copies(): KnownCopy[] {
    return [...this.#options.ledgers].flatMap(([region, ledger]) => {
      return ledger.flows().map((flow) => ({ region, flow }))
    })
  }

  /**
   * Whether a link may go on in a topic that copies were made from or into, as far as the maps of its two regions tell.
   * Asked topic by topic: they are read again after a second.
   */
  async canTurn(topicId: string, link: LinkEnds, signal: AbortSignal): Promise<boolean> {
    await this.#refreshEnds(link, REFRESH_EVERY_MS, signal)
    const copies = this.copies()
    const isAbout = ({ flow }: KnownCopy) => flow.sourceTopicId === topicId || flow.targetTopicId === topicId
    const partitions = new Set(copies.filter(isAbout).map(({ flow }) => flow.key.partition))
    return [...partitions].some((partition) => canTurn({ topicId, partition }, copies))
  }

  /**
   * How the target partition of a flow is tied to its source by copies that have ended; undefined where no such copy was
   * made from or into it. Faults: FLOW_CLOSED where it belongs to the active region, TARGET_NOT_READY while another copy
   * into it has not ended, FLOW_TURN_REFUSED where the chain of copies does not reach the source.
   */
  async relate(spec: FlowSpec, link: LinkEnds, signal: AbortSignal): Promise<Relation | undefined> {
    // The two regions that copy have to answer; what the others say is needed only where these do not lead there.
    await this.#refreshEnds(link, 0, signal)
    let path = await this.#findPath(spec, signal)
    if (path !== undefined && 'gap' in path) {
      await this.#refreshAll(signal)
      path = await this.#findPath(spec, signal)
    }
    if (path === undefined) return undefined
    if ('gap' in path) {
      const { topic, targetTopic, partition } = spec.key
      throw replicationFaults.fault('FLOW_TURN_REFUSED', { topic, targetTopic, partition, reason: path.gap })
    }
    const mapped: MappedHop[] = []
    for (const hop of path.hops) mapped.push({ hop, map: await this.#mapOf(hop, signal) })
    return relate(mapped, { source: path.source, target: path.target }, signal)
  }

  /** See `fork.ts`. `copies`: those that may lie on the way. Faults: TARGET_NOT_READY where a map has just changed. */
  fork(
    at: TopicPartitionId,
    toTopicId: string,
    copies: readonly KnownCopy[],
    signal: AbortSignal,
  ): Promise<Fork | undefined> {
    return findFork(at, toTopicId, copies, (hop, offset) => this.#pass(hop, offset, signal))
  }

  /** How the partition of a fork is tied to the other one, which is the source of the relation. */
  async relateFork({ hops, at, there }: Fork, signal: AbortSignal): Promise<Relation> {
    const mapped: MappedHop[] = []
    for (const hop of hops) mapped.push({ hop, map: await this.#mapOf(hop, signal) })
    return relate(mapped, { source: there, target: at }, signal)
  }

  /** Undefined where no copy was made from or into the target. */
  #findPath(spec: FlowSpec, signal: AbortSignal): Promise<PathOrGap> | undefined {
    const copies = this.copies()
    const { partition, topic, targetTopic, source } = spec.key
    const at: TopicPartitionId = { topicId: spec.targetTopicId, partition }
    if (isActive(at, copies)) throw replicationFaults.fault('FLOW_CLOSED', { topic, targetTopic, partition, source })
    if (!canTurn(at, copies)) return undefined
    const open = copies.find(({ flow }) => isOpenInto(flow, at) && flow.key.source !== source)
    if (open !== undefined) {
      const reason = `the copy from ${open.flow.key.source} has not been closed`
      const facts = { what: `${targetTopic}-${partition}`, target: open.region, reason }
      throw replicationFaults.fault('TARGET_NOT_READY', facts)
    }
    return findPath(at, spec.sourceTopicId, copies, (hop, offset) => this.#pass(hop, offset, signal))
  }

  async #pass(hop: Hop, offset: number, signal: AbortSignal): Promise<number> {
    return passHop({ hop, map: await this.#mapOf(hop, signal) }, offset, signal)
  }

  /** The map of a copy as it stands now. */
  async flowMap({ region, flow }: KnownCopy, signal: AbortSignal): Promise<FlowMap | undefined> {
    const topic = this.#options.ledgers.get(region)?.mapTopic
    if (topic === undefined) return undefined
    const shardMap = await this.#shard(region, shardOf(flow.key, topic.shards), signal)
    const map = shardMap.flow(flow.key)
    return map?.facts.targetTopicId === flow.targetTopicId ? map : undefined
  }

  /** Of all shards of a region, as its map has them now. */
  async incidents(region: RegionName, signal: AbortSignal): Promise<IncidentEntry[]> {
    await this.refresh(region, signal)
    const shards = this.#options.ledgers.get(region)?.mapTopic?.shards ?? 0
    const found: IncidentEntry[] = []
    for (let shard = 0; shard < shards; shard++)
      found.push(...(await this.#shard(region, shard, signal)).incidents.all())
    return found
  }

  async refresh(region: RegionName, signal: AbortSignal): Promise<void> {
    await this.#options.ledgers.get(region)?.refresh(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#readers.values()].map((reader) => reader[Symbol.asyncDispose]()))
  }

  async #refreshEnds({ source, target }: LinkEnds, afterMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const isDue = (region: RegionName) => {
      return clock.monotonicMs() - (this.#refreshedMs.get(region) ?? Number.NEGATIVE_INFINITY) >= afterMs
    }
    const due = [source, target].filter(isDue)
    const passOver = (error: unknown) => {
      if (!isFault(error, 'PARTITION_REFUSED')) throw error
    }
    // Who may not read the map of a region has no part in moves there.
    await Promise.all(due.map((region) => this.refresh(region, signal).catch(passOver)))
    for (const region of due) this.#refreshedMs.set(region, clock.monotonicMs())
  }

  /** A region that does not answer keeps what was last known of it. */
  async #refreshAll(signal: AbortSignal): Promise<void> {
    await Promise.allSettled([...this.#options.ledgers.values()].map((ledger) => ledger.refresh(signal)))
    signal.throwIfAborted()
  }

  async #mapOf(hop: Hop, signal: AbortSignal): Promise<FlowMap> {
    const map = await this.flowMap(hop, signal)
    const { closedAt } = hop
    if (map?.closedAt?.source === closedAt.source && map.closedAt.target === closedAt.target) return map
    const { targetTopic, partition } = hop.flow.key
    const what = `the map of ${targetTopic}-${partition}`
    throw replicationFaults.fault('TARGET_NOT_READY', { what, target: hop.region, reason: 'it has just changed' })
  }

  async #shard(region: RegionName, shard: number, signal: AbortSignal): Promise<ShardMap> {
    const ledger = this.#options.ledgers.get(region)
    const cluster = this.#options.clusters.get(region)
    const topic = ledger?.mapTopic
    if (ledger === undefined || cluster === undefined || topic === undefined) throw new Error(`no map of ${region}`)
    const key = `${region}/${shard}`
    const asOf = ledger.readUpTo(shard)
    const known = this.#shards.get(key)
    if (known?.asOf === asOf) return known.map
    const source = { cluster, reader: this.reader(region), topic, memory: this.#options.memory }
    const map = readShardMap(source, shard, signal)
    this.#shards.delete(key)
    this.#shards.set(key, { asOf, map })
    map.catch(() => this.#shards.delete(key))
    const [oldest] = this.#shards.keys()
    if (oldest !== undefined && this.#shards.size > KEPT_MAX) this.#shards.delete(oldest)
    return map
  }
}

function isOpenInto(flow: CopiedFlow, { topicId, partition }: TopicPartitionId): boolean {
  return flow.closedAt === undefined && flow.targetTopicId === topicId && flow.key.partition === partition
}
