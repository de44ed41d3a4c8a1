import { type Clock, describeError, isFault } from '../core/index.ts'
import {
  type BrokerChannel,
  type Cluster,
  encodeBatch,
  encodeDamagedBatch,
  errorName,
  isRetriableCode,
  type ProducedPartition,
} from '../kafka/index.ts'

/** `refused`: it is not in the log and will not be. `unknown`: it may be there, or may come. The reason is a code. */
export type WriteAnswer =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** Whether a partition takes writes; undefined where the answer does not say. */
export interface Probed {
  readonly isOpen: boolean | undefined
}

export interface RegionWriterOptions {
  /** Its principal is the one whose writes count. */
  readonly cluster: Pick<Cluster, 'metadata' | 'leaderOf' | 'openChannel'>
  readonly topic: string
  readonly clock: Clock
}

const ACKNOWLEDGE_WITHIN_MS = 2_000
const CORRUPT_MESSAGE = 2
const MESSAGE_TOO_LARGE = 10
const TOPIC_AUTHORIZATION_FAILED = 29
/** Unknown server error, timed out, appended by too few replicas, storage error: the record may be in the log. */
const MAY_BE_STORED: ReadonlySet<number> = new Set([-1, 7, 20, 56])
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

/**
 * Writes to one topic of one region, one record a request and each only once: whatever stands in the log twice was not
 * written twice here. Acknowledged means by all replicas in sync.
 */
export class RegionWriter {
  readonly #options: RegionWriterOptions
  readonly #channels = new Map<number, BrokerChannel>()
  #topicId: string | undefined

  constructor(options: RegionWriterOptions) {
    this.#options = options
  }

  async write(
    partition: number,
    record: { readonly key: Buffer; readonly value: Buffer },
    signal: AbortSignal,
  ): Promise<WriteAnswer> {
    const records = [{ timestamp: this.#options.clock.nowMs(), ...record }]
    const answer = await this.#send(partition, encodeBatch({ records, codec: 'none', ...NOBODY }), signal)
    if ('kind' in answer) return answer
    const { errorCode } = answer
    if (errorCode === 0) return { kind: 'acknowledged' }
    return { kind: MAY_BE_STORED.has(errorCode) ? 'unknown' : 'refused', reason: errorName(errorCode) }
  }

  /** By a record that no broker stores, because its checksum is wrong; rights are looked at before that. */
  async probe(partition: number, signal: AbortSignal): Promise<Probed> {
    const answer = await this.#send(partition, encodeDamagedBatch(this.#options.clock.nowMs()), signal)
    if ('kind' in answer) return { isOpen: undefined }
    const { errorCode } = answer
    if (errorCode === TOPIC_AUTHORIZATION_FAILED || errorCode === MESSAGE_TOO_LARGE) return { isOpen: false }
    return { isOpen: errorCode === CORRUPT_MESSAGE || errorCode === 0 ? true : undefined }
  }

  async close(): Promise<void> {
    const channels = [...this.#channels.values()]
    this.#channels.clear()
    await Promise.all(channels.map((channel) => channel.close()))
  }

  /** The broker's answer, or what has become of a record that got none. */
  async #send(partition: number, batch: Buffer, signal: AbortSignal): Promise<ProducedPartition | WriteAnswer> {
    const { topic } = this.#options
    let way: { readonly channel: BrokerChannel; readonly topicId: string } | string
    try {
      way = await this.#wayTo(partition, signal)
    } catch (error) {
      signal.throwIfAborted()
      return { kind: 'refused', reason: codeOf(error) }
    }
    if (typeof way === 'string') return { kind: 'refused', reason: way }
    const { channel, topicId } = way
    try {
      const batches = [{ topic, topicId, partition, batch }]
      const { partitions } = await channel.produce({ timeoutMs: ACKNOWLEDGE_WITHIN_MS, batches })
      const [answer] = partitions
      if (answer === undefined) return { kind: 'unknown', reason: 'no answer for the partition' }
      if (answer.errorCode !== CORRUPT_MESSAGE && isRetriableCode(answer.errorCode)) await this.#forget(channel)
      return answer
    } catch (error) {
      // A connection that has swallowed one answer is not trusted with another one.
      await this.#forget(channel)
      signal.throwIfAborted()
      return { kind: 'unknown', reason: codeOf(error) }
    }
  }

  /** To the partition's leader; a string says why there is none. */
  async #wayTo(partition: number, signal: AbortSignal) {
    const { cluster, topic } = this.#options
    if (this.#topicId === undefined || cluster.leaderOf(topic, partition) === undefined) {
      const found = (await cluster.metadata([topic], signal)).topics.find(({ name }) => name === topic)
      if (found === undefined || found.errorCode !== 0) return errorName(found?.errorCode ?? -1)
      this.#topicId = found.topicId
    }
    const leader = cluster.leaderOf(topic, partition)
    if (leader === undefined) return 'LEADER_NOT_AVAILABLE'
    return { topicId: this.#topicId, channel: await this.#channelTo(leader.leaderId, signal) }
  }

  async #channelTo(nodeId: number, signal: AbortSignal): Promise<BrokerChannel> {
    const known = this.#channels.get(nodeId)
    if (known?.isOpen === true) return known
    const channel = await this.#options.cluster.openChannel(nodeId, signal)
    this.#channels.set(nodeId, channel)
    return channel
  }

  /** The next one asks again who leads, and under which id the topic is known. */
  async #forget(channel: BrokerChannel): Promise<void> {
    this.#topicId = undefined
    this.#channels.delete(channel.nodeId)
    await channel.close()
  }
}

function codeOf(error: unknown): string {
  return isFault(error) ? error.code : describeError(error)
}
