import type { Kafka, Producer } from 'kafkajs'
import type { Random } from '../../src/core/index.ts'
import type { ContentRecord } from './content-log.ts'
import { type RegistryChange, RegistryChanges } from './registry-changes.ts'

/** Writes `_schemas` as a schema registry of Confluent does, and remembers every record with its offset. */
export class SchemasWriter {
  readonly written: ContentRecord[] = []
  readonly #producer: Producer
  readonly #topic: string
  readonly #changes: RegistryChanges
  #timestamp = Date.now()

  private constructor(producer: Producer, topic: string, random: Random) {
    this.#producer = producer
    this.#topic = topic
    this.#changes = new RegistryChanges(random)
  }

  static async connect(kafka: Kafka, topic: string, random: Random): Promise<SchemasWriter> {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false })
    await producer.connect()
    return new SchemasWriter(producer, topic, random)
  }

  /** One change after the other until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) await this.#write(this.#changes.next())
    } finally {
      await this.#producer.disconnect()
    }
  }

  async #write(entries: readonly RegistryChange[]): Promise<void> {
    const messages = entries.map(({ key, value }) => ({
      key: JSON.stringify(key),
      value: value === null ? null : JSON.stringify(value),
      // Each later than the one before, so that every record can be told from every other.
      timestamp: String((this.#timestamp = Math.max(Date.now(), this.#timestamp + 1))),
    }))
    const [answer] = await this.#producer.send({ topic: this.#topic, messages, acks: -1 })
    const first = Number(answer?.baseOffset)
    messages.forEach(({ key, value, timestamp }, at) =>
      this.written.push({ offset: first + at, timestamp: Number(timestamp), digest: '', key, value }),
    )
  }
}
