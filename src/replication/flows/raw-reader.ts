import { backoffMs, type Clock, DEFAULT_DELAYS, Gather, type Random, sleep } from '../../core/index.ts'
import {
  type BrokerChannel,
  type Cluster,
  errorName,
  type FetchedPartition,
  type FetchResponse,
  type FetchPartition,
  type FetchRequest,
  isRetriableCode,
  readBatch,
} from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'

/** A partition by name and id: by name to find its leader, by id to read it. */
export interface PartitionRef {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
}

export interface RawRead {
  readonly offset: number
  /** At least one whole batch is answered, however large; 1 for no more than that, where it can be avoided. */
  readonly maxBytes: number
  /** `read_committed` ends at the last stable offset and names the aborted transactions. @defaultValue read_uncommitted */
  readonly isolation?: 'read_uncommitted' | 'read_committed'
}

/** How long a read goes on trying to find a leader that answers. */
const READ_DEADLINE_MS = 15_000
/** Takeovers of many shards read side by side. */
const READS_AT_ONCE = 32
const ONE_BATCH = 1
const OFFSET_OUT_OF_RANGE = 1
/** Reads of one batch each go together: thousands of flows that start at once prove their tails. */
const TOGETHER_MAX = 200
const TOGETHER_BYTES = 4 * 1024 * 1024
/** Of each partition but the first that has any: a batch that does not fit is read alone. */
const TOGETHER_PARTITION_BYTES = 16 * 1024

/**
 * Reads single pieces of a log by offset, uncommitted and control batches included: for takeovers, tail and seam
 * checks and the map. Not the data path. Follows leaders; a retriable answer is tried again for 15 s.
 */
export class RawReader implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #random: Random
  readonly #channels = new Map<number, Promise<BrokerChannel>>()
  readonly #together = new Map<number, Gather<FetchPartition, FetchedPartition | undefined>>()
  readonly #lifetime = new AbortController()

  constructor(cluster: Cluster, context: { clock: Clock; random: Random }) {
    this.#cluster = cluster
    this.#clock = context.clock
    this.#random = context.random
  }

  /**
   * The answer may carry the code OFFSET_OUT_OF_RANGE (1), which is for the caller to judge. Any other one says nothing
   * of the log and must not pass for an empty piece of it. Faults: TARGET_NOT_READY, PARTITION_REFUSED.
   */
  async read(ref: PartitionRef, read: RawRead, signal: AbortSignal): Promise<FetchedPartition> {
    const startedMs = this.#clock.monotonicMs()
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const outcome = await this.#tryRead(ref, read, signal)
      if (typeof outcome !== 'string') return this.#judge(ref, outcome)
      if (this.#clock.monotonicMs() - startedMs > READ_DEADLINE_MS) {
        throw replicationFaults.fault('TARGET_NOT_READY', {
          what: `${ref.topic}-${ref.partition}`,
          target: this.#cluster.name,
          reason: outcome,
        })
      }
      await sleep(this.#clock, backoffMs(DEFAULT_DELAYS, attempt, this.#random), signal)
      await this.#cluster.metadata([ref.topic], signal).catch((error: unknown) => {
        if (signal.aborted) throw error
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(new Error('closed'))
    const channels = await Promise.allSettled(this.#channels.values())
    this.#channels.clear()
    for (const channel of channels) if (channel.status === 'fulfilled') await channel.value.close()
  }

  #judge({ topic, partition }: PartitionRef, fetched: FetchedPartition): FetchedPartition {
    if (fetched.errorCode === 0 || fetched.errorCode === OFFSET_OUT_OF_RANGE) return fetched
    const facts = { what: `${topic}-${partition}`, target: this.#cluster.name, error: errorName(fetched.errorCode) }
    throw replicationFaults.fault('PARTITION_REFUSED', facts)
  }

  /** A string is the reason why it has to be tried again. */
  async #tryRead(ref: PartitionRef, read: RawRead, signal: AbortSignal): Promise<FetchedPartition | string> {
    if (this.#cluster.leaderOf(ref.topic, ref.partition) === undefined) {
      await this.#cluster.metadata([ref.topic], signal)
    }
    const leader = this.#cluster.leaderOf(ref.topic, ref.partition)
    if (leader === undefined) return 'no leader'
    const { maxBytes, isolation = 'read_uncommitted' } = read
    const place = {
      topicId: ref.topicId,
      partition: ref.partition,
      currentLeaderEpoch: -1,
      fetchOffset: read.offset,
      lastFetchedEpoch: -1,
    }
    try {
      let partition: FetchedPartition | undefined
      if (maxBytes === ONE_BATCH && isolation === 'read_uncommitted') {
        partition = await this.#laneTo(leader.leaderId).ask({ ...place, maxBytes: TOGETHER_PARTITION_BYTES })
      }
      if (partition === undefined) {
        const wanted = { isolation, maxBytes, partitions: [{ ...place, maxBytes }] }
        const alone = await this.#fetch(leader.leaderId, wanted, signal)
        if (alone.partitions[0] === undefined) return errorName(alone.errorCode)
        partition = alone.partitions[0]
      }
      return isRetriableCode(partition.errorCode) ? errorName(partition.errorCode) : partition
    } catch (error) {
      signal.throwIfAborted()
      return error instanceof Error ? error.message : 'the request failed'
    }
  }

  async #fetch(
    nodeId: number,
    wanted: Pick<FetchRequest, 'isolation' | 'maxBytes' | 'partitions'>,
    signal: AbortSignal,
  ): Promise<FetchResponse> {
    const opening = this.#channelTo(nodeId, signal)
    try {
      const channel = await opening
      return await channel.fetch({ maxWaitMs: 0, minBytes: 0, rack: '', ...wanted })
    } catch (error) {
      if (this.#channels.get(nodeId) === opening) this.#channels.delete(nodeId)
      throw error
    }
  }

  /** Undefined for a partition whose batch did not fit. */
  #laneTo(nodeId: number): Gather<FetchPartition, FetchedPartition | undefined> {
    const known = this.#together.get(nodeId)
    if (known !== undefined) return known
    const lane = new Gather<FetchPartition, FetchedPartition | undefined>({
      itemsMax: TOGETHER_MAX,
      keyOf: placeKey,
      send: async (partitions) => {
        const wanted = { isolation: 'read_uncommitted' as const, maxBytes: TOGETHER_BYTES, partitions }
        const response = await this.#fetch(nodeId, wanted, this.#lifetime.signal)
        const fetched = new Map(response.partitions.map((partition) => [placeKey(partition), partition]))
        return partitions.map((place) => {
          const answer = fetched.get(placeKey(place))
          return answer?.errorCode !== 0 || hasWholeBatch(answer.records) ? answer : undefined
        })
      },
    })
    this.#together.set(nodeId, lane)
    return lane
  }

  #channelTo(nodeId: number, signal: AbortSignal): Promise<BrokerChannel> {
    const known = this.#channels.get(nodeId)
    if (known !== undefined) return known
    const opening = this.#cluster.openChannel(nodeId, signal, { inflightMax: READS_AT_ONCE })
    this.#channels.set(nodeId, opening)
    // By the time an old channel says that it is closed, a newer one may have taken its place.
    const forget = () => {
      if (this.#channels.get(nodeId) === opening) this.#channels.delete(nodeId)
    }
    opening.then((channel) => channel.onClose(forget), forget)
    return opening
  }
}

function placeKey({ topicId, partition }: { readonly topicId: string; readonly partition: number }): string {
  return `${topicId}/${partition}`
}

/** What cannot be read is for the caller to judge, who then reads it alone. */
function hasWholeBatch(records: Buffer): boolean {
  try {
    return readBatch(records, 0) !== undefined
  } catch {
    return false
  }
}
