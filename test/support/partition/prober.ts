import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { APP_PREFIX } from '../failover-trial/app-gate.ts'
import type { WriteNote } from '../failover-trial/app-notes.ts'
import { monotonicMs } from '../failover-trial/apps.ts'

const EVERY_MS = 50
/** Kept below what a fence may take: a request that hangs must not hide the ones behind it. */
const REQUEST_MS = 1_000
const PENDING_MOST = 40

export interface ProbedRegion {
  readonly name: string
  readonly brokers: readonly string[]
}

/** Writes to every region every 50 ms, as an application that stands in it, and notes what it is answered. */
export class Prober implements AsyncDisposable {
  readonly notes: WriteNote[] = []
  readonly #stop = new AbortController()
  readonly #loops: Promise<unknown>
  readonly #topic: string

  constructor(regions: readonly ProbedRegion[], topic: string) {
    this.#topic = topic
    this.#loops = Promise.all(regions.map((region) => this.#probe(region)))
  }

  accepted(region: string): number {
    return this.notes.filter((note) => note.region === region && note.verdict === 'kept').length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loops
  }

  async #probe({ name, brokers }: ProbedRegion): Promise<void> {
    const { signal } = this.#stop
    const kafka = new Kafka({
      clientId: `${APP_PREFIX}prober`,
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      requestTimeout: REQUEST_MS,
      connectionTimeout: REQUEST_MS,
    })
    let producer: Producer | undefined
    const pending = new Set<Promise<void>>()
    for (let id = 0; !signal.aborted; id++) {
      const startedMs = monotonicMs()
      producer ??= await connect(kafka)
      const own = producer
      if (own !== undefined && pending.size < PENDING_MOST) {
        const sent = this.#write(own, name, String(id)).then((isKept) => {
          pending.delete(sent)
          // A client that has lost its connection begins anew.
          if (!isKept && producer === own) producer = undefined
          if (!isKept) void own.disconnect().catch(() => undefined)
        })
        pending.add(sent)
      }
      await sleep(Math.max(1, EVERY_MS - (monotonicMs() - startedMs)))
    }
    await Promise.all(pending)
    await producer?.disconnect().catch(() => undefined)
  }

  async #write(producer: Producer, region: string, id: string): Promise<boolean> {
    const topic = this.#topic
    const sentMs = monotonicMs()
    const note = (verdict: WriteNote['verdict'], offset: number) => {
      const place = { region, topic, partition: 0, offset, id, key: id }
      this.notes.push({ verdict, writer: 'prober', ...place, sentMs, answeredMs: monotonicMs() })
      return verdict === 'kept'
    }
    try {
      const message = { topic, acks: -1, timeout: REQUEST_MS, messages: [{ key: id, value: id, partition: 0 }] }
      const [answer] = await producer.send(message)
      return note('kept', Number(answer?.baseOffset ?? -1))
    } catch {
      return note('refused', -1)
    }
  }
}

async function connect(kafka: Kafka): Promise<Producer | undefined> {
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  try {
    await producer.connect()
    return producer
  } catch {
    await producer.disconnect().catch(() => undefined)
    return undefined
  }
}
