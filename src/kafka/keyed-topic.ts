/**
 * A compacted topic of one partition as a small store: the latest record of each key counts.
 *
 * What always holds: `put` resolves once all in-sync replicas have the record; what was read before is not read again.
 * What it does not do: keep an order between processes, or between a put that timed out and one after it, since nobody
 * is fenced. Whoever needs that puts something into the value by which an older one is told.
 */
import { isFault, retry, type RetryContext, withSignal } from '../core/index.ts'
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
/** Well below the time that a removal stays readable, so that none is missed. */
const READ_ANEW_MS = 3_600_000
const TOPIC_ALREADY_EXISTS = 36
const UNKNOWN_TOPIC = 3
const LEADER_NOT_AVAILABLE = 5
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

/** How far the topic was read, and what stands there. */
interface View {
  readonly topicId: string
  readonly sinceMs: number
  readonly found: Map<string, string>
  next: number
}

interface OpenChannel {
  readonly leaderId: number
  readonly opening: Promise<BrokerChannel>
  isOpen(): boolean
}

export class KeyedTopic implements AsyncDisposable {
  readonly #options: KeyedTopicOptions
  #channel: OpenChannel | undefined
  #topicId: string | undefined
  #view: View | undefined
  /** The end of the last reading that was asked for. */
  #reading: Promise<unknown> = Promise.resolve()

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
  readAll(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    // One at a time: each goes on where the one before it ended.
    const reading = this.#reading.then(() =>
      this.#patiently(signal, (channel, topicId) => this.#readOn(channel, topicId, signal)),
    )
    this.#reading = reading.catch(() => undefined)
    return withSignal(reading, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#channel
    this.#channel = undefined
    const channel = await open?.opening.catch(() => undefined)
    await channel?.close()
  }

  async #readOn(channel: BrokerChannel, topicId: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const [from, end] = [await this.#offset(-2, signal), await this.#offset(-1, signal)]
    const view = this.#viewOf(topicId, from, end)
    while (view.next < end) {
      const fetched = await this.#fetch(channel, topicId, view.next)
      const next = takeRecords(fetched.records, view.found)
      // Compaction may have left nothing before the end. A leader that knows of less is not up to date yet.
      if (next <= view.next && fetched.highWatermark < end) this.#check('Fetch', LEADER_NOT_AVAILABLE)
      view.next = next <= view.next ? end : next
    }
    return new Map(view.found)
  }

  /** What was read before, where it is still a beginning of what stands there. */
  #viewOf(topicId: string, from: number, end: number): View {
    const nowMs = this.#options.context.clock.monotonicMs()
    const view = this.#view
    const isUseful = view?.topicId === topicId && view.next >= from && view.next <= end
    if (view !== undefined && isUseful && nowMs - view.sinceMs < READ_ANEW_MS) return view
    this.#view = { topicId, sinceMs: nowMs, found: new Map(), next: from }
    return this.#view
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

  /** One for all calls, also where the one that asked first has no time to wait for it. */
  async #openChannel(signal: AbortSignal): Promise<BrokerChannel> {
    const { cluster, topic } = this.#options
    const leaderId = cluster.leaderOf(topic, 0)?.leaderId ?? -1
    if (this.#channel?.leaderId !== leaderId || !this.#channel.isOpen()) {
      // The one before may take its time to find out that it leads nowhere.
      void this[Symbol.asyncDispose]()
      if (leaderId >= 0) this.#channel = openTo(cluster, leaderId)
    }
    const open = this.#channel
    if (open === undefined) throw requestFault(cluster.name, 'Metadata', LEADER_NOT_AVAILABLE, `topic ${topic}`)
    return await withSignal(open.opening, signal)
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

function openTo(cluster: Cluster, leaderId: number): OpenChannel {
  let isOpen = () => true
  const opening = (async () => {
    try {
      // Within the bounds of the client: it lasts for longer than the call that is the first to need it.
      const channel = await cluster.openChannel(leaderId, new AbortController().signal)
      isOpen = () => channel.isOpen
      return channel
    } catch (error) {
      isOpen = () => false
      throw error
    }
  })()
  // Whoever waits for it is told.
  opening.catch(() => undefined)
  return { leaderId, opening, isOpen: () => isOpen() }
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
      // Only what is behind the newest segment is compacted, and a process that starts reads it all.
      'segment.bytes': String(1024 * 1024),
    },
  }
}
