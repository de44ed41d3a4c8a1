import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, type KafkaConfig, logLevel, type Producer } from 'kafkajs'
import { APP_PREFIX } from '../failover-trial/app-gate.ts'

export interface ServiceWriterOptions {
  readonly topic: string
  readonly regions: ReadonlyMap<string, Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'>>
  /** The region that the Service selects; undefined while the API server does not say so. */
  readonly selected: () => Promise<string | undefined>
}

/** An acknowledged record. */
export interface Acknowledged {
  readonly value: string
  readonly region: string
}

const EVERY_MS = 40
const LOOK_EVERY_MS = 250
/** What the API server may take to say where the Service points. */
const LOOK_MS = 1_000

/**
 * An application that goes where its Service points. It writes a new number each time and never one twice: what was
 * acknowledged has to be there once, and all else may be.
 */
export class ServiceWriter implements AsyncDisposable {
  readonly acknowledged: Acknowledged[] = []
  readonly #options: ServiceWriterOptions
  readonly #stopping = new AbortController()
  readonly #running: Promise<unknown>
  #region: string | undefined
  #number = 0

  constructor(options: ServiceWriterOptions) {
    this.#options = options
    this.#running = Promise.all([this.#follow(), this.#write()])
  }

  async stop(): Promise<readonly Acknowledged[]> {
    this.#stopping.abort()
    await this.#running
    return this.acknowledged
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const silence = sleep(LOOK_MS, undefined, { ref: false })
      const region = await Promise.race([this.#options.selected().catch(() => undefined), silence])
      this.#region = region ?? this.#region
      await sleep(LOOK_EVERY_MS)
    }
  }

  async #write(): Promise<void> {
    const { topic, regions } = this.#options
    let open: { readonly region: string; readonly producer: Producer } | undefined
    while (!this.#stopping.signal.aborted) {
      await sleep(EVERY_MS)
      const region = this.#region
      if (region === undefined) continue
      try {
        if (open?.region !== region) {
          await open?.producer.disconnect()
          open = undefined
          const kafka = new Kafka({
            ...(regions.get(region) ?? { brokers: [] }),
            clientId: `${APP_PREFIX}writer`,
            logLevel: logLevel.NOTHING,
            connectionTimeout: 1_000,
            retry: { retries: 0 },
          })
          const producer = kafka.producer({ allowAutoTopicCreation: false })
          await producer.connect()
          open = { region, producer }
        }
        const value = `${this.#number++}`
        await open.producer.send({ topic, acks: -1, timeout: 3_000, messages: [{ value }] })
        this.acknowledged.push({ value, region })
      } catch {
        // Refused, or nobody knows: the next number is tried on a new connection.
        await open?.producer.disconnect().catch(() => undefined)
        open = undefined
        await sleep(EVERY_MS)
      }
    }
    await open?.producer.disconnect().catch(() => undefined)
  }
}
