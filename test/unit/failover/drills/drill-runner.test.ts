import { expect, test } from 'vitest'
import { type AuthorityEvents, Journal, MemoryStore, openAuthority } from '../../../../src/authority/index.ts'
import { createEvents, regionName, seededRandom } from '../../../../src/core/index.ts'
import type { DrillAnswer } from '../../../../src/failover/drills/decide-drill.ts'
import { DrillDesk, drillId, type DrillOrder, isDrillOf } from '../../../../src/failover/drills/drill-desk.ts'
import type { DrillLevel } from '../../../../src/failover/drills/drill-document.ts'
import { type DrillEffects, DrillRunner } from '../../../../src/failover/drills/drill-runner.ts'
import type { DrillEffectName } from '../../../../src/failover/drills/drill-steps.ts'
import { DrillStore } from '../../../../src/failover/drills/drill-store.ts'
import type { DrillSummary } from '../../../../src/failover/drills/drill-summary.ts'
import { authorityPort, journalPort } from '../../../../src/failover/effects/authority-port.ts'
import type { FailoverEvents } from '../../../../src/failover/events.ts'
import { firstDocument, type GroupDocument } from '../../../../src/failover/state.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const [west, east] = [regionName('west'), regionName('east')]
const DAY_MS = 86_400_000

async function setUp(answers: Partial<Record<DrillEffectName, () => DrillAnswer>> = {}) {
  const clock = new HurryingClock()
  const random = seededRandom(7)
  const store = new MemoryStore({ clock })
  const events = createEvents<AuthorityEvents>()
  const authority = openAuthority({ kind: 'memory', store }, { clock, random, events })
  const lease = await authorityPort(authority).acquire('controller', 'here', 60_000, signal)
  if (lease === undefined) throw new Error('the lease is free')
  const journal = new Journal({ authority, context: { clock, random } })
  const drills = new DrillStore(authority, 'orders')
  const group: { document: GroupDocument } = { document: firstDocument('orders', [west, east], 'then') }
  const desk = new DrillDesk({
    group: 'orders',
    regions: [west, east],
    objectives: { rpoMs: 5_000, rtoMs: null },
    store: drills,
    journal: journalPort(journal),
    desk: { read: () => Promise.resolve({ document: group.document, revision: 1 }) },
    canary: undefined,
  })
  const calls: string[] = []
  const told: string[] = []
  const failover = createEvents<FailoverEvents>()
  failover.on('drill:ended', ({ outcome, reason }) => void told.push(`${outcome}: ${reason}`))
  const makeRunner = () => {
    const answer = (effect: DrillEffectName) => () => {
      calls.push(effect)
      return Promise.resolve(answers[effect]?.() ?? ({ kind: 'done', reason: 'well' } as const))
    }
    const names = ['stream', 'plan', 'leave', 'stay', 'comeBack', 'read', 'restore', 'measure', 'clean'] as const
    const effects = Object.fromEntries(names.map((name) => [name, answer(name)])) as unknown as DrillEffects
    const around = { hasStream: () => false, incident: async () => undefined, release: async () => undefined }
    return new DrillRunner({
      group: 'orders',
      actor: 'here',
      store: drills,
      journal: journalPort(journal),
      leadership: { hold: () => undefined, lease: () => lease, forfeit: () => undefined },
      effects: { ...effects, ...around },
      clock,
      events: failover,
      pollMs: 1,
      callDeadlineMs: 1_000,
    })
  }
  const order = (level: DrillLevel, key: string, over: Partial<DrillOrder> = {}): DrillOrder => ({
    id: drillId('orders', key),
    level,
    region: undefined,
    by: 'ada',
    reason: 'test',
    at: new Date(clock.nowMs()).toISOString(),
    stayMs: 0,
    ...over,
  })
  /** As many passes as are given, or until nothing is left to do. */
  const pass = async (runner = makeRunner(), most = 50) => {
    for (let at = 0; at < most; at++) {
      const decision = runner.decide(await runner.observe(signal))
      if (decision.kind === 'idle') return
      await runner.act(decision, signal)
    }
  }
  return { authority, clock, desk, drills, lease, calls, told, group, order, pass, makeRunner, journal }
}

test('a drill is carried out step by step, put into the history, and summed up', async () => {
  const measured = { rpoRecords: 0, rpoMs: 0, rtoMs: 900, writePauseMs: 300 }
  const { authority, desk, order, pass, calls, told, journal } = await setUp({
    measure: () => ({ kind: 'done', reason: 'measured', found: { measured, parts: { moves: [] } } }),
  })
  await desk.approve({ by: 'grace', reason: 'a quiet hour', at: order('full', 'x').at }, signal)
  const { id } = await desk.order(order('full', 'first'), signal)
  await pass()
  expect(calls).toEqual(['plan', 'leave', 'stay', 'comeBack', 'measure', 'clean'])
  expect(told).toEqual(['passed: every step of full was done'])
  const { document, parts } = await desk.record(id, signal)
  expect(document).toMatchObject({ phase: 'done', outcome: { kind: 'passed' }, measured, approval: { by: 'grace' } })
  expect(parts).toEqual({ moves: [] })
  const summary = (await authority.read('drill-summaries/orders', signal))?.value as DrillSummary
  expect(summary).toMatchObject({ last: { full: { id, outcome: 'passed', measured } }, outcomes: { passed: 1 } })
  expect(summary.passedAt).not.toBeNull()
  const phases = (await journal.read(signal)).flatMap(({ kind, facts }) =>
    kind === 'transition' ? facts['phase'] : [],
  )
  expect(phases).toEqual(['planning', 'leaving', 'staying', 'returning', 'measuring', 'cleaning', 'done'])
})

test('another process goes on where the first one ended', async () => {
  const { desk, order, pass, calls, makeRunner } = await setUp()
  const { id } = await desk.order(order('isolated', 'first'), signal)
  await pass(makeRunner(), 3)
  expect((await desk.find(id, signal)).phase).toBe('reading')
  await pass()
  expect(calls).toEqual(['plan', 'read', 'clean'])
  expect((await desk.find(id, signal)).outcome?.kind).toBe('passed')
})

test('an approval is good for one full drill, within 24 hours', async () => {
  const { desk, order, pass, clock } = await setUp()
  await expect(desk.order(order('full', 'one'), signal)).rejects.toMatchObject({ code: 'DRILL_NOT_APPROVED' })
  await desk.approve({ by: 'grace', reason: 'now', at: new Date(clock.nowMs() - DAY_MS).toISOString() }, signal)
  await expect(desk.order(order('full', 'one'), signal)).rejects.toMatchObject({ code: 'DRILL_NOT_APPROVED' })
  await desk.approve(
    { by: 'grace', reason: 'now', at: new Date(clock.nowMs() - DAY_MS + 60_000).toISOString() },
    signal,
  )
  await desk.order(order('full', 'one'), signal)
  await pass()
  await expect(desk.order(order('full', 'two'), signal)).rejects.toMatchObject({ code: 'DRILL_NOT_APPROVED' })
})

test('the same order is the same drill, and another one has to wait', async () => {
  const { desk, order, pass } = await setUp()
  const first = await desk.order(order('preflight', 'key'), signal)
  expect(isDrillOf('orders', first.id)).toBe(true)
  expect(await desk.order(order('preflight', 'key'), signal)).toEqual(first)
  await expect(desk.order(order('authority', 'other'), signal)).rejects.toMatchObject({ code: 'DRILL_RUNNING' })
  await pass()
  expect((await desk.order(order('preflight', 'key'), signal)).phase).toBe('done')
  expect((await desk.order(order('authority', 'other'), signal)).phase).toBe('requested')
})

test('an order is refused where the group cannot be rehearsed', async () => {
  const { desk, order, group } = await setUp()
  await expect(desk.order(order('canary', 'a'), signal)).rejects.toMatchObject({ code: 'DRILL_NO_CANARY' })
  const strange = order('preflight', 'a', { region: regionName('mars') })
  await expect(desk.order(strange, signal)).rejects.toMatchObject({ code: 'TARGET_NOT_ELIGIBLE' })
  group.document = { ...group.document, paused: { by: 'ada', reason: 'tests', since: 'then' } }
  await expect(desk.order(order('preflight', 'a'), signal)).rejects.toMatchObject({ code: 'GROUP_PAUSED' })
})

test('an abort ends a drill in its clean-up, and is refused behind that', async () => {
  const { desk, order, pass, calls, makeRunner } = await setUp({ read: () => ({ kind: 'waiting', reason: 'reading' }) })
  const { id } = await desk.order(order('isolated', 'key'), signal)
  await pass(makeRunner(), 5)
  await desk.abort(id, 'ada', 'it is in the way', signal)
  await pass()
  expect(calls.at(-1)).toBe('clean')
  expect((await desk.find(id, signal)).outcome).toEqual({
    kind: 'interrupted',
    reasons: ['ada aborted it: it is in the way'],
  })
  await expect(desk.abort(id, 'ada', 'again', signal)).rejects.toMatchObject({ code: 'DRILL_ENDED' })
})

test('what a step throws is tried again, but for faults that no trying helps', async () => {
  let tries = 0
  const { desk, order, pass } = await setUp({
    restore: () => {
      if (++tries < 3) throw new Error('the region is silent')
      return { kind: 'done', reason: 'restored' }
    },
  })
  const { id } = await desk.order(order('authority', 'key'), signal)
  await pass()
  expect(tries).toBe(3)
  expect((await desk.find(id, signal)).outcome?.kind).toBe('passed')
})

test('the history keeps the newest ones, and nothing of what is left out', async () => {
  const { desk, order, lease, authority } = await setUp()
  const drills = new DrillStore(authority, 'orders', 3)
  for (let at = 0; at < 5; at++) {
    const skipped = order('preflight', `key ${at}`, { at: new Date(at * 1_000).toISOString() })
    const drill = await desk.skipped(skipped, 'blocked', signal)
    const parts = await drills.keepParts(drill, { guards: [] }, lease, signal)
    await drills.keepEnded({ ...drill, parts }, lease, signal)
  }
  const ids = [4, 3, 2].map((at) => drillId('orders', `key ${at}`))
  expect((await drills.history(signal)).map(({ id }) => id)).toEqual(ids)
  const kept = await authority.list('drills/orders/parts/', signal)
  expect(kept.map(({ key }) => key)).toEqual(ids.map((id) => `drills/orders/parts/${id}/guards`).sort())
  expect((await authority.read('drill-summaries/orders', signal))?.value).toMatchObject({ outcomes: { skipped: 3 } })
})
