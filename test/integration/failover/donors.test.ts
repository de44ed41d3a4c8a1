import { afterAll, expect, it } from 'vitest'
import { GroupLinks } from '../../../src/controller/group-links.ts'
import { impliedLinkName } from '../../../src/config/index.ts'
import { linkName, regionName, systemClock as clock } from '../../../src/core/index.ts'
import { catchUp } from '../../../src/failover/effects/catch-up.ts'
import { callOf, type EffectCall, type GroupRooms } from '../../../src/failover/effects/group-rooms.ts'
import { promote } from '../../../src/failover/effects/promote.ts'
import { rollBack } from '../../../src/failover/effects/roll-back.ts'
import type { GroupDocument, OperationRecord } from '../../../src/failover/index.ts'
import type { Outcome } from '../../../src/failover/outcome.ts'
import { decideMove, type Report } from '../../../src/failover/moves/decide-move.ts'
import { startRegion } from '../../../src/local/index.ts'
import type { LinkSpec } from '../../../src/replication/index.ts'
import { eventually, Side, signal, values } from '../replication/copy-trial.ts'
import { Mover } from '../replication/moves/moving.ts'

const GROUP = 'trial'
const COUNTS = { 'on all': 10, 'only on c': 7, later: 3 }
const AT = '2026-11-21T12:00:00.000Z'
let topics: readonly string[] = []
const regions = await Promise.all(['a', 'b', 'c'].map((name) => startRegion({ name, heapMb: 256 })))
const [a, b, c] = regions as [(typeof regions)[0], (typeof regions)[0], (typeof regions)[0]]
const [inA, inB, inC] = [new Side(a), new Side(b), new Side(c)]
const movers: Mover[] = []
const followers: GroupLinks[] = []
afterAll(async () => {
  await Promise.all(followers.map((links) => links.stop()))
  await Promise.all(movers.map((mover) => mover.stop()))
  await Promise.all([inA, inB, inC].map((side) => side.close()))
  await Promise.all(regions.map((region) => region.stop()))
}, 60_000)

function linkOf(source: string, target: string, only: readonly string[] = topics): LinkSpec {
  return {
    name: linkName(impliedLinkName(GROUP, source, target)),
    source: regionName(source),
    target: regionName(target),
    topics: { include: only, exclude: [] },
    groups: { include: ['group*'], exclude: [] },
    start: 'earliest',
  }
}

const operation: OperationRecord = {
  id: 'op-1',
  kind: 'failover',
  from: regionName('a'),
  to: regionName('b'),
  phase: 'catching-up',
  attempt: 1,
  epoch: 1,
  request: {
    by: 'ada',
    reason: 'a is lost',
    at: AT,
    planHash: 'h',
    writePauseLimitMs: 60_000,
    overrides: [],
    acceptLoss: true,
  },
  fence: 'command',
  evidence: {},
  writePausedMs: 0,
  warnings: [],
}

const NOT_FENCED = {
  permitted: () => NOT_FENCED,
  hasCommand: false,
  records: async () => ({ records: [], trouble: undefined }),
  acknowledge: async () => ({ kind: 'done' }),
  proveOpen: async () => ({ kind: 'done', evidence: { topicsTried: 0 } }),
}

/** The moves of a controller, over a document in memory. */
class Deciding {
  readonly #rooms: GroupRooms
  readonly #tell: (document: GroupDocument) => void
  #report: Report | undefined
  document: GroupDocument = {
    format: 1,
    group: GROUP,
    generation: 1,
    epoch: 1,
    active: regionName('a'),
    regions: {
      a: { role: 'active', since: AT, reason: 'first reign' },
      b: { role: 'standby', since: AT, reason: 'first reign' },
      c: { role: 'standby', since: AT, reason: 'first reign' },
    },
    reigns: [{ epoch: 1, active: regionName('a'), kind: 'first', operation: 'first', committedAt: AT }],
    operation,
  }

  constructor(mover: Mover, tell: (document: GroupDocument) => void) {
    this.#tell = tell
    const { replicator } = mover
    const fences = new Map([['a', NOT_FENCED]]) as unknown as GroupRooms['fences']
    const rooms: Partial<GroupRooms> = { group: GROUP, replicator, linkOf, fences, waitMs: 3_000, clock }
    const recordedConfigs = async () => undefined
    this.#rooms = { ...rooms, recordedConfigs, topics: { include: topics, exclude: [] } } as GroupRooms
  }

  async pass(): Promise<void> {
    const moment = { phaseMs: 0, writePausedMs: 0, at: AT }
    const decision = decideMove({ document: this.document, hold: undefined, report: this.#report, ...moment })
    if (decision.kind === 'write') {
      this.document = decision.next
      this.#tell(this.document)
      return
    }
    if (decision.kind !== 'call') throw new Error(decision.reason)
    const { id, attempt } = decision.operation
    this.#report = { operation: id, attempt, outcome: await catchUp(this.#callOf(decision.operation)) }
  }

  /** As a controller over a restored authority does, which has no evidence. */
  promote(): Promise<Outcome> {
    return promote(this.#callOf(operation))
  }

  rollBack(): Promise<Outcome> {
    return rollBack(this.#callOf(operation))
  }

  #callOf(of: OperationRecord): EffectCall {
    const permit = () => ({ name: 'controller', holder: 'one', token: 1 })
    const context = { document: this.document, operation: of, permit, evidenceOf: async () => undefined }
    return callOf(this.#rooms, context, signal)
  }

  get phase(): string | undefined {
    return this.document.operation?.phase
  }

  describe(): string {
    return JSON.stringify([this.document.operation, this.#report])
  }
}

/** The region is lost while one standby has more of the first topic than the other. */
async function loseAhead(ahead: string, level: string): Promise<void> {
  topics = [ahead, level]
  for (const topic of topics) {
    await inA.createTopic(topic)
    await inA.produce(topic, values('on all', COUNTS['on all']))
  }
  const before = new Mover({ a, b, c }, topics)
  for (const target of ['b', 'c']) await before.copy('a', target)
  for (const target of ['b', 'c']) await before.untilCopied('a', target)
  await before.stopCopy('a', 'b')
  await inA.produce(ahead, values('only on c', COUNTS['only on c']))
  await before.untilCopied('a', 'c')
  await before.stop()
  await a.stopBroker(0, { hard: true })
}

it('what a survivor has beyond the next active region is fetched by whoever copies, and its copy ends with the promotion', async () => {
  await loseAhead('late', 'level')
  const deciding = new Mover({ a, b, c }, topics, { copies: false, processName: 'controller' })
  movers.push(deciding)
  const controller = new Deciding(deciding, (document) => {
    for (const links of followers) links.follow(document)
  })
  const isOnRecord = async () => {
    await controller.pass()
    return controller.document.operation?.donors
  }
  const donors = await eventually('it is on record', isOnRecord, () => controller.describe())
  expect(donors).toEqual([{ region: 'c', topics: ['late'] }])
  // Nobody copies yet, as if every replicator had just died.
  for (let pass = 0; pass < 5; pass++) await controller.pass()
  expect(controller.phase).toBe('catching-up')
  expect(await inB.end('late')).toBe(10)

  const copying = new Mover({ a, b, c }, topics, { processName: 'replicator' })
  movers.push(copying)
  const links = new GroupLinks({
    group: GROUP,
    regions: ['a', 'b', 'c'],
    replicator: copying.replicator,
    linkOf,
    clock,
    onError: (error) => {
      throw error
    },
  })
  followers.push(links)
  links.start()
  links.follow(controller.document)
  const isDone = async () => {
    await controller.pass()
    return controller.phase === 'catching-up' ? undefined : controller.document
  }
  const done = await eventually('it has caught up', isDone, () => controller.describe() + copying.describe())
  expect(done.operation).toMatchObject({ phase: 'translating' })
  expect(done.operation).not.toHaveProperty('donors')
  expect((await inB.read('late')).map(({ value }) => value)).toEqual([
    ...values('on all', 10),
    ...values('only on c', 7),
  ])
  await eventually(
    'the link has ended',
    () => (copying.replicator.links().length === 0 ? true : undefined),
    () => copying.describe(),
  )

  const { returned } = deciding.replicator.moves
  const openSources = async () => {
    const open = await returned.openCopies(regionName('b'), { include: topics, exclude: [] }, signal)
    return open.map(({ key }) => `${key.topic} from ${key.source}`).toSorted()
  }
  expect(await openSources()).toEqual(['late from c', 'level from a'])
  expect(await controller.promote()).toMatchObject({ kind: 'done' })
  expect(await openSources()).toEqual([])
  await a.startBroker(0)
}, 110_000)

it('what was fetched from a survivor stays when the failover is rolled back, and the region is copied on behind it', async () => {
  await loseAhead('early', 'even')
  const mover = new Mover({ a, b, c }, topics)
  movers.push(mover)
  const controller = new Deciding(mover, () => undefined)
  const isDone = async () => {
    await controller.pass()
    return controller.phase === 'catching-up' ? undefined : true
  }
  await eventually('it has caught up', isDone, () => controller.describe() + mover.describe())
  await a.startBroker(0)
  const isBack = async () => ((await controller.rollBack()).kind === 'done' ? true : undefined)
  await eventually('it is rolled back', isBack, () => controller.describe() + mover.describe())
  await inA.produce('early', values('later', COUNTS.later))
  await inA.produce('even', values('later', COUNTS.later))
  for (const side of [inB, inC]) {
    const all = { early: ['on all', 'only on c', 'later'], even: ['on all', 'later'] } as const
    for (const [topic, parts] of Object.entries(all)) {
      const wanted = parts.flatMap((part) => values(part, COUNTS[part]))
      const isCopied = async () => ((await side.read(topic)).length >= wanted.length ? true : undefined)
      await eventually(`${topic} is copied`, isCopied, () => mover.describe())
      expect((await side.read(topic)).map(({ value }) => value)).toEqual(wanted)
    }
  }
}, 110_000)
