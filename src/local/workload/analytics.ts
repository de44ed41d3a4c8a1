/**
 * Windowed analytics of the readings: consumer group `sensor-analytics`, tumbling windows per device and per site.
 *
 * Why the final aggregates are exact, over crashes, rebalances and moves between regions:
 * 1. **One owner.** A partition belongs to an instance for one generation of the group. Its transactional id is bound
 *    to the partition, so opening it fences every earlier owner, and the barrier read back from the changelog proves
 *    that the state is complete.
 * 2. **State and position agree.** State, results and the group's position are written in one transaction. Within a
 *    region the position never is ahead of the state.
 * 3. **Reading again is harmless.** A reading counts once by the sequence number of its device; whatever position the
 *    group has at or before the state is right. Offsets play no part in it, so a translated position will do.
 * 4. **A position ahead of the state is taken back.** In another region the copy of the changelog may end before the
 *    translated position. A position and the checkpoint in the changelog that were written together carry the same
 *    mark: then the state goes exactly as far as the position, and reading goes on there. Otherwise the checkpoint tells
 *    how far the state goes: as an offset where it was written in this cluster, else as the Kafka timestamp of the last
 *    applied record, which is the same in every region. The first record at or after that timestamp is at or before the
 *    last applied one, whatever the order of timestamps, and reading goes on from there or from the group's position,
 *    whichever is earlier.
 * 5. **A copy may end anywhere.** Each entry of the changelog is right by itself (`analytics-state.ts`), and a state
 *    that comes from another cluster publishes its windows anew, in case the copy of the aggregates ends before it.
 *
 * Alerts and dead letters are exact within a region; after a move input is read again and they may appear twice, with
 * the same key. An operator who wants to skip input must delete the changelog as well as move the group.
 */
import type { Admin, Consumer, ConsumerGroupJoinEvent, EachBatchPayload, Kafka } from 'kafkajs'
import {
  backoffMs,
  type Clock,
  describeError,
  pause,
  type Random,
  systemClock,
  systemRandom,
} from '../../core/index.ts'
import { type AnalyticsCounters, AnalyticsPartition } from './analytics-partition.ts'
import { ChangelogFollower } from './changelog.ts'
import { CONSUMER_RETRY } from './client.ts'
import { type OutgoingRecord, type ReadBatch, readBatchOf } from './records.ts'
import { type ClientSession, SessionKeeper } from './session-keeper.ts'
import { GROUPS, TOPICS } from './topics.ts'
import { DEFAULT_WINDOWS, type WindowOptions } from './windows.ts'

export interface SensorAnalyticsOptions {
  /** @defaultValue windows of 10 s with 5 s of grace */
  readonly windows?: WindowOptions
  /** How long a site's windows take readings, in the event time of the site, milliseconds. @defaultValue 300000 */
  readonly siteRetentionMs?: number
  /** Least time between two transactions of a partition, milliseconds. @defaultValue 250 */
  readonly commitEveryMs?: number
  /** After this long without a sign of life the group takes an instance for dead, milliseconds. @defaultValue 10000 */
  readonly sessionTimeoutMs?: number
  readonly clock?: Clock
  readonly random?: Random
  /** Told of each batch of readings before it is processed. */
  onRead?(batch: ReadBatch): void
  /** Told of aggregates, alerts and dead letters, once they are committed. */
  onCommitted?(records: readonly OutgoingRecord[]): void
}

export interface AnalyticsStats extends Readonly<AnalyticsCounters> {
  /** Partitions that this instance owns now. */
  readonly partitions: readonly number[]
  /** Of the last failure; it stays after the instance recovered. */
  readonly lastError: string | undefined
}

interface Slot {
  readonly stopping: AbortController
  /** Undefined where the slot was given up before it opened. */
  ready: Promise<AnalyticsPartition | undefined>
}

interface Session {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly consumer: Consumer
  readonly follower: ChangelogFollower
  readonly clusterId: string
  readonly slots: Map<number, Slot>
  readonly closing: AbortController
}

const REOPEN_DELAYS = { firstMs: 200, mostMs: 5_000 }
const HEARTBEAT_EVERY_MS = 200

export class SensorAnalytics implements AsyncDisposable {
  readonly #options: SensorAnalyticsOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #counters: AnalyticsCounters = zeroCounters()
  readonly #keeper: SessionKeeper
  #session: Session | undefined
  #lastError: string | undefined

  constructor(options: SensorAnalyticsOptions = {}) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
    this.#keeper = new SessionKeeper({
      part: GROUPS.analytics,
      clock: this.#clock,
      random: this.#random,
      open: (kafka, crashed) => this.#openSession(kafka, crashed),
      onError: (error) => this.#note(error),
    })
  }

  get stats(): AnalyticsStats {
    const partitions = [...(this.#session?.slots.keys() ?? [])].sort((one, other) => one - other)
    return { ...this.#counters, partitions, lastError: this.#lastError }
  }

  /** @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    return this.#keeper.start(kafka, signal)
  }

  /** Finishes the transactions in flight and leaves the group; waits at most 5 s where the region does not answer. */
  stop(): Promise<void> {
    return this.#keeper.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #openSession(kafka: Kafka, crashed: (error: unknown) => void): Promise<ClientSession> {
    const instance = this.#random.next().toString(36).slice(2, 10)
    const groupId = `${GROUPS.analytics}.changelog.${instance}`
    const follower = new ChangelogFollower({ kafka, groupId, clock: this.#clock, onCrash: crashed })
    const consumer = this.#createConsumer(kafka)
    const admin = kafka.admin()
    const started = { kafka, admin, consumer, follower, slots: new Map<number, Slot>(), closing: new AbortController() }
    try {
      await admin.connect()
      const { clusterId } = await admin.describeCluster()
      const session: Session = { ...started, clusterId }
      this.#session = session
      await follower.start()
      consumer.on(consumer.events.GROUP_JOIN, (event) => this.#takeAssignment(session, event))
      consumer.on(consumer.events.CRASH, ({ payload }) => crashed(payload.error))
      await consumer.connect()
      await consumer.subscribe({ topics: [TOPICS.readings], fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 8,
        eachBatch: (payload) => this.#eachBatch(session, payload),
      })
    } catch (error) {
      await this.#closeSession(started)
      throw error
    }
    return { close: () => this.#closeSession(started) }
  }

  #createConsumer(kafka: Kafka): Consumer {
    return kafka.consumer({
      groupId: GROUPS.analytics,
      sessionTimeout: this.#options.sessionTimeoutMs ?? 10_000,
      heartbeatInterval: 1_000,
      maxWaitTimeInMs: 250,
      maxBytesPerPartition: 262_144,
      allowAutoTopicCreation: false,
      retry: CONSUMER_RETRY,
    })
  }

  async #closeSession(session: Omit<Session, 'clusterId'>): Promise<void> {
    const { consumer, follower, admin, slots } = session
    session.closing.abort()
    if (this.#session?.consumer === consumer) this.#session = undefined
    for (const slot of slots.values()) slot.stopping.abort()
    const giveUp = () => this.#giveUp(slots)
    for (const close of [() => consumer.disconnect(), giveUp, () => follower.stop(), () => admin.disconnect()]) {
      await close().catch((error: unknown) => this.#note(error))
    }
  }

  /** Ownership lasts one generation: what is kept is opened again, so that position and state are compared again. */
  #takeAssignment(session: Session, { payload }: ConsumerGroupJoinEvent): void {
    if (session.closing.signal.aborted) return
    const former = [...session.slots.values()]
    session.slots.clear()
    for (const slot of former) slot.stopping.abort()
    const released = Promise.all(former.map((slot) => this.#closeSlot(slot)))
    for (const partition of payload.memberAssignment[TOPICS.readings] ?? []) {
      session.slots.set(partition, this.#openSlot(session, partition, released))
    }
  }

  #openSlot(session: Session, partition: number, after: Promise<unknown>): Slot {
    const stopping = new AbortController()
    const ready = after.then(() => this.#openPartition(session, partition, stopping.signal))
    return { stopping, ready }
  }

  async #openPartition(session: Session, partition: number, signal: AbortSignal) {
    const { consumer } = session
    for (let attempt = 1; !signal.aborted; attempt++) {
      const opened = this.#createPartition(session, partition)
      try {
        const { rewindTo } = await opened.open(signal)
        signal.throwIfAborted()
        if (rewindTo !== undefined) consumer.seek({ topic: TOPICS.readings, partition, offset: rewindTo })
        return opened
      } catch (error) {
        await opened.close().catch((error: unknown) => this.#note(error))
        if (signal.aborted) break
        this.#note(error)
        await pause(this.#clock, backoffMs(REOPEN_DELAYS, attempt, this.#random), signal)
      }
    }
    return undefined
  }

  #createPartition({ kafka, admin, clusterId, follower }: Session, partition: number): AnalyticsPartition {
    const windows = this.#options.windows ?? DEFAULT_WINDOWS
    const siteRetentionMs = this.#options.siteRetentionMs ?? 300_000
    return new AnalyticsPartition({
      kafka,
      admin,
      clusterId,
      groupId: GROUPS.analytics,
      follower,
      state: { ...windows, siteRetentionMs, partition },
      counters: this.#counters,
      clock: this.#clock,
      random: this.#random,
      onCommitted: (records) => this.#options.onCommitted?.(records),
    })
  }

  /** Leaves the batch unresolved where it can't be processed: kafkajs then fetches it again. */
  async #eachBatch(session: Session, payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const slot = session.slots.get(batch.partition)
    if (slot === undefined) return
    const isOurs = () => payload.isRunning() && !payload.isStale() && session.slots.get(batch.partition) === slot
    const partition = await this.#withHeartbeats(slot.ready, payload)
    if (partition === undefined || !isOurs()) return
    const commitEveryMs = this.#options.commitEveryMs ?? 250
    const waitMs = partition.lastCommitMs + commitEveryMs - this.#clock.monotonicMs()
    if (waitMs > 0) await this.#withHeartbeats(pause(this.#clock, waitMs, slot.stopping.signal), payload)
    if (!isOurs()) return
    try {
      this.#options.onRead?.(readBatchOf(GROUPS.analytics, batch))
      await partition.process(batch.messages)
      payload.resolveOffset(batch.lastOffset())
    } catch (error) {
      this.#note(error)
      if (session.slots.get(batch.partition) !== slot || slot.stopping.signal.aborted) return
      session.slots.set(batch.partition, this.#openSlot(session, batch.partition, this.#closeSlot(slot)))
    }
  }

  async #withHeartbeats<Result>(waited: Promise<Result>, payload: EachBatchPayload): Promise<Result> {
    const settled = waited.then(() => true)
    const patience = new AbortController()
    try {
      while (!(await Promise.race([settled, pause(this.#clock, HEARTBEAT_EVERY_MS, patience.signal)])))
        await payload.heartbeat()
    } finally {
      patience.abort()
    }
    return waited
  }

  async #giveUp(slots: Map<number, Slot>): Promise<void> {
    const given = [...slots.values()]
    slots.clear()
    await Promise.all(given.map((slot) => this.#closeSlot(slot)))
  }

  /** Never throws: what a broker does not answer any more, the next owner's fence settles. */
  async #closeSlot(slot: Slot): Promise<void> {
    slot.stopping.abort()
    const partition = await slot.ready
    await partition?.close().catch((error: unknown) => this.#note(error))
  }

  #note(error: unknown): void {
    this.#counters.failures++
    this.#lastError = describeError(error)
  }
}

function zeroCounters(): AnalyticsCounters {
  return {
    consumed: 0,
    applied: 0,
    repeated: 0,
    late: 0,
    deadLettered: 0,
    windowsClosed: 0,
    alerts: 0,
    commits: 0,
    failures: 0,
    restores: 0,
    rewinds: 0,
  }
}
