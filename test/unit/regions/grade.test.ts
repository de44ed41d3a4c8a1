import { expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import { gradeSample } from '../../../src/regions/grade.ts'
import { healthTimings } from '../../../src/regions/options.ts'
import { type BrokerFinding, failed, ok, type RegionSample, unknown } from '../../../src/regions/sample.ts'

const timings = { ...healthTimings(), canarySlowMs: 2_000, clockOffsetMs: 2_000 }
const none = { count: 0, examples: [] }

function broker(nodeId: number, state: BrokerFinding['state'] = 'answers', isFresh = true): BrokerFinding {
  const said =
    state === 'answers' ? { code: '', reason: '' } : { code: 'KAFKA_UNREACHABLE', reason: `${nodeId} is ${state}` }
  return { address: `b${nodeId}:9092`, nodeId, atMs: 0, isFresh, state, connectMs: 3, ...said }
}

const partitions = {
  atMs: 0,
  topics: 2,
  partitions: 12,
  offline: none,
  underMinIsr: none,
  underReplicated: none,
  missingBrokers: [],
}
const canary = { tried: 3, written: 3, slowestMs: 12, refusals: [] }
const well: RegionSample = {
  region: regionName('eu'),
  atMs: 0,
  tookMs: 20,
  brokers: [broker(1), broker(2), broker(3)],
  quorum: ok({ leaderId: 1, leaderEpoch: 4, voters: [1, 2, 3], lagging: [] }),
  partitions: ok(partitions),
  canary: ok(canary),
  clock: ok({ offsetMs: 3, uncertaintyMs: 2 }),
}
const grade = (change: Partial<RegionSample>) => gradeSample({ ...well, ...change }, timings)

test('a region in which nothing is wrong is good', () => {
  expect(grade({})).toEqual({ grade: 'good', findings: [] })
})

test('what could not be asked is not held against a region', () => {
  const unasked = unknown('may not be asked')
  expect(grade({ quorum: unasked, partitions: unasked, canary: unasked, clock: unasked }).grade).toBe('good')
})

test('it fails when no broker answers, whatever an earlier look found', () => {
  expect(grade({ brokers: [broker(1, 'silent'), broker(2, 'silent'), broker(3, 'answers', false)] })).toEqual({
    grade: 'failing',
    findings: [{ code: 'no-broker-answers', text: 'none of 2 brokers answers: 1 is silent' }],
  })
})

test('it is stuck when brokers answer and none takes a write', () => {
  const refused = { tried: 2, written: 0, slowestMs: 0, refusals: ['NOT_ENOUGH_REPLICAS', 'x'] }
  expect(grade({ canary: ok(refused) })).toEqual({
    grade: 'stuck',
    findings: [{ code: 'writes-refused', text: 'no broker takes a write: NOT_ENOUGH_REPLICAS' }],
  })
})

test('it is not failing where at least one broker turns this observer away', () => {
  const { grade: is, findings } = grade({ brokers: [broker(1, 'silent'), broker(2, 'refuses')] })
  expect([is, findings[0]?.code]).toEqual(['blind', 'turned-away'])
})

test.each([
  [
    'broker-silent',
    { brokers: [broker(1), broker(2, 'silent'), broker(3)] },
    '1 broker of 3 without an answer: 2 (b2:9092)',
  ],
  [
    'quorum-lost',
    { quorum: failed('REGION_LOOK_TIMED_OUT', 'it timed out') },
    'nothing can be changed there: it timed out',
  ],
  [
    'voter-lagging',
    { quorum: ok({ leaderId: 1, leaderEpoch: 4, voters: [1, 2, 3], lagging: [3] }) },
    '1 voter of 3 of the controller quorum not heard of: 3',
  ],
  [
    'partitions-offline',
    { partitions: ok({ ...partitions, offline: { count: 7, examples: ['a-0', 'a-1', 'a-2', 'b-0', 'b-1'] } }) },
    '7 of 12 partitions offline: a-0, a-1, a-2, b-0, b-1 and 2 more',
  ],
  [
    'partitions-under-min-isr',
    { partitions: ok({ ...partitions, underMinIsr: { count: 1, examples: ['a-0'] } }) },
    '1 partition with too few replicas in sync for acks=all: a-0',
  ],
  ['broker-missing', { partitions: ok({ ...partitions, missingBrokers: [9] }) }, '1 broker with replicas missing: 9'],
  [
    'canary-partial',
    { canary: ok({ ...canary, written: 2, refusals: ['broker 3 is slow'] }) },
    '1 of 3 leaders took no write',
  ],
  ['canary-slow', { canary: ok({ ...canary, slowestMs: 2_001 }) }, 'a write took 2001 ms'],
  ['clock-off', { clock: ok({ offsetMs: -2_500, uncertaintyMs: 100 }) }, 'its clock is 2500 ms behind the one here'],
] as const)('%s impairs it, and says so', (code, change, text) => {
  const graded = grade(change)
  expect(graded.grade).toBe('impaired')
  expect(graded.findings.map((finding) => finding.code)).toEqual([code])
  expect(graded.findings[0]?.text).toContain(text)
})

test('replicas that are behind do not impair a region by themselves', () => {
  const behind = { ...partitions, underReplicated: { count: 4, examples: ['a-0'] } }
  expect(grade({ partitions: ok(behind) }).grade).toBe('good')
})

test('a clock is off only where it surely is', () => {
  expect(grade({ clock: ok({ offsetMs: 2_500, uncertaintyMs: 600 }) }).grade).toBe('good')
})
