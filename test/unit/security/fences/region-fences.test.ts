import { beforeEach, expect, test } from 'vitest'
import { createEvents, isFault, regionName } from '../../../../src/core/index.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import {
  DEFAULT_TIMINGS,
  RegionFences,
  type RegionFencesOptions,
  type SecurityEvents,
  STANDING,
} from '../../../../src/security/index.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const SCOPE = {
  group: 'orders',
  include: ['orders.*'],
  exclude: [],
  isSelected: (topic: string) => topic.startsWith('orders.'),
}
const CLAIM = { operation: 'op-1', by: 'anna', reason: 'a move', untilMs: null }
const canWrite: AclBinding = {
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal: 'User:app',
  host: '*',
  operation: 'write',
  permission: 'allow',
}
const foreign: AclBinding = { ...canWrite, principal: 'User:*', permission: 'deny' }

let clock: HurryingClock
let region: AclRegion
let records: RecordsInMemory
let told: [string, object][]

beforeEach(() => {
  clock = new HurryingClock()
  region = new AclRegion({ clock })
  region.topics.add('orders.a').add('orders.b').add('other')
  region.put(canWrite)
  records = new RecordsInMemory()
  told = []
})

function fencesOf(more: Partial<RegionFencesOptions> = {}): RegionFences {
  const events = createEvents<SecurityEvents>()
  events.onAny((name, event) => void told.push([name, event]))
  return new RegionFences({
    region: regionName('eu'),
    cluster: region.clientOf('User:isthmus'),
    principal: 'User:isthmus',
    superUsers: undefined,
    canary: { cluster: region.clientOf('User:app'), principal: 'User:app' },
    command: undefined,
    records,
    clock,
    events,
    ...more,
  })
}

const passTime = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve))
/** What the plan of a fence still lacks, as another copy of a call would bring it. */
async function missing(fences: RegionFences): Promise<readonly AclBinding[]> {
  const plan = await fences.plan(SCOPE, signal)
  return plan.kind === 'possible' ? plan.missing : []
}
const denies = () =>
  region.bindings.filter(({ permission, name }) => permission === 'deny' && name.startsWith('orders'))

test('a fence is on record before it stands, and is proved on every broker', async () => {
  const fences = fencesOf()
  let before: number | undefined
  records.onPut = () => (before ??= denies().length)
  expect((await fences.prove(SCOPE, signal)).verdict).toBe('open')
  const applied = await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(applied).toMatchObject({
    kind: 'done',
    evidence: { means: 'acl', mode: 'everyone', entries: 3, added: 3, brokers: [1, 2, 3], isRecorded: true },
  })
  expect(before).toBe(0)
  expect([...records.held.keys()]).toEqual(['fence/op-1/orders/acl'])
  expect(await fences.prove(SCOPE, signal)).toMatchObject({ verdict: 'fenced', strength: 'refused', topicsTried: 2 })
  expect(told.map(([name]) => name)).toEqual(['fence:applied'])
})

test('a fence that stands is found done, and told once', async () => {
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  const again = await fencesOf().apply({ scope: SCOPE, ...CLAIM, by: 'ben' }, signal)
  expect(again).toMatchObject({ kind: 'done', evidence: { added: 0, entries: 3 } })
  expect(records.held.get('fence/op-1/orders/acl')?.setBy).toBe('anna')
  expect(told.filter(([name]) => name === 'fence:applied')).toHaveLength(1)
})

test('a fence counts only when the slowest broker has it', async () => {
  region.lagMs.set(3, 700)
  const applied = await fencesOf().apply({ scope: SCOPE, ...CLAIM }, signal)
  if (applied.kind !== 'done') throw new Error(applied.kind)
  expect(applied.evidence.tookMs).toBeGreaterThanOrEqual(700)
})

test('a broker that does not answer leaves it unknown, not failed', async () => {
  const fences = fencesOf()
  await fences.plan(SCOPE, signal)
  region.silent.add(2)
  const applied = await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(applied).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('broker 2') })
  expect((await fences.prove(SCOPE, signal)).verdict).toBe('unknown')
  region.silent.clear()
  expect(await fences.apply({ scope: SCOPE, ...CLAIM }, signal)).toMatchObject({ kind: 'done' })
})

test('lifting takes away the fence, its record, and nothing else', async () => {
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  const lifted = await fences.lift({ group: 'orders', operation: 'op-1', by: 'anna' }, signal)
  expect(lifted).toEqual({ kind: 'done', evidence: { found: 1, removed: 3, kept: 0, isQuiet: true } })
  expect(denies()).toEqual([])
  expect(region.bindings).toContainEqual(canWrite)
  expect(records.held.size).toBe(0)
  expect(await fences.proveOpen(SCOPE, signal)).toEqual({ kind: 'done', evidence: { topicsTried: 2 } })
  expect(await fences.lift({ group: 'orders', operation: 'op-1', by: 'anna' }, signal)).toMatchObject({
    kind: 'done',
    evidence: { found: 0 },
  })
})

test('what another fence claims stays until the last of them goes', async () => {
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  await fences.apply({ scope: SCOPE, ...CLAIM, operation: STANDING }, signal)
  expect(await fences.liftAllOf('op-1', 'anna', signal)).toMatchObject({ evidence: { removed: 0, kept: 3 } })
  expect((await fences.prove(SCOPE, signal)).verdict).toBe('fenced')
  expect(await fences.liftAllOf(STANDING, 'anna', signal)).toMatchObject({ evidence: { removed: 3, kept: 0 } })
  expect(denies()).toEqual([])
})

test('what somebody else had denied before stays, also after a crash between record and fence', async () => {
  region.put(foreign)
  const crashed = new Error('killed')
  records.onPut = () => {
    throw crashed
  }
  await fencesOf().apply({ scope: SCOPE, ...CLAIM }, signal)
  records.onPut = () => undefined
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(await fences.liftAllOf('op-1', 'anna', signal)).toMatchObject({ evidence: { removed: 2, kept: 1 } })
  expect(denies()).toEqual([foreign])
  expect(await fences.proveOpen(SCOPE, signal)).toMatchObject({ kind: 'waiting' })
})

test("a fence that was put up without a record is not taken for somebody else's by the next process", async () => {
  const before = region.bindings.length
  records.onPut = () => {
    throw new Error('the region has no leader for its records yet')
  }
  const applied = await fencesOf().apply({ scope: SCOPE, ...CLAIM, operation: STANDING }, signal)
  expect(applied).toMatchObject({ kind: 'done', evidence: { added: 3, isRecorded: false } })
  records.onPut = () => undefined
  const next = fencesOf()
  const again = await next.apply({ scope: SCOPE, ...CLAIM, operation: STANDING }, signal)
  expect(again).toMatchObject({ kind: 'done', evidence: { added: 0, isRecorded: true } })
  expect(await fencesOf().liftAllOf(STANDING, 'anna', signal)).toMatchObject({ kind: 'done', evidence: { kept: 0 } })
  expect(await next.proveOpen(SCOPE, signal)).toMatchObject({ kind: 'done' })
  // The probe for super users stays; neither a mark nor an entry does.
  expect(region.bindings.filter(({ name }) => name !== '__isthmus.fence-probe')).toHaveLength(before)
})

test('lifting all of an operation spans groups and means, found by another process', async () => {
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  await fences.applyToGroups({ group: 'orders', consumerGroups: ['billing'], ...CLAIM }, signal)
  const other = { ...SCOPE, group: 'other', include: ['other'], isSelected: (topic: string) => topic === 'other' }
  await fences.apply({ scope: other, ...CLAIM }, signal)
  await fences.apply({ scope: other, ...CLAIM, operation: 'op-2' }, signal)
  expect(region.bindings.some((it) => it.resource === 'group' && it.operation === 'read')).toBe(true)
  expect(await fencesOf().liftAllOf('op-1', 'anna', signal)).toMatchObject({
    evidence: { found: 3, removed: 4, kept: 3 },
  })
  expect([...records.held.keys()]).toEqual(['fence/op-2/other/acl'])
})

test('a fence comes before its record where the records cannot be had, and is written down later', async () => {
  const fences = fencesOf()
  await fences.plan(SCOPE, signal)
  records.isAway = true
  const applied = await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(applied).toMatchObject({ kind: 'done', evidence: { added: 3, isRecorded: false } })
  expect(await fences.liftAllOf('op-9', 'anna', signal)).toMatchObject({ kind: 'unknown' })
  records.isAway = false
  await passTime(DEFAULT_TIMINGS.recordPauseMs)
  await fences.records(signal)
  expect([...records.held.keys()]).toEqual(['fence/op-1/orders/acl'])
})

test('a call is on record as one that may be lost before it is made, and no more once it was answered', async () => {
  const noted: [boolean, number][] = []
  records.onPut = ({ mayLandLate }) => void noted.push([mayLandLate, denies().length])
  await fencesOf().apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(noted).toEqual([
    [true, 0],
    [false, 3],
  ])
})

test('lifting waits for nothing where every call was answered', async () => {
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  region.calls.length = 0
  const startedMs = clock.monotonicMs()
  expect(await fences.liftAllOf('op-1', 'anna', signal)).toMatchObject({ evidence: { isQuiet: true } })
  expect(region.calls).toEqual(['delete 3'])
  expect(clock.monotonicMs() - startedMs).toBeLessThan(100)
})

test('a call that was lost is overtaken through every broker before the lift is done', async () => {
  const fences = fencesOf({ timings: { callMs: 500, lookMs: 500, settleMs: 1_000 } })
  await fences.plan(SCOPE, signal)
  region.freezeQuorum()
  expect((await fences.apply({ scope: SCOPE, ...CLAIM }, signal)).kind).toBe('unknown')
  expect(told.map(([name]) => name)).toContain('fence:unsettled')
  expect(records.held.get('fence/op-1/orders/acl')?.mayLandLate).toBe(true)
  // Nothing stands, but that is a reading; the region has acknowledged nothing yet.
  expect((await fences.liftAllOf('op-1', 'anna', signal)).kind).toBe('unknown')
  region.thawQuorum()
  region.calls.length = 0
  const lifted = await fences.liftAllOf('op-1', 'anna', signal)
  expect(lifted).toMatchObject({ kind: 'done', evidence: { isQuiet: true } })
  expect(region.calls).toEqual(['delete 3', 'delete 3', 'delete 3'])
  expect(denies()).toEqual([])
  expect(records.held.size).toBe(0)
})

test('what a broker holds that is away is taken away again when it has woken', async () => {
  const fences = fencesOf({ timings: { settleMs: 3_000 } })
  await fences.plan(SCOPE, signal)
  region.silent.add(1)
  // The call went to broker 1 first, and through another one when that did not answer.
  expect((await fences.apply({ scope: SCOPE, ...CLAIM }, signal)).kind).toBe('unknown')
  expect(denies()).toHaveLength(3)
  expect((await fences.liftAllOf('op-1', 'anna', signal)).kind).toBe('unknown')
  region.away.add(1)
  expect(await fences.liftAllOf('op-1', 'anna', signal)).toMatchObject({ kind: 'done', evidence: { isQuiet: false } })
  expect(denies()).toEqual([])
  region.wake(1)
  region.put(...(await missing(fences)))
  await fencesOf().tidy(signal)
  expect(denies()).toEqual([])
  expect(told.at(-1)).toMatchObject(['fence:landed-late', { entries: 3, operation: 'op-1' }])
  expect(records.held.size).toBe(0)
})

test('a fence that was lifted, and whose broker never comes back, is watched for a while', async () => {
  const fences = fencesOf({ timings: { settleMs: 3_000, quietMs: 60_000 } })
  await fences.plan(SCOPE, signal)
  region.silent.add(1)
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  region.away.add(1)
  await fences.liftAllOf('op-1', 'anna', signal)
  await fences.tidy(signal)
  await passTime(59_000)
  await fences.tidy(signal)
  expect(records.held.size).toBe(1)
  await passTime(2_000)
  await fences.tidy(signal)
  expect(records.held.size).toBe(0)
})

test('a lift that was lost does not open a fence that was put up after it', async () => {
  const fences = fencesOf({ timings: { callMs: 500, lookMs: 500, settleMs: 1_000 } })
  await fences.apply({ scope: SCOPE, ...CLAIM, operation: STANDING }, signal)
  region.freezeQuorum()
  expect((await fences.liftAllOf(STANDING, 'anna', signal)).kind).toBe('unknown')
  // The entries stand, and the removal is on its way.
  expect((await fences.apply({ scope: SCOPE, ...CLAIM, operation: STANDING }, signal)).kind).toBe('unknown')
  region.thawQuorum()
  expect(await fences.apply({ scope: SCOPE, ...CLAIM, operation: STANDING }, signal)).toMatchObject({ kind: 'done' })
  expect(denies()).toHaveLength(3)
})

test('a change that means nothing is acknowledged by every broker and leaves nothing behind', async () => {
  const fences = fencesOf()
  const before = region.bindings
  expect(await fences.acknowledge(signal)).toEqual({ kind: 'done', evidence: { isPossible: true } })
  expect(region.calls).toEqual(['create 1', 'create 1', 'create 1', 'delete 1', 'delete 1', 'delete 1'])
  expect(region.bindings).toEqual(before)
  region.freezeQuorum()
  expect((await fences.acknowledge(signal)).kind).toBe('unknown')
  region.hasAuthorizer = false
  expect(await fences.acknowledge(signal)).toEqual({ kind: 'done', evidence: { isPossible: false } })
})

test('a fence whose time is over is lifted, a standing one is not', async () => {
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM, untilMs: clock.nowMs() + 1_000 }, signal)
  await fences.tidy(signal)
  expect(denies()).toHaveLength(3)
  await passTime(2_000)
  expect(await fences.tidy(signal)).toMatchObject({ evidence: { found: 1, removed: 3 } })
})

test('a topic is fenced before it exists', async () => {
  const scope = { ...SCOPE, include: ['/orders.*/'] }
  const fences = fencesOf()
  await fences.apply({ scope, ...CLAIM, operation: STANDING }, signal)
  await fences.apply({ scope, ...CLAIM, operation: STANDING, comingTopics: ['orders.c', 'not-selected'] }, signal)
  expect(new Set(denies().map(({ name }) => name))).toEqual(new Set(['orders.a', 'orders.b', 'orders.c']))
})

test('a canary without the right to write proves nothing, and the proof says so', async () => {
  region.take(canWrite)
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  const proof = await fences.prove(SCOPE, signal)
  expect(proof).toMatchObject({ verdict: 'fenced', strength: 'described' })
  expect(proof.reason).toContain('User:app has no ALLOW')
})

test('a canary that is a super user shows that the fence does not hold it', async () => {
  region = new AclRegion({ clock, superUsers: ['User:isthmus', 'User:app'] })
  region.topics.add('orders.a')
  region.put(canWrite)
  const fences = fencesOf()
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect((await fences.prove(SCOPE, signal)).verdict).toBe('open')
})

test('where Isthmus is no super user, those that are let in are denied one by one', async () => {
  region = new AclRegion({ clock, superUsers: [] })
  region.topics.add('orders.a')
  region.put(canWrite, { ...canWrite, principal: 'User:isthmus' })
  const fences = fencesOf()
  const applied = await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(applied).toMatchObject({ kind: 'done', evidence: { mode: 'enumerated', entries: 3 } })
  expect(denies().every(({ principal }) => principal === 'User:app')).toBe(true)
  expect((await fences.prove(SCOPE, signal)).strength).toBe('refused')
  // Somebody is let in later: the fence is open until it is put up again.
  region.put({ ...canWrite, principal: 'User:late' })
  expect((await fences.prove(SCOPE, signal)).verdict).toBe('open')
  await fences.apply({ scope: SCOPE, ...CLAIM }, signal)
  expect((await fences.prove(SCOPE, signal)).verdict).toBe('fenced')
})

test('without an authorizer or the right to change ACLs there is no fence, and it says why', async () => {
  region.hasAuthorizer = false
  const none = await fencesOf().apply({ scope: SCOPE, ...CLAIM }, signal)
  expect(none.kind === 'failed' && isFault(none.fault, 'FENCE_UNAVAILABLE')).toBe(true)
  region.hasAuthorizer = true
  region.mayChangeAcls = false
  expect(await fencesOf().plan(SCOPE, signal)).toMatchObject({ obstacles: [{ code: 'acls-not-changeable' }] })
  expect(records.held.size).toBe(0)
})
