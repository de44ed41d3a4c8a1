import { backoffMs, type Clock, DEFAULT_DELAYS, type Random, sleep } from '../../core/index.ts'
import {
  type BrokerChannel,
  type Cluster,
  errorName,
  type FetchedPartition,
  isRetriableCode,
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
  /** At least one whole batch is answered, however large. */
  readonly maxBytes: number
  /** `read_committed` ends at the last stable offset and names the aborted transactions. @defaultValue read_uncommitted */
  readonly isolation?: 'read_uncommitted' | 'read_committed'
}

/** How long a read goes on trying to find a leader that answers. */
const READ_DEADLINE_MS = 15_000
/** Takeovers of many shards read side by side. */
const READS_AT_ONCE = 32

/**
 * Reads single pieces of a log by offset, uncommitted and control batches included: for takeovers, tail and seam
 * checks and the map. Not the data path. Follows leaders; a retriable answer is tried again for 15 s.
 */
export class RawReader implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #random: Random
  readonly #channels = new Map<number, Promise<BrokerChannel>>()

  constructor(cluster: Cluster, context: { clock: Clock; random: Random }) {
    this.#cluster = cluster
    this.#clock = context.clock
    this.#random = context.random
  }

  /** The answer may carry the code OFFSET_OUT_OF_RANGE (1) or UNKNOWN_TOPIC_ID (100): those are for the caller to judge. */
  async read(ref: PartitionRef, read: RawRead, signal: AbortSignal): Promise<FetchedPartition> {
    const startedMs = this.#clock.monotonicMs()
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      const outcome = await this.#tryRead(ref, read, signal)
      if (typeof outcome !== 'string') return outcome
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
    const channels = await Promise.allSettled(this.#channels.values())
    this.#channels.clear()
    for (const channel of channels) if (channel.status === 'fulfilled') await channel.value.close()
  }

  /** A string is the reason why it has to be tried again. */
  async #tryRead(ref: PartitionRef, read: RawRead, signal: AbortSignal): Promise<FetchedPartition | string> {
    if (this.#cluster.leaderOf(ref.topic, ref.partition) === undefined) {
      await this.#cluster.metadata([ref.topic], signal)
    }
    const leader = this.#cluster.leaderOf(ref.topic, ref.partition)
    if (leader === undefined) return 'no leader'
    try {
      const channel = await this.#channelTo(leader.leaderId, signal)
      const response = await channel.fetch({
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: read.maxBytes,
        isolation: read.isolation ?? 'read_uncommitted',
        rack: '',
        partitions: [
          {
            topicId: ref.topicId,
            partition: ref.partition,
            currentLeaderEpoch: -1,
            fetchOffset: read.offset,
            lastFetchedEpoch: -1,
            maxBytes: read.maxBytes,
          },
        ],
      })
      const partition = response.partitions[0]
      if (partition === undefined) return errorName(response.errorCode)
      return isFinal(partition.errorCode) ? partition : errorName(partition.errorCode)
    } catch (error) {
      signal.throwIfAborted()
      this.#channels.delete(leader.leaderId)
      return error instanceof Error ? error.message : 'the request failed'
    }
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

function isFinal(errorCode: number): boolean {
  return errorCode === 0 || errorCode === 1 || errorCode === 100 || !isRetriableCode(errorCode)
}
