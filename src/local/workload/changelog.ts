/**
 * Follows the changelog of the analytics: one consumer reads every partition and keeps the last value by key, so that
 * a partition can be taken over at once. It reads only what was committed, in a group of its own, and never commits a
 * position, so it always starts at the beginning.
 *
 * The end of a partition is told by a barrier: the new owner, which has fenced the old one, writes a record with a
 * number of its own, and has read everything once that record comes back. Offsets say nothing here, because a copy of
 * the partition in another region may count them differently, and transaction markers take offsets too.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { type Clock, describeError } from '../../core/index.ts'
import { CONSUMER_RETRY } from './client.ts'
import { workloadFaults } from './faults.ts'
import { TOPICS } from './topics.ts'

export const BARRIER_KEY = 'barrier'
export const CHECKPOINT_KEY = 'checkpoint'

/** How far the input was applied, as of one state; written last in each transaction. */
export interface Checkpoint {
  /** The cluster whose offsets are meant. */
  readonly clusterId: string
  /** Offset after the last applied record. */
  readonly offset: string
  /** Kafka timestamp of the last applied record: the same in every region. */
  readonly timestamp: string
  /** Of the transaction, which the group's position carries as its metadata; a state of an earlier version has none. */
  readonly mark?: string
}

export interface ChangelogFollowerOptions {
  readonly kafka: Kafka
  readonly groupId: string
  readonly clock: Clock
  /** @defaultValue 30000 */
  readonly restoreTimeoutMs?: number
  /** Told when the follower stopped because of an error. */
  onCrash(error: unknown): void
}

interface Followed {
  readonly entries: Map<string, string>
  nextOffset: bigint
}

interface Waiter {
  readonly partition: number
  readonly barrier: string
  resolve(entries: ReadonlyMap<string, string>): void
}

export class ChangelogFollower implements AsyncDisposable {
  readonly #options: ChangelogFollowerOptions
  readonly #consumer: Consumer
  readonly #partitions = new Map<number, Followed>()
  readonly #waiters = new Set<Waiter>()

  constructor(options: ChangelogFollowerOptions) {
    this.#options = options
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 250,
      readUncommitted: false,
      retry: CONSUMER_RETRY,
    })
  }

  async start(): Promise<void> {
    const { CRASH } = this.#consumer.events
    this.#consumer.on(CRASH, ({ payload }) => this.#options.onCrash(payload.error))
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topics: [TOPICS.changelog], fromBeginning: true })
    await this.#consumer.run({ autoCommit: false, eachBatch: (payload) => this.#read(payload) })
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /**
   * The last value of every key written before the barrier.
   *
   * @throws `WORKLOAD_RESTORE_TIMED_OUT`
   */
  readTo(partition: number, barrier: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const timeoutMs = this.#options.restoreTimeoutMs ?? 30_000
    const followed = this.#partitions.get(partition)
    if (followed?.entries.get(BARRIER_KEY) === barrier) return Promise.resolve(new Map(followed.entries))
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter)
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        partition,
        barrier,
        resolve: (entries) => {
          leave()
          resolve(entries)
        },
      }
      const onAbort = () => {
        leave()
        reject(new Error(`stopped while restoring: ${describeError(signal.reason)}`))
      }
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        leave()
        reject(workloadFaults.fault('WORKLOAD_RESTORE_TIMED_OUT', { topic: TOPICS.changelog, partition, timeoutMs }))
      })
      this.#waiters.add(waiter)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  #read({ batch }: EachBatchPayload): Promise<void> {
    for (const { offset, key, value } of batch.messages) {
      const followed = this.#followedAt(batch.partition, BigInt(offset))
      if (key === null) continue
      if (value === null) followed.entries.delete(key.toString())
      else followed.entries.set(key.toString(), value.toString())
      if (key.toString() === BARRIER_KEY) this.#release(batch.partition, followed)
    }
    return Promise.resolve()
  }

  /** Reading starts over after the consumer lost its place: what was held is dropped, as deletions may be gone. */
  #followedAt(partition: number, offset: bigint): Followed {
    let followed = this.#partitions.get(partition)
    if (followed === undefined || offset < followed.nextOffset) {
      followed = { entries: new Map(), nextOffset: 0n }
      this.#partitions.set(partition, followed)
    }
    followed.nextOffset = offset + 1n
    return followed
  }

  #release(partition: number, { entries }: Followed): void {
    const barrier = entries.get(BARRIER_KEY)
    for (const waiter of this.#waiters) {
      if (waiter.partition === partition && waiter.barrier === barrier) waiter.resolve(new Map(entries))
    }
  }
}
