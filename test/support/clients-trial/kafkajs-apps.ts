/** The same applications as ClientApps.java, with kafkajs; see program.ts for the plan, the orders and the lines. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, type EachBatchPayload, Kafka, logLevel, type Producer } from 'kafkajs'

const REST_MS = 100
/** A client that cannot reach its brokers takes long to disconnect; what was asked to end is left to its own by then. */
const CLOSE_MS = 2_000

const say = (line: string) => void process.stdout.write(`${line}\n`)

interface Plan {
  readonly name: string
  readonly kind: string
  readonly rest: readonly string[]
  readonly properties: Map<string, string>
}

class App {
  readonly #plan: Plan
  readonly #told = new Set<string>()
  #number = 0
  #stopping: AbortController | undefined
  #isRunning = false

  constructor(plan: Plan) {
    this.#plan = plan
  }

  start(): void {
    this.#stopping = new AbortController()
    this.#isRunning = true
    void this.#supervise(this.#stopping.signal)
  }

  stop(): void {
    if (!this.#isRunning) say(`stopped ${this.#plan.name}`)
    this.#stopping?.abort()
  }

  async #supervise(signal: AbortSignal): Promise<void> {
    const { name, kind, properties } = this.#plan
    do {
      try {
        await (kind === 'producer' ? this.#produce(signal) : this.#consume(signal))
      } catch (error) {
        this.#tell(error)
      }
      await sleep(REST_MS)
    } while (!signal.aborted && !properties.has('app.alone'))
    this.#isRunning = false
    say(`${signal.aborted ? 'stopped' : 'died'} ${name}`)
  }

  #client(): Kafka {
    const of = (key: string) => this.#plan.properties.get(key) ?? ''
    return new Kafka({
      clientId: of('client.id'),
      brokers: of('bootstrap.servers').split(','),
      ssl: { ca: [readFileSync(of('ssl.ca.location'), 'utf8')] },
      sasl: { mechanism: 'scram-sha-512', username: of('sasl.username'), password: of('sasl.password') },
      logLevel: logLevel.NOTHING,
    })
  }

  async #produce(signal: AbortSignal): Promise<void> {
    const { name, rest } = this.#plan
    const [topic = '', partitions = '1', everyMs = '50'] = rest
    const producer = this.#client().producer({ allowAutoTopicCreation: false })
    try {
      await producer.connect()
      while (!signal.aborted) {
        const id = `${name}-${this.#number}`
        const partition = this.#number % Number(partitions)
        try {
          const sent = producer.send({ topic, acks: -1, messages: [{ key: id, value: id, partition }] })
          const [placed] = (await Promise.race([sent, untilAborted(signal)])) ?? []
          if (placed === undefined) return
          say(`acked ${name} ${topic} ${partition} ${placed.baseOffset} ${id} ${Date.now()}`)
          this.#number++
          await sleep(Number(everyMs))
        } catch (error) {
          this.#tell(error)
          await sleep(REST_MS)
        }
      }
    } finally {
      await close(producer)
    }
  }

  async #consume(signal: AbortSignal): Promise<void> {
    const { rest, properties } = this.#plan
    const [groupId = '', topics = ''] = rest
    const consumer = this.#client().consumer({
      groupId,
      sessionTimeout: Number(properties.get('session.timeout.ms')),
      heartbeatInterval: 1_000,
      allowAutoTopicCreation: false,
    })
    const crashed = new Promise<Error>((resolve) => {
      // Where it is not restarted by itself, that is for its supervisor.
      consumer.on('consumer.crash', ({ payload }) => {
        this.#tell(payload.error)
        if (!payload.restart) resolve(payload.error)
      })
    })
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: topics.split(','), fromBeginning: true })
      await consumer.run({ autoCommit: false, eachBatch: (batch) => this.#read(consumer, batch) })
      const error = await Promise.race([crashed, untilAborted(signal)])
      if (error !== undefined) throw error
    } finally {
      await close(consumer)
    }
  }

  async #read(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    if (payload.isStale()) return
    const { topic, partition, messages } = payload.batch
    const last = messages.at(-1)
    if (last === undefined) return
    let verdict = 'unclear'
    try {
      await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(last.offset) + 1n) }])
      verdict = 'read'
      await payload.heartbeat()
    } finally {
      for (const { offset, value } of messages) {
        say(`${verdict} ${this.#plan.name} ${topic} ${partition} ${offset} ${value?.toString()} ${Date.now()}`)
      }
    }
  }

  #tell(error: unknown): void {
    const { name, message } = error as Error
    const text = message.replaceAll('\n', ' ')
    if (this.#told.has(text)) return
    this.#told.add(text)
    say(`trouble ${this.#plan.name} ${name}: ${text}`)
  }
}

async function close(client: Producer | Consumer): Promise<void> {
  await Promise.race([client.disconnect().catch(() => undefined), sleep(CLOSE_MS)])
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

const plans = new Map<string, Plan>()
for (const line of readFileSync(process.argv[2] ?? '', 'utf8')
  .trimEnd()
  .split('\n')) {
  const [word = '', name = '', key = '', ...rest] = line.split(' ')
  if (word === 'set') plans.get(name)?.properties.set(key, rest.join(' '))
  else plans.set(name, { name, kind: key, rest, properties: new Map() })
}
const apps = new Map([...plans].map(([name, plan]) => [name, new App(plan)]))
// kafkajs rejects promises that nobody has when its brokers are gone.
process.on('unhandledRejection', () => undefined)
for (const app of apps.values()) app.start()
say('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [word, name = ''] = line.split(' ')
  if (word === 'end') break
  if (word === 'start') apps.get(name)?.start()
  else apps.get(name)?.stop()
}
process.exit(0)
