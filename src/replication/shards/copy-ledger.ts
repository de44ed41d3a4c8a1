import { type Clock, type Random, withSignal } from '../../core/index.ts'
import { type Cluster, errorName } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { RawReader } from '../flows/raw-reader.ts'
import { type CopiedFlow, ShardOrigins } from '../offset-map/index.ts'
import { MAP_TOPIC, mapOffset, type MapTopic, readMapEntries } from './map-topic.ts'

/**
 * What the offset map of a region says about its topics: which are copies made by Isthmus, in whatever process, and of
 * what. Only ever read, and without a fence. Each refresh reads what was added since the one before.
 *
 * Isthmus may be a mere reader of the region: one without a map topic has no copies, and where the topic may not be
 * read that is a fault of its own, PARTITION_REFUSED.
 */
export class CopyLedger implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #reader: RawReader
  #topicId = ''
  #clusterId = ''
  #shards: ReadShard[] = []
  #flows: readonly CopiedFlow[] = []
  #byTopicId: ReadonlyMap<string, CopiedFlow> = new Map()
  #known: ReadonlySet<string> = new Set()
  /** The look that is under way, and the one that those who have asked meanwhile wait for. */
  #looking: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  readonly #lifetime = new AbortController()

  constructor(cluster: Cluster, context: { readonly clock: Clock; readonly random: Random }) {
    this.#cluster = cluster
    this.#reader = new RawReader(cluster, context)
  }

  /** '' before the first refresh. */
  get clusterId(): string {
    return this.#clusterId
  }

  /**
   * Has everything that the map held when this was called. Calls that wait share one look, which begins after all of
   * them: one that is under way may have passed by what the caller wants to see. Faults: PARTITION_REFUSED, and whatever
   * keeps the region from answering.
   */
  refresh(signal: AbortSignal): Promise<void> {
    this.#next ??= this.#looking.then(() => {
      const look = this.#refresh(this.#lifetime.signal)
      this.#next = undefined
      this.#looking = look.catch(() => {})
      return look
    })
    return withSignal(this.#next, signal)
  }

  flows(): readonly CopiedFlow[] {
    return this.#flows
  }

  /** Undefined where the region has none, or before the first refresh. */
  get mapTopic(): MapTopic | undefined {
    return this.#topicId === '' || this.#shards.length === 0
      ? undefined
      : { topicId: this.#topicId, shards: this.#shards.length }
  }

  /** How far a shard's partition of the map has been read. */
  readUpTo(shard: number): number {
    return this.#shards[shard]?.next ?? 0
  }

  /** Whether copies were made into the topic with this id, closed ones included. */
  isKnown(topicId: string): boolean {
    return this.#known.has(topicId)
  }

  /** What the topic with this id is a copy of now; undefined where the map knows of none, or only of closed ones. */
  originOf(topicId: string): CopiedFlow | undefined {
    return this.#byTopicId.get(topicId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('the ledger is closed'))
    await this.#reader[Symbol.asyncDispose]()
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { clusterId, topics } = await this.#cluster.metadata([MAP_TOPIC], signal)
    this.#clusterId = clusterId
    const topic = topics.find(({ name }) => name === MAP_TOPIC)
    if (topic === undefined || topic.errorCode === UNKNOWN_TOPIC) {
      this.#shards = []
      this.#index()
      return
    }
    if (topic.errorCode !== 0) {
      const facts = { what: MAP_TOPIC, target: this.#cluster.name, error: errorName(topic.errorCode) }
      throw replicationFaults.fault('PARTITION_REFUSED', facts)
    }
    if (topic.topicId !== this.#topicId) this.#shards = []
    this.#topicId = topic.topicId
    await this.#readOn(topic.partitions.length, signal)
  }

  async #readOn(shards: number, signal: AbortSignal): Promise<void> {
    const partitions = Array.from({ length: shards }, (_, partition) => ({
      topic: MAP_TOPIC,
      partition,
      timestamp: -1,
    }))
    const ends = await this.#cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
    for (const { partition: shard, offset: end, errorCode } of ends) {
      if (errorCode !== 0) {
        const facts = { what: `${MAP_TOPIC}-${shard}`, target: this.#cluster.name, reason: errorName(errorCode) }
        throw replicationFaults.fault('TARGET_NOT_READY', facts)
      }
      const known = this.#shards[shard]
      if (known === undefined || end < known.next) this.#shards[shard] = { origins: new ShardOrigins(), next: 0 }
      await this.#readShard(shard, end, signal)
    }
    this.#index()
  }

  async #readShard(shard: number, end: number, signal: AbortSignal): Promise<void> {
    const read = this.#shards[shard]
    if (read === undefined || read.next >= end) return
    const from = read.next > 0 ? read.next : await mapOffset(this.#cluster, shard, -2, signal)
    const source = { cluster: this.#cluster, reader: this.#reader, topic: { topicId: this.#topicId, shards: 0 } }
    try {
      await readMapEntries(source, { shard, from, end }, (entry) => read.origins.apply(entry), signal)
      read.next = end
    } catch (error) {
      // Half of a range may have been taken in: the next refresh begins anew.
      this.#shards[shard] = { origins: new ShardOrigins(), next: 0 }
      throw error
    }
  }

  #index(): void {
    this.#flows = this.#shards.flatMap(({ origins }) => origins.flows())
    this.#known = new Set(this.#flows.map(({ targetTopicId }) => targetTopicId))
    const open = this.#flows.filter(({ closedAt }) => closedAt === undefined)
    this.#byTopicId = new Map(open.map((flow) => [flow.targetTopicId, flow]))
  }
}

interface ReadShard {
  readonly origins: ShardOrigins
  next: number
}

const UNKNOWN_TOPIC = 3
