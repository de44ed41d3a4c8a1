/**
 * A source: one producer with a pace, a bounded buffer and at most one send in flight.
 *
 * What always holds: a record is sent before any later one of the same source, and leaves the buffer only when the
 * broker acknowledged it. A send that fails is repeated with a new producer, so a record may be in the topic twice (its
 * sequence number tells) but none is missing and none is out of order. The buffer outlives `stop`: a source that is
 * started against another region goes on with the records that the first one never acknowledged.
 */
import { type Kafka, Partitioners, type Producer } from 'kafkajs'
import { backoffMs, type Clock, describeError, pause, type Random } from '../../core/index.ts'
import { workloadFaults } from './faults.ts'
import { type OutgoingRecord, toTopicMessages } from './records.ts'

export interface SourceStats {
  /** Records generated. */
  readonly produced: number
  /** Records that a broker acknowledged. */
  readonly acknowledged: number
  /** Acknowledged records that went to the dead-letter topic. */
  readonly deadLettered: number
  /** Records that fell due while the buffer was full and were never generated. */
  readonly skipped: number
  readonly failedSends: number
  /** Records that wait to be acknowledged. */
  readonly buffered: number
  /** Undefined while sends succeed. */
  readonly lastError: string | undefined
}

export interface RecordSourceOptions<Item extends SourceItem> {
  /** For messages, and the producer's client id where the region sees it. */
  readonly name: string
  readonly ratePerSecond: number
  /** Pause between sends, milliseconds: a longer one gives larger batches. */
  readonly lingerMs: number
  /** Most records of one send. */
  readonly batchMax: number
  /** Most records that wait. */
  readonly bufferMax: number
  readonly clock: Clock
  readonly random: Random
  /** The records that fall due at `atMs`. */
  generate(atMs: number): readonly Item[]
  onAcknowledged?(items: readonly Item[]): void
}

export interface SourceItem {
  readonly record: OutgoingRecord
  readonly isDeadLetter: boolean
}

interface Run {
  readonly kafka: Kafka
  readonly stopping: AbortController
  producer: Producer
  finished: Promise<void>
}

const STOP_WITHIN_MS = 5_000
const SEND_RETRY = { retries: 4, initialRetryTime: 200, maxRetryTime: 1_000 }
const RESEND_DELAYS = { firstMs: 200, mostMs: 2_000 }

export class RecordSource<Item extends SourceItem> implements AsyncDisposable {
  readonly #options: RecordSourceOptions<Item>
  readonly #buffer: Item[] = []
  readonly #counters = { produced: 0, acknowledged: 0, deadLettered: 0, skipped: 0, failedSends: 0 }
  #run: Run | undefined
  /** The run that may change the buffer: the last one started, also while it is being stopped. */
  #owner: Run | undefined
  #lastError: string | undefined
  /** Time up to which records have been generated. */
  #generatedToMs = 0

  constructor(options: RecordSourceOptions<Item>) {
    this.#options = options
  }

  get stats(): SourceStats {
    return { ...this.#counters, buffered: this.#buffer.length, lastError: this.#lastError }
  }

  /** @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  async start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    const part = this.#options.name
    if (this.#run !== undefined) throw workloadFaults.fault('WORKLOAD_RUNNING', { part })
    const run: Run = {
      kafka,
      stopping: new AbortController(),
      producer: createProducer(kafka),
      finished: Promise.resolve(),
    }
    this.#run = run
    try {
      await run.producer.connect()
      signal?.throwIfAborted()
    } catch (error) {
      this.#run = undefined
      await run.producer.disconnect()
      signal?.throwIfAborted()
      throw workloadFaults.fault('WORKLOAD_UNREACHABLE', { part, problem: describeError(error) }, error)
    }
    this.#owner = run
    this.#generatedToMs = this.#options.clock.nowMs()
    run.finished = this.#loop(run)
  }

  /** Ends after the send in flight, or after 5 s without it. What is not acknowledged stays in the buffer. */
  async stop(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    run.stopping.abort()
    const patience = new AbortController()
    await Promise.race([run.finished, pause(this.#options.clock, STOP_WITHIN_MS, patience.signal)])
    patience.abort()
    await run.producer.disconnect()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #loop(run: Run): Promise<void> {
    const { clock, random, lingerMs } = this.#options
    const { signal } = run.stopping
    for (let failures = 0; !signal.aborted; ) {
      this.#generateDue()
      if (await this.#sendBatch(run)) {
        failures = 0
        await pause(clock, lingerMs, signal)
      } else {
        failures++
        await pause(clock, backoffMs(RESEND_DELAYS, failures, random), signal)
        if (!signal.aborted) await this.#replaceProducer(run)
      }
    }
  }

  /** Generates what fell due since the last time, each record at its own due time; skips the oldest if it is too much. */
  #generateDue(): void {
    const { clock, ratePerSecond, bufferMax } = this.#options
    const periodMs = 1_000 / ratePerSecond
    const room = Math.max(0, bufferMax - this.#buffer.length)
    const due = Math.max(0, Math.floor((clock.nowMs() - this.#generatedToMs) / periodMs))
    const skipped = Math.max(0, due - room)
    this.#counters.skipped += skipped
    for (let index = skipped + 1; index <= due; index++) {
      const items = this.#options.generate(Math.floor(this.#generatedToMs + index * periodMs))
      this.#counters.produced += items.length
      this.#buffer.push(...items)
    }
    this.#generatedToMs += due * periodMs
  }

  /** False where the broker did not acknowledge; the records then stay in the buffer. */
  async #sendBatch(run: Run): Promise<boolean> {
    const batch = this.#buffer.slice(0, this.#options.batchMax)
    if (batch.length === 0) return true
    const records = batch.map((item) => item.record)
    try {
      const topicMessages = toTopicMessages(records, this.#options.clock.nowMs())
      await run.producer.sendBatch({ topicMessages, acks: -1 })
    } catch (error) {
      this.#counters.failedSends++
      this.#lastError = describeError(error)
      return false
    }
    // An answer that comes after `stop` gave up is not counted once another run was started: the buffer is its own.
    if (this.#owner !== run) return true
    this.#buffer.splice(0, batch.length)
    this.#counters.acknowledged += batch.length
    this.#counters.deadLettered += batch.filter((item) => item.isDeadLetter).length
    this.#lastError = undefined
    this.#options.onAcknowledged?.(batch)
    return true
  }

  async #replaceProducer(run: Run): Promise<void> {
    await run.producer.disconnect().catch((error: unknown) => {
      this.#lastError = describeError(error)
    })
    run.producer = createProducer(run.kafka)
    await run.producer.connect().catch((error: unknown) => {
      this.#lastError = describeError(error)
    })
  }
}

function createProducer(kafka: Kafka): Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: SEND_RETRY,
  })
}
