import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type AuthorityEvents, type AuthorityOptions, Journal, openAuthority } from '../../../src/authority/index.ts'
import { createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import {
  type AuthorityPort,
  authorityPort,
  DEFAULT_GUARD_LIMITS,
  type FailoverEvents,
  GroupController,
  type GroupDocument,
  GroupDesk,
  journalPort,
  Leadership,
  type MoveEffects,
  type Outcome,
  type ReturnEffects,
} from '../../../src/failover/index.ts'
import { EtcdServer, etcdProgram } from '../../support/authority/etcd-server.ts'
import { hasKubernetes, KubeServer } from '../../support/kubernetes/kube-server.ts'
import { ShiftedClock } from '../../support/authority/shifted-clock.ts'
import { goodEvidence } from '../../support/failover/good-evidence.ts'
import { east, north, WHEN, west } from '../../support/failover/machine-model.ts'
import { eventually } from '../replication/copy-trial.ts'

const never = new AbortController().signal
const GROUP = 'orders'
const LEASE_MS = 1_500
const SETTLE_MS = 300

/** Its time stands still, as for a process that is stopped, and does not know it, in the middle of what it does. */
class StandingClock extends ShiftedClock {
  #stoodAtMs: number | undefined

  override monotonicMs = () => this.#stoodAtMs ?? systemClock.monotonicMs()

  get isStanding(): boolean {
    return this.#stoodAtMs !== undefined
  }

  stand(): void {
    this.#stoodAtMs = systemClock.monotonicMs()
  }

  goOn(): void {
    this.#stoodAtMs = undefined
  }
}

/** A controller of one group on a real authority; the regions do what the test says. */
class Process implements AsyncDisposable {
  readonly name: string
  readonly clock = new StandingClock()
  readonly leadership: Leadership
  readonly journal: Journal
  readonly desk: GroupDesk
  /** What became of its writes to the group's document and evidence. */
  readonly writes: string[] = []
  readonly lost: string[] = []
  /** What it is told of the copy. */
  isDrained = false
  readonly #authority: ReturnType<typeof openAuthority>
  readonly #controller: GroupController

  constructor(name: string, options: AuthorityOptions) {
    this.name = name
    const { clock } = this
    const context = { clock, random: systemRandom }
    this.#authority = openAuthority(options, { ...context, events: createEvents<AuthorityEvents>() })
    this.journal = new Journal({ authority: this.#authority, context })
    const events = createEvents<FailoverEvents>()
    events.on('lead:lost', ({ reason }) => this.lost.push(reason))
    const authority = this.#listenedTo(authorityPort(this.#authority))
    const shared = { group: GROUP, authority, journal: journalPort(this.journal) }
    const times = { pollMs: 20, idleMs: 20, callDeadlineMs: 1_000, settleMs: SETTLE_MS }
    const lease = { name: 'controller', holder: name, ttlMs: LEASE_MS, settleMs: SETTLE_MS }
    this.leadership = new Leadership({ ...lease, authority, clock, events })
    this.desk = new GroupDesk({ ...shared, limits: DEFAULT_GUARD_LIMITS, gather: async () => goodEvidence })
    const { leadership } = this
    const acts = { effects: this.#effects(), returns: {} as ReturnEffects }
    this.#controller = new GroupController({
      ...shared,
      ...times,
      ...acts,
      regions: [],
      actor: name,
      leadership,
      clock,
      events,
    })
  }

  start(): void {
    this.leadership.start()
    this.#controller.start()
  }

  get leads(): boolean {
    return this.leadership.hold() === undefined
  }

  async read(): Promise<GroupDocument> {
    return (await this.desk.read(never)).document
  }

  /** As kill -9: nothing is given back. */
  async kill(): Promise<void> {
    this.clock.stand()
    await this.#controller.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clock.goOn()
    await this.#controller.stop()
    await this.leadership.stop()
    await this.#authority.close()
  }

  /** While its time stands still it renews nothing; what it was about to write goes out. */
  #listenedTo(port: AuthorityPort): AuthorityPort {
    return {
      ...port,
      write: async (...args) => {
        const result = await port.write(...args)
        if (args[2].lease !== undefined) this.writes.push(result.kind)
        return result
      },
      renew: async (lease, signal) => (this.clock.isStanding ? true : port.renew(lease, signal)),
    }
  }

  #effects(): MoveEffects {
    const done = async (): Promise<Outcome> => ({ kind: 'done', reason: `done by ${this.name}` })
    const fenced = async (): Promise<Outcome> => {
      return { kind: 'done', reason: `fenced by ${this.name}`, findings: { fence: 'proved' } }
    }
    const drain = async (): Promise<Outcome> => {
      return this.isDrained ? done() : { kind: 'waiting', reason: 'the copy is behind' }
    }
    return new Proxy({} as MoveEffects, {
      get: (_, effect) => (effect === 'fence' ? fenced : effect === 'drain' ? drain : done),
    })
  }
}

let folder: string
let etcd: EtcdServer | undefined
let kubernetes: KubeServer | undefined
const processes: Process[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-several-'))
  if (etcdProgram !== undefined) etcd = await EtcdServer.start()
  if (hasKubernetes) kubernetes = await KubeServer.start()
})

afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one[Symbol.asyncDispose]()))
})

afterAll(async () => {
  await etcd?.[Symbol.asyncDispose]()
  await kubernetes?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const backends: Readonly<Record<string, (about: string) => AuthorityOptions>> = {
  sqlite: (about) => ({ kind: 'sqlite', path: join(folder, about) }),
  etcd: (about) => ({ kind: 'etcd', endpoints: etcd?.endpoints ?? [], prefix: `/${about}/` }),
  kubernetes: (name) => ({ kind: 'kubernetes', kubeconfig: kubernetes?.kubeconfig ?? '', name }),
}

const until = (what: string, look: () => boolean | Promise<boolean>) => {
  const seen = async () => ((await look()) ? true : undefined)
  const describeAll = () =>
    JSON.stringify(processes.map(({ name, leads, writes, lost }) => ({ name, leads, writes, lost })))
  return eventually(what, seen, describeAll, 60_000)
}

const isMissing = (kind: string) =>
  (kind === 'etcd' && etcdProgram === undefined) || (kind === 'kubernetes' && !hasKubernetes)

describe.each(['sqlite', 'etcd', 'kubernetes'])('two controllers on %s', (kind) => {
  /** Both run, `one` leads, and a switchover waits for its copy. */
  async function amidAMove(about: string) {
    const options = backends[kind]?.(about) as AuthorityOptions
    const [one, other] = [new Process('one', options), new Process('other', options)]
    processes.push(one, other)
    const copies = { behind: 0, behindForMs: 0, upToRevision: 0, trouble: undefined, refused: [], strays: [] }
    const known = [west, east, north].map((region) => ({ region, ...copies, sight: 'read' as const }))
    await one.desk.create({ ranked: [west, east, north], at: WHEN, copies: known }, never)
    one.start()
    await until('one leads', () => one.leads)
    other.start()
    const wish = { kind: 'switchover', to: east, overrides: [], acceptLoss: false, writePauseLimitMs: 60_000 } as const
    const { epoch, hash: planHash } = await other.desk.plan(wish, never)
    await other.desk.start({ ...wish, id: about, by: 'ada', reason: 'drill', at: WHEN, epoch, planHash }, never)
    await until('it drains', async () => (await one.read()).operation?.phase === 'draining')
    expect(other.leads).toBe(false)
    return { one, other }
  }

  async function expectMoved(other: Process, about: string) {
    await until('it has moved', async () => (await other.read()).operation === undefined)
    const document = await other.read()
    expect(document).toMatchObject({ active: east, epoch: 2 })
    expect(document.reigns.map(({ epoch, operation }) => [epoch, operation])).toEqual([
      [1, 'first'],
      [2, about],
    ])
    expect(await other.journal.verify(never)).toMatchObject({ kind: 'intact' })
  }

  test.skipIf(isMissing(kind))(
    'the other one goes on where the first one was killed, once its lease has ended',
    async () => {
      const { one, other } = await amidAMove('killed')
      await one.kill()
      const written = one.writes.length
      other.isDrained = true
      const startedMs = performance.now()
      await until('the other one leads', () => other.leads)
      expect(performance.now() - startedMs).toBeGreaterThan(SETTLE_MS)
      await expectMoved(other, 'killed')
      expect(one.writes.length).toBe(written)
      expect(other.writes).not.toContain('lease-lost')
    },
    120_000,
  )

  test.skipIf(isMissing(kind))(
    'whoever slept in the middle of a move is refused by its token when it wakes up',
    async () => {
      const { one, other } = await amidAMove('slept')
      one.clock.stand()
      await until('the other one leads', () => other.leads)
      expect(one.leads).toBe(true)
      // The sleeper goes on with what it was about to do, while the other one still waits.
      one.isDrained = true
      await until('it was refused', () => one.writes.includes('lease-lost'))
      expect((await other.read()).operation?.phase).toBe('draining')
      other.isDrained = true
      await expectMoved(other, 'slept')
      const refused = one.writes.slice(one.writes.indexOf('lease-lost'))
      expect(new Set(refused)).toEqual(new Set(['lease-lost']))
      one.clock.goOn()
      await until('it has heard', () => one.lost.length > 0)
      expect(one.leads).toBe(false)
      expect(other.leads).toBe(true)
    },
    120_000,
  )
})
