import { describe, expect, it, test } from 'vitest'
import type { JournalEntry } from '../../../../src/authority/index.ts'
import { seededRandom } from '../../../../src/core/index.ts'
import type { DrillDocument, DrillLevel, DrillOutcome } from '../../../../src/failover/drills/drill-document.ts'
import type { DrillCall } from '../../../../src/failover/drills/drill-runner.ts'
import { cleanDrill } from '../../../../src/failover/drills/effects/clean.ts'
import { type DrillRooms, operationOf } from '../../../../src/failover/drills/effects/drill-rooms.ts'
import { measureDrill } from '../../../../src/failover/drills/effects/measure.ts'
import { moveDrill, planDrill } from '../../../../src/failover/drills/effects/move.ts'
import { GroupDesk } from '../../../../src/failover/group-desk.ts'
import { DEFAULT_GUARD_LIMITS, type MoveEvidence } from '../../../../src/failover/guards/evidence.ts'
import {
  firstDocument,
  type GroupDocument,
  groupKey,
  type OperationRecord,
  operationKey,
} from '../../../../src/failover/state.ts'
import { goodEvidence } from '../../../support/failover/good-evidence.ts'
import { east, west, WHEN } from '../../../support/failover/machine-model.ts'
import { MemoryAuthority } from '../../../support/failover/memory-authority.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const ID = 'orders-drill-0123456789abcdef'
/** As if the group had been moved. */
const away = firstDocument('orders', [east, west], WHEN)

function setUp({ level = 'full', outcome }: { readonly level?: DrillLevel; readonly outcome?: DrillOutcome } = {}) {
  const authority = new MemoryAuthority()
  const seen = { evidence: goodEvidence as MoveEvidence, left: [] as string[], cleaned: [] as string[], canClean: true }
  const desk = new GroupDesk({
    group: 'orders',
    authority,
    journal: authority,
    limits: DEFAULT_GUARD_LIMITS,
    gather: async () => seen.evidence,
  })
  const entries: Partial<JournalEntry>[] = []
  const never = () => Promise.reject(new Error('not in this test'))
  const rooms = {
    own: { name: 'orders', desk, writePauseMs: 60_000 },
    canary: undefined,
    regions: [west, east],
    streams: { open: never },
    reader: {
      read: never,
      clean: async (region: string, prefix: string) => {
        seen.cleaned.push(`${region} ${prefix}`)
        if (!seen.canClean) throw new Error(`${region} is silent`)
        return seen.left
      },
    },
    selected: never,
    states: { regions: [], put: never, readAll: never },
    authority: { identity: never, list: never },
    journal: { read: () => Promise.resolve(entries.toReversed()) },
    fences: new Map(),
    judgements: () => [],
    clock: new HurryingClock(),
    random: seededRandom(7),
  } as unknown as DrillRooms
  const drill: DrillDocument = {
    format: 1,
    id: ID,
    group: 'orders',
    level,
    from: west,
    region: east,
    request: { by: 'ada', reason: 'a rehearsal', at: WHEN, stayMs: 0 },
    phase: 'leaving',
    attempt: 1,
    steps: [],
    objectives: { rpoMs: null, rtoMs: 1_000 },
    moves: [],
    parts: {},
    leftovers: [],
    ...(outcome !== undefined && { outcome }),
  }
  const call: DrillCall = {
    drill,
    isLast: false,
    phaseMs: 0,
    permit: () => ({ name: 'controller', holder: 'here', token: 1 }),
  }
  /** As the machine leaves the group. */
  const put = (change: Partial<GroupDocument>) => {
    const stored = authority.documents.get(groupKey('orders'))
    if (stored === undefined) throw new Error('there is no group')
    const value = JSON.parse(JSON.stringify({ ...authority.group, ...change })) as never
    authority.documents.set(groupKey('orders'), { ...stored, value })
  }
  /** Ends the operation that runs, as the machine puts it aside. */
  const end = (change: Partial<OperationRecord>, group: Partial<GroupDocument>) => {
    const value = { ...authority.group.operation, ...change } as OperationRecord
    authority.documents.set(operationKey(value.id), { value: JSON.parse(JSON.stringify(value)) as never, revision: 1 })
    put({ ...group, operation: undefined })
  }
  return { authority, seen, entries, rooms, drill, call, put, end }
}

const leave = (it: ReturnType<typeof setUp>, call = it.call) =>
  moveDrill(call, { name: 'leave', to: east, rooms: it.rooms }, signal)

test('a plan waits for positions of groups that have just begun, and for no other guard that fails', async () => {
  const it = setUp({ level: 'preflight' })
  const plan = (call: Partial<DrillCall> = {}) => planDrill({ ...it.call, ...call }, it.rooms, signal)
  it.seen.evidence = { ...goodEvidence, copy: { ...goodEvidence.copy, positionsAgeMs: null } }
  expect(await plan()).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('positions-fresh') })
  expect(await plan({ isLast: true })).toMatchObject({ kind: 'failed' })
  it.seen.evidence = { ...goodEvidence, target: { ...goodEvidence.target, isReachable: false } }
  expect(await plan()).toMatchObject({ kind: 'failed', reason: expect.stringContaining('target-reachable') })
})

describe('a move of a drill', () => {
  it('is ordered once, as people order it, and waited for', async () => {
    const it = setUp()
    expect(await leave(it)).toMatchObject({ kind: 'waiting' })
    const id = operationOf(it.drill, 'orders', 'leave')
    expect(id).toMatch(/^orders-[0-9a-f]{16}$/)
    expect(it.authority.group.operation).toMatchObject({
      id,
      kind: 'switchover',
      to: east,
      request: { by: `drill ${ID} of ada` },
    })
    expect(await leave(it)).toEqual({ kind: 'waiting', reason: `switchover ${id} is at requested` })
    it.end({ phase: 'done' }, { active: east, epoch: 2 })
    expect(await leave(it)).toMatchObject({
      kind: 'done',
      found: { move: { operation: id, to: east, endedAs: 'done' } },
    })
  })

  it('that is rolled back, or needs an operator, has failed', async () => {
    const it = setUp()
    await leave(it)
    const stop = { at: 'cut' as const, reason: 'a replica is behind', instructions: 'Nothing has to be done.' }
    it.end({ phase: 'rolled-back', stop }, {})
    const answer = await leave(it)
    expect(answer).toMatchObject({ kind: 'failed', found: { move: { endedAs: 'rolled-back' } } })
    expect(answer.reason).toContain('a replica is behind')
  })

  it('that guards refuse is asked for until the time of the step is over', async () => {
    const it = setUp()
    it.seen.evidence = { ...goodEvidence, copy: { ...goodEvidence.copy, openGaps: ['orders-0'] } }
    expect(await leave(it)).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('orders-0') })
    expect(await leave(it, { ...it.call, isLast: true })).toMatchObject({ kind: 'failed' })
    expect(it.authority.group.operation).toBeUndefined()
  })

  it('home follows at once, whatever the cooldown, and nothing else is overridden', async () => {
    const it = setUp()
    it.put(away)
    it.seen.evidence = { ...goodEvidence, sinceLastMoveMs: 10 }
    await moveDrill(it.call, { name: 'return', to: west, rooms: it.rooms }, signal)
    expect(it.authority.group.operation).toMatchObject({
      kind: 'failback',
      request: { overrides: [{ guard: 'cooldown' }] },
    })
  })
})

test('a plan that guards refuse fails a preflight, with the evidence and the remedy', async () => {
  const it = setUp({ level: 'preflight' })
  it.seen.evidence = { ...goodEvidence, copy: { ...goodEvidence.copy, openGaps: ['orders-0'] } }
  const answer = await planDrill(it.call, it.rooms, signal)
  expect(answer).toMatchObject({ kind: 'failed', found: { plan: { epoch: 1 } } })
  expect(answer.reasons?.[0]).toContain('orders-0')
  const isolated = setUp({ level: 'isolated' })
  isolated.seen.evidence = it.seen.evidence
  expect(await planDrill(isolated.call, isolated.rooms, signal)).toMatchObject({ kind: 'done' })
})

test('moves are timed by the journal, from the order until the region was open', async () => {
  const it = setUp()
  await leave(it)
  const operation = operationOf(it.drill, 'orders', 'leave')
  it.end({ phase: 'done', writePausedMs: 700 }, { active: east, epoch: 2 })
  const at = (ms: number) => new Date(Date.parse(WHEN) + ms).toISOString()
  const enter = (phase: string, ms: number, number: number) => ({
    number,
    kind: 'transition',
    operation,
    at: at(ms),
    facts: { phase },
  })
  it.entries.push(
    { number: 1, kind: 'request', operation, at: at(0), facts: {} },
    enter('fencing', 100, 2),
    { number: 3, kind: 'transition', operation: 'another', at: at(150), facts: { phase: 'cut' } },
    enter('fencing', 300, 4),
    enter('opening', 1_000, 5),
    enter('verifying', 1_400, 6),
    enter('done', 1_500, 7),
  )
  const answer = await measureDrill(it.call, { rooms: it.rooms, stream: undefined }, signal)
  expect(answer.found?.parts?.moves?.[0]?.steps).toEqual([
    { phase: 'requested', at: at(0), tookMs: 100 },
    { phase: 'fencing', at: at(100), tookMs: 900 },
    { phase: 'opening', at: at(1_000), tookMs: 400 },
    { phase: 'verifying', at: at(1_400), tookMs: 100 },
    { phase: 'done', at: at(1_500), tookMs: 0 },
  ])
  expect(answer).toMatchObject({
    kind: 'failed',
    found: { measured: { rtoMs: 1_400, writePauseMs: 700, rpoRecords: null } },
  })
  expect(answer.reason).toContain('after 1400 ms, the objective is 1000 ms')
})

describe('a clean-up', () => {
  const interrupted: DrillOutcome = { kind: 'interrupted', reasons: ['east is suspect'] }

  it('tells what it looked for, and sweeps what earlier drills have left', async () => {
    const it = setUp({ level: 'isolated' })
    const answer = await cleanDrill(it.call, it.rooms, signal)
    expect(answer).toMatchObject({ kind: 'done', reason: '5 looked for, 0 left behind' })
    expect(it.seen.cleaned).toContain('east isthmus.drill.orders-drill-')
    it.seen.left = ['isthmus.drill.orders-drill-0']
    expect(await cleanDrill(it.call, it.rooms, signal)).toMatchObject({ kind: 'failed' })
  })

  it('takes back a move that has not committed', async () => {
    const it = setUp({ outcome: interrupted })
    await leave(it)
    expect(await cleanDrill(it.call, it.rooms, signal)).toMatchObject({ kind: 'waiting' })
    expect(it.authority.group.operation?.abort).toEqual({ by: `drill ${ID}`, reason: 'east is suspect' })
    it.end({ phase: 'rolled-back' }, {})
    expect(await cleanDrill(it.call, it.rooms, signal)).toMatchObject({ kind: 'done' })
  })

  it('brings a group home that a drill has left away', async () => {
    const it = setUp({ outcome: { kind: 'failed', reasons: ['records were lost'] } })
    it.put(away)
    expect(await cleanDrill(it.call, it.rooms, signal)).toMatchObject({ kind: 'waiting' })
    expect(it.authority.group.operation).toMatchObject({ kind: 'failback', to: west })
    it.end({ phase: 'done' }, firstDocument('orders', [west, east], WHEN))
    expect(await cleanDrill(it.call, it.rooms, signal)).toMatchObject({ kind: 'done' })
  })

  it('leaves applications where they are in an incident, with the command for later', async () => {
    const it = setUp({ outcome: interrupted })
    it.put(away)
    const answer = await cleanDrill(it.call, it.rooms, signal)
    expect(answer.kind).toBe('failed')
    expect(answer.found?.leftovers?.[0]?.found[0]).toContain('isthmus failback orders --to west --reason')
    expect(it.authority.group.operation).toBeUndefined()
  })

  it('names an operation that needs a person', async () => {
    const it = setUp({ outcome: { kind: 'failed', reasons: ['it stands'] } })
    await leave(it)
    const id = operationOf(it.drill, 'orders', 'leave')
    const stop = { at: 'promoting' as const, reason: 'east is silent', instructions: 'Resume it.' }
    it.put({
      active: east,
      epoch: 2,
      operation: { ...it.authority.group.operation, phase: 'needs-operator', stop } as OperationRecord,
    })
    const answer = await cleanDrill(it.call, it.rooms, signal)
    expect(answer.found?.leftovers?.[0]?.found[0]).toContain(`isthmus operation resume ${id}`)
  })

  it('does not wait for ever for a region that is away', async () => {
    const it = setUp({ level: 'preflight' })
    it.seen.canClean = false
    expect(await cleanDrill(it.call, it.rooms, signal)).toMatchObject({ kind: 'waiting' })
    const answer = await cleanDrill({ ...it.call, phaseMs: 31_000 }, it.rooms, signal)
    expect(answer.kind).toBe('failed')
    expect(answer.found?.leftovers?.at(-1)).toMatchObject({ found: [], trouble: 'east is silent' })
  })
})
