import { beforeEach, expect, test } from 'vitest'
import { createEvents, isFault, regionName } from '../../../../src/core/index.ts'
import { RegionFences, STANDING } from '../../../../src/security/index.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const SCOPE = { group: 'orders', include: ['orders.*'], exclude: [], isSelected: (topic: string) => topic !== 'other' }
const CLAIM = { operation: 'op-1', by: 'anna', reason: 'a move', untilMs: null }
const PRODUCER = {
  producerId: 1n,
  producerEpoch: 0,
  lastSequence: 0,
  lastTimestamp: 0,
  coordinatorEpoch: -1,
  currentTxnStartOffset: -1,
}

let region: AclRegion
let records: RecordsInMemory
let fences: RegionFences

beforeEach(() => {
  const clock = new HurryingClock()
  region = new AclRegion({ clock })
  region.topics.add('orders.a').add('orders.b').add('other')
  region.overrides.set('orders.b', '2000000')
  records = new RecordsInMemory()
  fences = new RegionFences({
    region: regionName('eu'),
    cluster: region.clientOf('User:isthmus'),
    principal: undefined,
    superUsers: undefined,
    canary: undefined,
    command: undefined,
    records,
    clock,
    events: createEvents(),
  })
})

const refusal = async (more: object = {}) => {
  const step = await fences.applyTopicConfig({ scope: SCOPE, ...CLAIM, ...more }, signal)
  return step.kind === 'failed' && isFault(step.fault, 'FENCE_TOPIC_CONFIG_REFUSED') ? step.fault.message : step.kind
}

test('what the topics had comes back when it is lifted, also after a crash in between', async () => {
  region.producers.set('orders.a', [PRODUCER])
  expect(await fences.applyTopicConfig({ scope: SCOPE, ...CLAIM }, signal)).toMatchObject({ kind: 'done' })
  expect([...region.overrides]).toEqual([
    ['orders.b', '0'],
    ['orders.a', '0'],
  ])
  expect((await fences.proveTopicConfig(SCOPE, signal)).verdict).toBe('fenced')
  await fences.applyTopicConfig({ scope: SCOPE, ...CLAIM }, signal)
  expect(records.held.get('fence/op-1/orders/topic-config')?.configsBefore).toEqual({
    'orders.a': null,
    'orders.b': '2000000',
  })
  region.topics.delete('orders.a')
  expect(await fences.liftAllOf('op-1', 'anna', signal)).toMatchObject({ evidence: { removed: 1 } })
  expect(region.overrides.get('orders.b')).toBe('2000000')
  expect(records.held.size).toBe(0)
})

test('a standby is never fenced this way', async () => {
  expect(await refusal({ operation: STANDING })).toContain('it is a standby')
})

test.each([
  ['open', { currentTxnStartOffset: 7 }],
  ['ended', { coordinatorEpoch: 3 }],
])('a transactional producer whose last transaction is %s forbids it', async (_what, state) => {
  region.producers.set('orders.b', [{ ...PRODUCER, ...state }])
  expect(await refusal()).toContain('orders.b-0')
  expect(region.overrides.get('orders.a')).toBeUndefined()
})

test('a transaction that begins while it is put up takes it down again', async () => {
  region.onAlter = () => region.producers.set('orders.a', [{ ...PRODUCER, currentTxnStartOffset: 7 }])
  expect(await refusal()).toContain('orders.a-0')
  expect([...region.overrides]).toEqual([['orders.b', '2000000']])
  expect(records.held.size).toBe(0)
})

test('a topic whose config somebody else put back is open', async () => {
  await fences.applyTopicConfig({ scope: SCOPE, ...CLAIM }, signal)
  region.overrides.delete('orders.a')
  expect(await fences.proveTopicConfig(SCOPE, signal)).toMatchObject({ verdict: 'open' })
})
