import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import type { OperationBody } from '../../../src/api/contract/index.ts'
import { GROUP, untilPlanned } from '../failover-trial/control.ts'
import { orderMove, resumeMove } from '../failover-trial/orders.ts'
import { GROUP_PREFIX, TOPIC_PREFIX, TrialRegions } from '../failover-trial/trial-regions.ts'
import { eventually, IsthmusProcess } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import { TrialFolder } from '../trial-folder.ts'
import { NameServer } from './name-server.ts'
import { Receiver, TOKEN } from './receiver.ts'

/**
 * Two plain regions, three name servers and a receiver, and a consumer that stays where it is until it is evicted; it
 * then asks a name server where to go. The first two name servers take updates, the third follows the first one.
 */
const HOME = 'alpha'
const AWAY = 'beta'
const ZONE = 'kafka.example'
const NAME = `orders.${ZONE}`
const ADDRESSES: Readonly<Record<string, string>> = { [HOME]: '10.1.0.1', [AWAY]: '10.2.0.1' }
/** Enough for what is slow; a move that is stuck takes as long. */
const REROUTE_SECONDS = 15
const MOVE_LIMIT_MS = 120_000
const ORDERS_MAX = 5
const TOPIC = `${TOPIC_PREFIX}routed`
const READER = `${GROUP_PREFIX}routed`

export type DnsAlgorithm = 'hmac-sha256' | 'hmac-sha512'

interface SceneParts {
  readonly receiver: Receiver
  readonly isthmus: IsthmusProcess
  readonly regions: TrialRegions
  readonly secrets: readonly string[]
  readonly stack: AsyncDisposableStack
  readonly signal: AbortSignal
}

export class RoutingScene implements AsyncDisposable {
  readonly receiver: Receiver
  readonly first: NameServer
  readonly second: NameServer
  readonly third: NameServer
  readonly isthmus: IsthmusProcess
  readonly #parts: SceneParts
  #consumer: Consumer | undefined
  active = HOME
  /** Region of the consumer. */
  reader = ''

  private constructor(servers: readonly [NameServer, NameServer, NameServer], parts: SceneParts) {
    ;[this.first, this.second, this.third] = servers
    this.receiver = parts.receiver
    this.isthmus = parts.isthmus
    this.#parts = parts
    parts.receiver.onEvict = () => this.#moveReader()
  }

  static async start(algorithm: DnsAlgorithm, { signal }: TrialContext): Promise<RoutingScene> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TrialFolder())
    const key = { name: 'isthmus', algorithm, secret: randomBytes(32).toString('base64') }
    const zone = { zone: ZONE, key, records: [`orders A ${ADDRESSES[HOME]}`] }
    const receiver = stack.use(await Receiver.start(HOME))
    const first = stack.use(await NameServer.start(zone))
    const second = stack.use(await NameServer.start(zone))
    const third = stack.use(await NameServer.start({ ...zone, primary: first }))
    const names = [HOME, AWAY]
    const regions = stack.use(await TrialRegions.start({ names, isSecured: false, folder: folder.path, signal }))
    await fillTopic(regions, signal)
    const [caFile, tokenFile, secretFile] = ['ca.pem', 'token', 'dns.secret'].map((name) => folder.file(name))
    writeFileSync(caFile ?? '', receiver.ca)
    writeFileSync(tokenFile ?? '', `${TOKEN}\n`, { mode: 0o600 })
    writeFileSync(secretFile ?? '', `${key.secret}\n`, { mode: 0o600 })
    const receives = `caFile: ${caFile}, tokenFile: ${tokenFile}, timeoutSeconds: 5`
    const rest = [
      'failoverGroups:',
      `  - name: ${GROUP}`,
      `    regions: [${names.join(', ')}]`,
      `    topics: { include: ["${TOPIC_PREFIX}*"] }`,
      `    consumerGroups: { include: ["${GROUP_PREFIX}*"] }`,
      '    failover:',
      `      { cooldownSeconds: 0, groupGraceSeconds: 1, evictSeconds: 20, fenceCheckSeconds: 1, rerouteSeconds: ${REROUTE_SECONDS} }`,
      '    routing:',
      `      - { kind: webhook, url: "${receiver.url}/switch", checkUrl: "${receiver.url}/check", ${receives} }`,
      '      - kind: dns',
      `        zone: ${ZONE}`,
      `        primaries: ["${first.address}", "${second.address}"]`,
      `        secondaries: ["${third.address}"]`,
      `        key: { name: ${key.name}, algorithm: ${algorithm}, secretFile: ${secretFile} }`,
      `        ttlSeconds: 5`,
      '        records:',
      `          - { name: ${NAME}, type: A, values: { alpha: [${ADDRESSES[HOME]}], beta: [${ADDRESSES[AWAY]}] } }`,
      '    eviction:',
      `      - { kind: webhook, url: "${receiver.url}/evict", ${receives} }`,
      `authority: { path: "${folder.file('authority.db')}", leaseSeconds: 3 }`,
    ].join('\n')
    const isthmus = stack.use(await IsthmusProcess.start({ regions: regions.all.map(({ entry }) => entry), rest }))
    const parts = { receiver, isthmus, regions, secrets: [TOKEN, key.secret], stack: stack.move(), signal }
    const scene = new RoutingScene([first, second, third], parts)
    await scene.#moveReader()
    return scene
  }

  /** Lines of the log that hold the token or the secret of the key. */
  countSecrets(): number {
    return this.isthmus.log.filter((line) => this.#parts.secrets.some((secret) => line.includes(secret))).length
  }

  get servers(): readonly NameServer[] {
    return [this.first, this.second, this.third]
  }

  get standby(): string {
    return this.active === HOME ? AWAY : HOME
  }

  /** Moves the group, and gives the operation once it has ended or needs a person. */
  async move(to: string): Promise<OperationBody> {
    const kind = to === HOME ? 'failback' : 'switchover'
    for (let attempt = 1; ; attempt++) {
      await untilPlanned(this.isthmus, { kind, to }, { limitMs: MOVE_LIMIT_MS, signal: this.#parts.signal })
      const order = await orderMove(this.isthmus, { kind, to })
      const end = order.kind === 'accepted' ? await this.untilStopped(order.operation) : undefined
      // Guards may find something out between the plan and the order: then nothing was touched.
      const isNotBegun = end === undefined || (end.state === 'rolled-back' && end.fence === 'untouched')
      if (end !== undefined && !isNotBegun) {
        this.active = to
        return end
      }
      if (attempt === ORDERS_MAX) throw new Error(`${kind} to ${to}: ${JSON.stringify(end?.stop ?? order)}`)
    }
  }

  async resume(operation: string): Promise<OperationBody> {
    if (!(await resumeMove(this.isthmus, operation))) throw new Error(`${operation} was not resumed`)
    return await this.untilStopped(operation)
  }

  async untilStopped(operation: string): Promise<OperationBody> {
    const path = `/api/v1/failover-groups/${GROUP}/operations/${operation}`
    const look = async () => {
      const body = JSON.parse(await this.isthmus.get(path)) as OperationBody
      return body.state === 'running' || body.state === 'rolling-back' ? undefined : body
    }
    return await eventually('the move stops', look, { limitMs: MOVE_LIMIT_MS, signal: this.#parts.signal })
  }

  /** What the guard of routing says of the next move; undefined where nothing stops it. */
  async objection(): Promise<string | undefined> {
    const to = this.standby
    const response = await fetch(`${this.isthmus.apiUrl}/api/v1/failover-groups/${GROUP}/plans`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kind: to === HOME ? 'failback' : 'switchover', to }),
      signal: this.#parts.signal,
    })
    const { guards } = (await response.json()) as { guards: { name: string; isBlocking: boolean; evidence: string }[] }
    return guards.find(({ name, isBlocking }) => name === 'routing-available' && isBlocking)?.evidence
  }

  /** Answers of every name server for a while, and how many of them do not point at the region. */
  async judgeAnswers(region: string): Promise<{ readonly answers: number; readonly stale: number }> {
    let [answers, stale] = [0, 0]
    for (let round = 0; round < 5; round++) {
      for (const server of this.servers) {
        const told = await server.addressesOf(NAME)
        answers += told.length
        if (told.join() !== ADDRESSES[region]) stale += 1
      }
      await sleep(100)
    }
    return { answers, stale }
  }

  async pointsAt(server: NameServer): Promise<string | undefined> {
    const told = (await server.addressesOf(NAME)).join()
    return Object.keys(ADDRESSES).find((region) => ADDRESSES[region] === told)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) server.wake()
    await this.#consumer?.disconnect().catch(() => undefined)
    await this.#parts.stack.disposeAsync()
  }

  /** As an application that is restarted: it asks its name server where Kafka is. */
  async #moveReader(): Promise<void> {
    await this.#consumer?.disconnect()
    const region = (await this.pointsAt(this.third)) ?? HOME
    const { kafka } = this.#parts.regions.get(region)
    const client = new Kafka({ ...kafka, clientId: 'reader', logLevel: logLevel.NOTHING })
    const consumer = client.consumer({ groupId: READER, sessionTimeout: 10_000 })
    this.#consumer = consumer
    await consumer.connect()
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
    await consumer.run({ autoCommitInterval: 200, eachMessage: async () => undefined })
    this.reader = region
  }
}

async function fillTopic(regions: TrialRegions, signal: AbortSignal): Promise<void> {
  const home = regions.get(HOME)
  const topic = { topic: TOPIC, partitions: 1, replicationFactor: 1, configs: {} }
  const refused = (await home.admin.createTopics([topic], signal)).find(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) throw new Error(`${TOPIC}: ${refused.errorCode} ${refused.message}`)
  const producer = new Kafka({ ...home.kafka, clientId: 'writer', logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: TOPIC, messages: Array.from({ length: 20 }, (_, at) => ({ value: `${at}` })) })
  await producer.disconnect()
}
