import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka, Producer } from 'kafkajs'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import type { LocalRegion } from '../../src/local/index.ts'
import { eventually } from './isthmus-process.ts'

/**
 * Numbered records that an application writes to a secured region all the time, by its certificate, and how they arrive
 * in another one. A pause is the longest time in which records were waiting and none arrived.
 */
export interface LoadOptions {
  readonly source: LocalRegion
  readonly target: LocalRegion
  readonly topic: string
  readonly signal: AbortSignal
}

const PARTITIONS = 3
const EVERY_MS = 20
const BATCH = 5
const LIMIT_MS = 60_000
const LOOK_MS = 25

export class NumberedLoad implements AsyncDisposable {
  readonly #options: LoadOptions
  readonly #producer: Producer
  readonly #source: Kafka
  readonly #target: Kafka
  #written = 0
  #isWriting = true
  #writing: Promise<void> = Promise.resolve()

  static async start(options: LoadOptions): Promise<NumberedLoad> {
    const load = new NumberedLoad(options)
    const admin = load.#source.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: options.topic, numPartitions: PARTITIONS }], waitForLeaders: true })
    await admin.disconnect()
    await load.#producer.connect()
    load.#writing = load.#write()
    return load
  }

  private constructor(options: LoadOptions) {
    this.#options = options
    this.#source = byCertificate(options.source)
    this.#target = byCertificate(options.target)
    this.#producer = this.#source.producer({ idempotent: true, maxInFlightRequests: 1 })
  }

  async run(forMs: number): Promise<void> {
    await sleep(forMs, undefined, { signal: this.#options.signal })
  }

  /** Until the copy has caught up with what was written when this was asked, and that is something. */
  async untilCopied(): Promise<void> {
    const due = Math.max(1, this.#written)
    const look = async () => ((await this.#count(this.#target)) >= due ? true : undefined)
    await eventually('everything is copied', look, { limitMs: LIMIT_MS, signal: this.#options.signal })
  }

  /** Milliseconds. */
  async longestPauseDuring(act: () => Promise<void>): Promise<number> {
    const over = new AbortController()
    let longestMs = 0
    const admin = this.#target.admin()
    await admin.connect()
    const watch = async () => {
      let sinceMs = performance.now()
      let known = -1
      while (!over.signal.aborted) {
        const copied = await this.#countWith(admin)
        const nowMs = performance.now()
        if (copied !== known) sinceMs = nowMs
        known = copied
        longestMs = Math.max(longestMs, nowMs - sinceMs)
        await sleep(LOOK_MS)
      }
    }
    const watching = watch()
    try {
      await act()
    } finally {
      over.abort()
      await watching
      await admin.disconnect()
    }
    return Math.round(longestMs)
  }

  /** Ends the writing, and compares both sides once everything is copied. */
  async judge(): Promise<{ compared: number; lost: number; repeated: number; reordered: number }> {
    this.#isWriting = false
    await this.#writing
    await this.untilCopied()
    const [sent, copied] = await Promise.all([this.#read(this.#source), this.#read(this.#target)])
    const timesOf = (values: readonly string[]) => Map.groupBy(values, (value) => value)
    const [before, after] = [timesOf(sent), timesOf(copied)]
    const surplus = (one: typeof before, other: typeof before) =>
      [...one].reduce((all, [value, { length }]) => all + Math.max(0, length - (other.get(value)?.length ?? 0)), 0)
    const reordered = copied.filter((value, at) => value !== sent[at]).length
    return { compared: sent.length, lost: surplus(before, after), repeated: surplus(after, before), reordered }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWriting = false
    await this.#writing.catch(() => undefined)
    await this.#producer.disconnect()
  }

  async #write(): Promise<void> {
    const { topic } = this.#options
    while (this.#isWriting) {
      const messages = Array.from({ length: BATCH }, (_, at) => {
        return { value: `${this.#written + at}`, partition: (this.#written + at) % PARTITIONS }
      })
      await this.#producer.send({ topic, messages })
      this.#written += BATCH
      await sleep(EVERY_MS)
    }
  }

  async #count(kafka: Kafka): Promise<number> {
    const admin = kafka.admin()
    await admin.connect()
    try {
      return await this.#countWith(admin)
    } finally {
      await admin.disconnect()
    }
  }

  async #countWith(admin: ReturnType<Kafka['admin']>): Promise<number> {
    // There is none until Isthmus has made it.
    const ends = await admin.fetchTopicOffsets(this.#options.topic).catch(() => [])
    return ends.reduce((all, { high }) => all + Number(high), 0)
  }

  /** `partition/value` of every record, partition by partition. */
  async #read(kafka: Kafka): Promise<string[]> {
    const { topic, signal } = this.#options
    const due = await this.#count(kafka)
    const seen: string[][] = Array.from({ length: PARTITIONS }, () => [])
    const consumer = kafka.consumer({ groupId: 'judge' })
    await consumer.connect()
    try {
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) =>
          void seen[partition]?.push(`${partition}/${message.value?.toString()}`),
      })
      const look = async () => (seen.flat().length >= due ? true : undefined)
      await eventually('everything is read', look, { limitMs: LIMIT_MS, signal })
    } finally {
      await consumer.disconnect()
    }
    return seen.flat()
  }
}

/** No password: what is exchanged is none of its business. */
function byCertificate({ name, security }: LocalRegion): Kafka {
  if (security === undefined) throw new Error(`${name} is not secured`)
  const { mtlsBootstrap: bootstrap, tls } = security
  return createKafkaJs({ name, bootstrap, tls, context: { clock: systemClock, random: systemRandom } })
}
