import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import type { ClientsBody } from '../../../src/api/contract/index.ts'
import { GROUP, readGroup } from '../failover-trial/control.ts'
import { GROUP_PREFIX, TOPIC_PREFIX } from '../failover-trial/trial-regions.ts'
import { eventually, IsthmusProcess } from '../isthmus-process.ts'
import type { TrialContext } from '../trial.ts'
import { TrialFolder } from '../trial-folder.ts'
import { type App, castOf, isRolledOut, PARTITIONS, programsOf, TOPICS } from './cast.ts'
import { type ClientRegion, type ClientRegions, startClientRegions } from './client-regions.ts'
import type { DoorState } from './door.ts'
import { AppProgram, type Note } from './program.ts'

export interface ClientsStageOptions {
  readonly isIdentical: boolean
  readonly isDocumented: boolean
  readonly java: string
  readonly python: string | undefined
}

const NAMES = ['alpha', 'beta'] as const
const START_LIMIT_MS = 120_000
/** Aborted records that stand in front of everything where offsets are to differ. */
const ABORTED = 150
/** As a rollout takes its time, a client that looks for another cluster by itself has found it by then. */
const ROLLOUT_AFTER_MS = 2_000
/** What the operator gave Isthmus to run; its answer is the exit code. */
const PROGRAM = `fetch(process.argv[1] + '/' + process.env.ISTHMUS_ACTION + '/' + process.env.ISTHMUS_FROM + '/' +
  process.env.ISTHMUS_TO, { method: 'POST' }).then(({ ok }) => { process.exitCode = ok ? 0 : 1 })`

/** Two regions with a failover group, applications of every library at work, and the operator's programs that move them. */
export class ClientsStage implements AsyncDisposable {
  readonly folder: TrialFolder
  readonly cast: readonly App[]
  readonly isthmus: IsthmusProcess
  /** Everything that applications have told, in the order it was heard. */
  readonly notes: readonly Note[]
  /** What the door of the region that is left next becomes. */
  mode: DoorState = 'open'
  /** When clients were last led elsewhere, wall clock. */
  flippedMs = 0
  readonly #regions: ClientRegions
  readonly #programs: readonly AppProgram[]
  readonly #isDocumented: boolean
  readonly #stack: AsyncDisposableStack

  static async start(options: ClientsStageOptions, context: TrialContext): Promise<ClientsStage> {
    const { signal, log } = context
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(new TrialFolder())
    const regions = stack.use(await startClientRegions(NAMES, { folder: folder.path, signal }))
    const [home] = regions.all
    if (home === undefined) throw new Error('a stage has regions')
    await createTopics(home, signal)
    if (!options.isIdentical) await shiftOffsets(home)
    const listener: { stage?: ClientsStage } = {}
    const control = stack.use(await startControl(async (...order) => await listener.stage?.obey(...order)))
    const entries = regions.all.map(({ entry }) => entry)
    const rest = renderConfig({ control: control.url, authority: folder.file('authority.db'), ...options })
    const isthmus = stack.use(await IsthmusProcess.start({ regions: entries, rest }))
    await untilFenced(isthmus, regions, signal)
    const cast = castOf(options).filter(({ library }) => library !== 'librdkafka' || options.python !== undefined)
    const bootstrap = `127.0.0.1:${regions.address.port}`
    const plans = await programsOf(cast, { ...options, folder: folder.path, bootstrap, caFile: regions.caFile, signal })
    const notes: Note[] = []
    const programs = plans.map((plan) => {
      const onTrouble = (text: string) => log(`apps, ${secondsSince(listener.stage)}: ${text}`)
      return stack.use(new AppProgram({ ...plan, onNote: (note) => void notes.push(note), onTrouble }))
    })
    await Promise.all(programs.map((program) => program.ready()))
    const stage = new ClientsStage({ folder, cast, isthmus, notes, regions, programs, options, stack: stack.move() })
    listener.stage = stage
    return stage
  }

  private constructor(parts: {
    readonly folder: TrialFolder
    readonly cast: readonly App[]
    readonly isthmus: IsthmusProcess
    readonly notes: readonly Note[]
    readonly regions: ClientRegions
    readonly programs: readonly AppProgram[]
    readonly options: ClientsStageOptions
    readonly stack: AsyncDisposableStack
  }) {
    this.folder = parts.folder
    this.cast = parts.cast
    this.isthmus = parts.isthmus
    this.notes = parts.notes
    this.#regions = parts.regions
    this.#programs = parts.programs
    this.#isDocumented = parts.options.isDocumented
    this.#stack = parts.stack
  }

  region(name: string): ClientRegion {
    const found = this.#regions.all.find((one) => one.name === name)
    if (found === undefined) throw new Error(`no region ${name}`)
    return found
  }

  /** What the operator's programs do. */
  async obey(action: string, from: string, to: string): Promise<void> {
    if (action === 'switch') {
      const stopped = this.#isDocumented ? this.cast.filter(({ way }) => way === 'stopped') : []
      await Promise.all(stopped.map((app) => this.#program(app).stop(app.name)))
      await this.region(from).door.set(this.mode)
      this.#regions.address.lead(this.region(to).door.port)
      this.flippedMs = Date.now()
      for (const app of stopped) this.#program(app).start(app.name)
    }
    if (action !== 'evict' || !this.#isDocumented) return
    await sleep(ROLLOUT_AFTER_MS)
    await this.restart(this.cast.filter((app) => isRolledOut(app, this.mode)))
  }

  async restart(apps: readonly App[]): Promise<void> {
    await Promise.all(
      apps.map(async (app) => {
        await this.#program(app).stop(app.name)
        this.#program(app).start(app.name)
      }),
    )
  }

  async stopProducers(): Promise<void> {
    const producers = this.cast.filter(({ group }) => group === undefined)
    // One that hangs has ended for whoever reads: what it sends later stands behind what is judged.
    await Promise.allSettled(producers.map((app) => this.#program(app).stop(app.name)))
  }

  /** Who is where, as Isthmus tells it. */
  async clients(): Promise<ClientsBody> {
    return JSON.parse(await this.isthmus.get(`/api/v1/failover-groups/${GROUP}/clients`)) as ClientsBody
  }

  /** Milliseconds after `sinceMs` until each application worked behind it; undefined for those that have not. */
  workedAfter(sinceMs: number): ReadonlyMap<string, number | undefined> {
    const acked = this.notes.filter(({ verdict, atMs }) => verdict === 'acked' && atMs > sinceMs)
    const fresh = new Set(acked.map(({ id }) => id))
    const first = ({ name, group }: App) => {
      if (group === undefined) return acked.find(({ app }) => app === name)
      return this.notes.find(({ verdict, app, id }) => verdict === 'read' && app === name && fresh.has(id))
    }
    return new Map(
      this.cast.map((app) => {
        const note = first(app)
        return [app.name, note && note.atMs - sinceMs] as const
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }

  #program({ name }: App): AppProgram {
    const found = this.#programs.find(({ apps }) => apps.includes(name))
    if (found === undefined) throw new Error(`nobody runs ${name}`)
    return found
  }
}

function secondsSince(stage: ClientsStage | undefined): string {
  if (stage === undefined || stage.flippedMs === 0) return 'before any move'
  return `${((Date.now() - stage.flippedMs) / 1_000).toFixed(1)} s after the last flip`
}

async function startControl(obey: (action: string, from: string, to: string) => Promise<void>) {
  const server: Server = createServer((request, response) => {
    const [, action = '', from = '', to = ''] = (request.url ?? '').split('/')
    obey(action, from, to).then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function renderConfig({
  control,
  authority,
  isDocumented,
}: {
  readonly control: string
  readonly authority: string
  readonly isDocumented: boolean
}): string {
  const program = JSON.stringify([process.execPath, '-e', PROGRAM, control])
  // Nobody leaves by himself in time where nothing is restarted.
  const evictSeconds = isDocumented ? 30 : 3
  const timings = `cooldownSeconds: 0, groupGraceSeconds: 1, evictSeconds: ${evictSeconds}, fenceCheckSeconds: 1`
  return [
    'failoverGroups:',
    `  - name: ${GROUP}`,
    `    regions: [${NAMES.join(', ')}]`,
    `    topics: { include: ["${TOPIC_PREFIX}*"] }`,
    `    consumerGroups: { include: ["${GROUP_PREFIX}*"] }`,
    `    failover: { ${timings} }`,
    `    routing: [{ kind: command, switch: ${program} }]`,
    `    eviction: [{ kind: command, evict: ${program} }]`,
    `authority: { path: "${authority}", leaseSeconds: 3 }`,
  ].join('\n')
}

async function createTopics({ admin }: ClientRegion, signal: AbortSignal): Promise<void> {
  const topics = TOPICS.map((topic) => ({ topic, partitions: PARTITIONS, replicationFactor: 1, configs: {} }))
  const refused = (await admin.createTopics(topics, signal)).find(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) throw new Error(`topic ${refused.topic}: ${refused.errorCode} ${refused.message}`)
}

/** An aborted transaction in every partition: what nobody reads is not copied, so offsets are lower on the copy. */
async function shiftOffsets({ region }: ClientRegion): Promise<void> {
  const { security, bootstrap } = region
  const kafka = new Kafka({
    brokers: region.security?.mtlsBootstrap.slice() ?? [...bootstrap],
    ssl: { ca: [security?.tls.ca ?? ''], cert: security?.tls.cert ?? '', key: security?.tls.key ?? '' },
    logLevel: logLevel.NOTHING,
  })
  const producer = kafka.producer({ transactionalId: 'shift', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  const messages = Array.from({ length: ABORTED * PARTITIONS }, (_, at) => {
    return { key: 'aborted', value: `aborted-${at}`, partition: at % PARTITIONS }
  })
  for (const topic of TOPICS) await transaction.send({ topic, messages })
  await transaction.abort()
  await producer.disconnect()
}

async function untilFenced(isthmus: IsthmusProcess, regions: ClientRegions, signal: AbortSignal): Promise<void> {
  const look = async () => {
    if (!isthmus.isRunning) throw new Error(`isthmus ended: ${isthmus.log.slice(-8).join('\n')}`)
    const group = await readGroup(isthmus)
    const standbys = group?.fences.filter(({ region }) => region !== group.active) ?? []
    const areFenced = standbys.length === regions.all.length - 1 && standbys.every(({ state }) => state === 'fenced')
    return areFenced ? true : undefined
  }
  await eventually('the standby is fenced', look, { limitMs: START_LIMIT_MS, signal })
}
