/**
 * A compacted topic of one partition as a small store: the latest record of each key counts.
 *
 * What always holds: `put` resolves once all in-sync replicas have the record. What it does not do: keep an order
 * between processes, or between a put that timed out and one after it, since nobody is fenced. Whoever needs that puts
 * something into the value by which an older one is told.
 */
import { isFault, retry, type RetryContext } from '../core/index.ts'
import type { BrokerChannel, Cluster, FetchedPartition, TopicMetadata } from './cluster.ts'
import { decodeRecords, encodeBatch, isControl, lastOffset, readBatches } from './records/index.ts'
import { requestFault } from './request-fault.ts'
import { retryProtocol } from './retry-delays.ts'

export interface KeyedTopicOptions {
  readonly cluster: Cluster
  /** Made on first use where it is not there. */
  readonly topic: string
  readonly context: Omit<RetryContext, 'signal'>
  /** How long a call is retried, milliseconds. @defaultValue 15000 */
  readonly deadlineMs?: number
}

const DEADLINE_MS = 15_000
const PRODUCE_TIMEOUT_MS = 5_000
const READ_BYTES = 4 * 1024 * 1024
const TOPIC_ALREADY_EXISTS = 36
const UNKNOWN_TOPIC = 3
const LEADER_NOT_AVAILABLE = 5
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

export class KeyedTopic implements AsyncDisposable {
  readonly #options: KeyedTopicOptions
  #channel: { readonly leaderId: number; readonly channel: BrokerChannel } | undefined
  #topicId: string | undefined

  constructor(options: KeyedTopicOptions) {
    this.#options = options
  }

  /** Replaces what the key had; null removes it. Faults: those of `Cluster`. */
  async put(key: string, value: string | null, signal: AbortSignal): Promise<void> {
    const { topic, context } = this.#options
    const record = {
      timestamp: context.clock.nowMs(),
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    }
    const batch = encodeBatch({ ...NOBODY, codec: 'none', records: [record] })
    await this.#patiently(signal, async (channel, topicId) => {
      const batches = [{ topic, topicId, partition: 0, batch }]
      const answer = (await channel.produce({ timeoutMs: PRODUCE_TIMEOUT_MS, batches })).partitions[0]
      this.#check('Produce', answer?.errorCode ?? UNKNOWN_TOPIC, answer?.errorMessage)
    })
  }

  /** Everything up to the end as it stands when the call begins. Faults: those of `Cluster`. */
  async readAll(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return this.#patiently(signal, async (channel, topicId) => {
      const [from, end] = [await this.#offset(-2, signal), await this.#offset(-1, signal)]
      const found = new Map<string, string>()
      for (let at = from; at < end; ) {
        const fetched = await this.#fetch(channel, topicId, at)
        const next = takeRecords(fetched.records, found)
        // Compaction may have left nothing before the end. A leader that knows of less is not up to date yet.
        if (next <= at && fetched.highWatermark < end) this.#check('Fetch', LEADER_NOT_AVAILABLE)
        at = next <= at ? end : next
      }
      return found
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#channel
    this.#channel = undefined
    await open?.channel.close()
  }

  /** Each try looks for topic and leader anew where the one before failed. */
  #patiently<Result>(
    signal: AbortSignal,
    call: (channel: BrokerChannel, topicId: string) => Promise<Result>,
  ): Promise<Result> {
    const { context, deadlineMs = DEADLINE_MS } = this.#options
    const once = async () => {
      try {
        this.#topicId ??= (await this.#ensure(signal)).topicId
        return await call(await this.#openChannel(signal), this.#topicId)
      } catch (error) {
        this.#topicId = undefined
        if (isFault(error) && error.retriable) await this[Symbol.asyncDispose]()
        throw error
      }
    }
    return retry(once, retryProtocol(deadlineMs), { ...context, signal })
  }

  async #ensure(signal: AbortSignal): Promise<TopicMetadata> {
    const { cluster, topic: name } = this.#options
    const metadata = await cluster.metadata([name], signal)
    const topic = metadata.topics.find((candidate) => candidate.name === name)
    const errorCode = topic?.errorCode ?? UNKNOWN_TOPIC
    if (topic !== undefined && errorCode === 0 && (topic.partitions[0]?.leaderId ?? -1) >= 0) return topic
    if (errorCode === UNKNOWN_TOPIC) {
      const made = (await cluster.createTopics([keyedTopicOf(name, metadata.brokers.length)], signal))[0]
      if (made !== undefined && made.errorCode !== TOPIC_ALREADY_EXISTS) {
        this.#check('CreateTopics', made.errorCode, made.message)
      }
    } else this.#check('Metadata', errorCode)
    throw requestFault(cluster.name, 'Metadata', LEADER_NOT_AVAILABLE, `topic ${name}`)
  }

  async #openChannel(signal: AbortSignal): Promise<BrokerChannel> {
    const { cluster, topic } = this.#options
    const leaderId = cluster.leaderOf(topic, 0)?.leaderId ?? -1
    if (this.#channel?.leaderId === leaderId && this.#channel.channel.isOpen) return this.#channel.channel
    await this[Symbol.asyncDispose]()
    if (leaderId < 0) this.#check('Metadata', LEADER_NOT_AVAILABLE)
    const channel = await cluster.openChannel(leaderId, signal)
    this.#channel = { leaderId, channel }
    return channel
  }

  async #offset(timestamp: -1 | -2, signal: AbortSignal): Promise<number> {
    const { cluster, topic } = this.#options
    const partitions = [{ topic, partition: 0, timestamp }]
    const listed = (await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal))[0]
    this.#check('ListOffsets', listed?.errorCode ?? UNKNOWN_TOPIC)
    return listed?.offset ?? 0
  }

  async #fetch(channel: BrokerChannel, topicId: string, fetchOffset: number): Promise<FetchedPartition> {
    const place = { topicId, partition: 0, currentLeaderEpoch: -1, fetchOffset, lastFetchedEpoch: -1 }
    const answer = await channel.fetch({
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: READ_BYTES,
      isolation: 'read_uncommitted',
      rack: '',
      partitions: [{ ...place, maxBytes: READ_BYTES }],
    })
    const fetched = answer.partitions[0]
    this.#check('Fetch', answer.errorCode || (fetched?.errorCode ?? UNKNOWN_TOPIC))
    return fetched as FetchedPartition
  }

  #check(api: string, errorCode: number, detail?: string | null): void {
    if (errorCode === 0) return
    const { cluster, topic } = this.#options
    throw requestFault(cluster.name, api, errorCode, detail ?? `topic ${topic}`)
  }
}

/** Notes the records, and gives the offset behind the last whole batch. */
function takeRecords(records: Buffer, found: Map<string, string>): number {
  let next = 0
  for (const header of readBatches(records)) {
    next = lastOffset(header) + 1
    if (isControl(header)) continue
    for (const { key, value } of decodeRecords(records, header)) {
      if (key === null) continue
      if (value === null) found.delete(key.toString('utf8'))
      else found.set(key.toString('utf8'), value.toString('utf8'))
    }
  }
  return next
}

/** Replicated as the cluster's default; what keeps acknowledged records is set on the topic itself. */
function keyedTopicOf(topic: string, brokers: number) {
  return {
    topic,
    partitions: 1,
    replicationFactor: -1,
    configs: {
      'cleanup.policy': 'compact',
      'min.insync.replicas': brokers >= 3 ? '2' : '1',
      'unclean.leader.election.enable': 'false',
      'compression.type': 'producer',
      'message.timestamp.type': 'CreateTime',
      'segment.bytes': String(16 * 1024 * 1024),
    },
  }
}
