/**
 * One partition of the readings while this instance owns it: its state, and the transactional producer that writes
 * everything that follows from a batch of readings (state, checkpoint, aggregates, alerts, dead letters and the
 * group's position) in one transaction. `analytics.ts` tells why the result is exact.
 */
import type { Admin, Kafka, KafkaMessage, Producer } from 'kafkajs'
import { Partitioners } from 'kafkajs'
import { type Clock, describeError, invariant, type Random } from '../../core/index.ts'
import { toAggregateMessage } from './aggregates.ts'
import { alertForReading, toAlertRecord } from './alerts.ts'
import { createPartitionState, type PartitionState } from './analytics-state.ts'
import { BARRIER_KEY, type ChangelogFollower, CHECKPOINT_KEY, type Checkpoint } from './changelog.ts'
import { toDeadLetter } from './dead-letters.ts'
import { workloadFaults } from './faults.ts'
import { headerText, offsetAfter, type OutgoingRecord, toTopicMessages } from './records.ts'
import { readingRecords, SCHEMA_VERSION_HEADER } from './schemas.ts'
import { TOPICS } from './topics.ts'
import type { StateOptions } from './windows.ts'

/** Counters of the analytics; they only rise, and count what was committed. */
export interface AnalyticsCounters {
  consumed: number
  applied: number
  repeated: number
  late: number
  deadLettered: number
  windowsClosed: number
  alerts: number
  commits: number
  failures: number
  restores: number
  rewinds: number
}

export interface PartitionOptions {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly clusterId: string
  readonly groupId: string
  readonly follower: ChangelogFollower
  readonly state: StateOptions
  readonly counters: AnalyticsCounters
  readonly clock: Clock
  readonly random: Random
  /** Told of everything but the state that a transaction has written, once it is committed. */
  onCommitted(records: readonly OutgoingRecord[]): void
}

/** A coordinator aborts what a dead owner left open after this long, where nobody takes over earlier. */
const TRANSACTION_TIMEOUT_MS = 15_000

/** Keeps a batch well below the 1 MiB that a broker takes. */
const RECORDS_PER_SEND = 500

/** What the group commits: where it reads on, and the mark of the transaction. */
interface Position {
  readonly offset: string
  readonly metadata: string
}

export class AnalyticsPartition {
  readonly #options: PartitionOptions
  readonly #producer: Producer
  #state: PartitionState | undefined
  #busy: Promise<unknown> = Promise.resolve()
  #lastCommitMs = 0

  constructor(options: PartitionOptions) {
    this.#options = options
    this.#producer = options.kafka.producer({
      transactionalId: `${options.groupId}-${options.state.partition}`,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 6, initialRetryTime: 50, maxRetryTime: 1_000 },
    })
  }

  /** On the monotonic clock. */
  get lastCommitMs(): number {
    return this.#lastCommitMs
  }

  /**
   * Fences the former owner, restores the state, and answers where input must be read again from: the offset up to
   * which the state goes, where the group's position is beyond it.
   */
  async open(signal: AbortSignal): Promise<{ readonly rewindTo: string | undefined }> {
    const { follower, state, random, counters } = this.#options
    const { partition } = state
    await this.#producer.connect()
    signal.throwIfAborted()
    const barrier = drawMark(random)
    await this.#transact([{ topic: TOPICS.changelog, partition, key: BARRIER_KEY, value: barrier }])
    const entries = await follower.readTo(partition, barrier, signal)
    const checkpoint = this.#parseCheckpoint(entries.get(CHECKPOINT_KEY))
    this.#state = await this.#restore(entries, checkpoint)
    counters.restores++
    return { rewindTo: await this.#findRewind(checkpoint) }
  }

  /** Applies a batch and commits all that follows from it. After an error the state is of no use: open another. */
  process(messages: readonly KafkaMessage[]): Promise<void> {
    const done = this.#process(messages)
    this.#busy = done.catch(() => undefined)
    return done
  }

  /** Waits for the transaction in flight. */
  async close(): Promise<void> {
    await this.#busy
    await this.#producer.disconnect()
  }

  async #process(messages: readonly KafkaMessage[]): Promise<void> {
    const { state: options, clusterId, counters, clock, random } = this.#options
    const state = this.#state
    const last = messages.at(-1)
    invariant(state !== undefined && last !== undefined, 'a batch without records or before the state')
    const { partition } = options
    const { tally, outgoing } = this.#apply(state, messages)
    const changes = state.takeChanges()
    const next = offsetAfter(last.offset)
    const mark = drawMark(random)
    const checkpoint: Checkpoint = { clusterId, offset: next, timestamp: last.timestamp, mark }
    const changelog = [...changes.changelog, { key: CHECKPOINT_KEY, value: JSON.stringify(checkpoint) }]
    const results = [...changes.aggregates.map(toAggregateMessage), ...outgoing]
    const kept = changelog.map((entry) => ({ topic: TOPICS.changelog, partition, ...entry }))
    await this.#transact([...kept, ...results], { offset: next, metadata: mark })
    this.#options.onCommitted(results)
    this.#lastCommitMs = clock.monotonicMs()
    counters.commits++
    counters.consumed += messages.length
    counters.applied += tally.applied
    counters.repeated += tally.repeated
    counters.late += tally.late
    counters.alerts += tally.alerts
    counters.deadLettered += tally.deadLettered
    counters.windowsClosed += changes.windowsClosed
  }

  #apply(state: PartitionState, messages: readonly KafkaMessage[]) {
    const tally = { applied: 0, repeated: 0, late: 0, alerts: 0, deadLettered: 0 }
    const outgoing: OutgoingRecord[] = []
    for (const message of messages) {
      const checked = readingRecords.checkBytes(message.value, headerText(message.headers, SCHEMA_VERSION_HEADER))
      if (!checked.ok) {
        tally.deadLettered++
        const { partition } = this.#options.state
        const origin = { kind: 'topic', topic: TOPICS.readings, partition, offset: message.offset } as const
        outgoing.push(toDeadLetter(toText(message), checked.refusal, origin))
        continue
      }
      const applied = state.apply(checked.value)
      tally[applied]++
      const alert = applied === 'repeated' ? undefined : alertForReading(checked.value)
      if (alert === undefined) continue
      tally.alerts++
      outgoing.push(toAlertRecord(alert))
    }
    return { tally, outgoing }
  }

  async #transact(records: readonly OutgoingRecord[], position?: Position): Promise<void> {
    const { groupId, state, clock } = this.#options
    const transaction = await this.#producer.transaction()
    try {
      for (let start = 0; start < records.length; start += RECORDS_PER_SEND) {
        const some = records.slice(start, start + RECORDS_PER_SEND)
        await transaction.sendBatch({ topicMessages: toTopicMessages(some, clock.nowMs()), acks: -1 })
      }
      if (position !== undefined) {
        const partitions = [{ partition: state.partition, ...position }]
        await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: TOPICS.readings, partitions }] })
      }
      await transaction.commit()
    } catch (error) {
      // An abort only frees the partition sooner; where it fails too, the next owner's fence aborts.
      if (transaction.isActive()) await transaction.abort().catch(() => undefined)
      throw error
    }
  }

  /** A state that comes from another cluster is published anew: the copy of the aggregates may end before it. */
  async #restore(entries: ReadonlyMap<string, string>, checkpoint: Checkpoint | undefined): Promise<PartitionState> {
    let state: PartitionState
    try {
      state = createPartitionState(this.#options.state, entries)
    } catch (error) {
      throw this.#unreadable('device or window', error)
    }
    const { aggregates } = state.takeChanges()
    const isForeign = checkpoint !== undefined && checkpoint.clusterId !== this.#options.clusterId
    if (isForeign && aggregates.length > 0) {
      const anew = aggregates.map(toAggregateMessage)
      await this.#transact(anew)
      this.#options.onCommitted(anew)
    }
    return state
  }

  async #findRewind(checkpoint: Checkpoint | undefined): Promise<string | undefined> {
    if (checkpoint === undefined) return undefined
    const { admin, groupId, clusterId, state, counters } = this.#options
    const [group] = await admin.fetchOffsets({ groupId, topics: [TOPICS.readings] })
    const position = group?.partitions.find((each) => each.partition === state.partition)
    const committed = position?.offset
    // A group without a position starts at the beginning anyway.
    if (committed === undefined || BigInt(committed) < 0n) return undefined
    if (checkpoint.mark !== undefined && checkpoint.mark === position?.metadata) return undefined
    const reached = checkpoint.clusterId === clusterId ? checkpoint.offset : await this.#offsetAt(checkpoint.timestamp)
    if (reached === undefined || BigInt(reached) >= BigInt(committed)) return undefined
    counters.rewinds++
    return reached
  }

  async #offsetAt(timestamp: string): Promise<string | undefined> {
    const offsets = await this.#options.admin.fetchTopicOffsetsByTimestamp(TOPICS.readings, Number(timestamp))
    return offsets.find((each) => each.partition === this.#options.state.partition)?.offset
  }

  #parseCheckpoint(text: string | undefined): Checkpoint | undefined {
    try {
      return text === undefined ? undefined : (JSON.parse(text) as Checkpoint)
    } catch (error) {
      throw this.#unreadable(CHECKPOINT_KEY, error)
    }
  }

  #unreadable(key: string, error: unknown): Error {
    const { partition } = this.#options.state
    const facts = { key, partition, topic: TOPICS.changelog, problem: describeError(error) }
    return workloadFaults.fault('WORKLOAD_STATE_UNREADABLE', facts, error)
  }
}

function drawMark(random: Random): string {
  return `${random.next().toString(36).slice(2)}${random.next().toString(36).slice(2)}`
}

function toText({ key, value, headers }: KafkaMessage) {
  const version = headerText(headers, SCHEMA_VERSION_HEADER)
  return {
    key: key === null ? '' : key.toString(),
    value: value === null ? null : value.toString(),
    ...(version === undefined ? {} : { headers: { [SCHEMA_VERSION_HEADER]: version } }),
  }
}
