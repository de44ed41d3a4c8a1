import { type EachBatchPayload, type Kafka, Partitioners, type Producer } from 'kafkajs'
import { type Clock, describeError, type Random, systemClock, systemRandom } from '../../core/index.ts'
import { alertsForWeather, toAlertRecord } from './alerts.ts'
import { toDeadLetter } from './dead-letters.ts'
import { CONSUMER_RETRY } from './client.ts'
import { type ClientSession, SessionKeeper } from './session-keeper.ts'
import { headerText, type OutgoingRecord, type ReadBatch, readBatchOf, toTopicMessages } from './records.ts'
import { SCHEMA_VERSION_HEADER, weatherRecords } from './schemas.ts'
import { GROUPS, TOPICS } from './topics.ts'

export interface WeatherWatchOptions {
  readonly clock?: Clock
  readonly random?: Random
  /** Told of each batch of observations before it is processed. */
  onRead?(batch: ReadBatch): void
  /** Told of alerts and dead letters, once the brokers have them. */
  onCommitted?(records: readonly OutgoingRecord[]): void
}

export interface WeatherWatchStats {
  readonly consumed: number
  readonly alerts: number
  readonly deadLettered: number
  /** Of the last failure; it stays after the watch recovered. */
  readonly lastError: string | undefined
}

/**
 * Raises alerts from weather observations: consumer group `weather-watch`. It commits after it produced, as most
 * consumers do, so a crash or a move may repeat an alert, with the same key, and never loses one.
 */
export class WeatherWatch implements AsyncDisposable {
  readonly #options: WeatherWatchOptions
  readonly #clock: Clock
  readonly #counters = { consumed: 0, alerts: 0, deadLettered: 0 }
  readonly #keeper: SessionKeeper
  #lastError: string | undefined

  constructor(options: WeatherWatchOptions = {}) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#keeper = new SessionKeeper({
      part: GROUPS.weatherWatch,
      clock: this.#clock,
      random: options.random ?? systemRandom,
      open: (kafka, crashed) => this.#openSession(kafka, crashed),
      onError: (error) => this.#note(error),
    })
  }

  get stats(): WeatherWatchStats {
    return { ...this.#counters, lastError: this.#lastError }
  }

  /** @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    return this.#keeper.start(kafka, signal)
  }

  /** Waits at most 5 s where the region does not answer. */
  stop(): Promise<void> {
    return this.#keeper.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #openSession(kafka: Kafka, crashed: (error: unknown) => void): Promise<ClientSession> {
    const groupId = GROUPS.weatherWatch
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: 10_000,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      retry: CONSUMER_RETRY,
    })
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    })
    const close = async () => {
      await consumer.disconnect().catch((error: unknown) => this.#note(error))
      await producer.disconnect().catch((error: unknown) => this.#note(error))
    }
    try {
      consumer.on(consumer.events.CRASH, ({ payload }) => crashed(payload.error))
      await Promise.all([producer.connect(), consumer.connect()])
      await consumer.subscribe({ topics: [TOPICS.weather], fromBeginning: true })
      await consumer.run({ autoCommitInterval: 1_000, eachBatch: (payload) => this.#eachBatch(producer, payload) })
    } catch (error) {
      await close()
      throw error
    }
    return { close }
  }

  #note(error: unknown): void {
    this.#lastError = describeError(error)
  }

  async #eachBatch(producer: Producer, { batch }: EachBatchPayload): Promise<void> {
    this.#options.onRead?.(readBatchOf(GROUPS.weatherWatch, batch))
    const outgoing: OutgoingRecord[] = []
    let deadLettered = 0
    for (const { key, value, headers, offset } of batch.messages) {
      const version = headerText(headers, SCHEMA_VERSION_HEADER)
      const checked = weatherRecords.checkBytes(value, version)
      if (checked.ok) {
        outgoing.push(...alertsForWeather(checked.value).map(toAlertRecord))
        continue
      }
      deadLettered++
      const origin = { kind: 'topic', topic: batch.topic, partition: batch.partition, offset } as const
      const text = { key: key?.toString() ?? '', value: value?.toString() ?? null }
      outgoing.push(toDeadLetter(text, checked.refusal, origin))
    }
    if (outgoing.length > 0) {
      await producer.sendBatch({ topicMessages: toTopicMessages(outgoing, this.#clock.nowMs()), acks: -1 })
      this.#options.onCommitted?.(outgoing)
    }
    this.#counters.consumed += batch.messages.length
    this.#counters.deadLettered += deadLettered
    this.#counters.alerts += outgoing.length - deadLettered
  }
}
