import { expect, test } from 'vitest'
import { type CanaryState, readAnswer } from '../../../../src/security/fences/canary.ts'
import { type BrokerEvidence, type FenceEvidence, judgeFence } from '../../../../src/security/fences/judge-fence.ts'

const answers = (state: CanaryState, code = 29) => [{ topic: 'orders', state, code }]
const holds = (nodeId: number, more: Partial<BrokerEvidence> = {}): BrokerEvidence => {
  return { nodeId, missing: 0, canary: answers('refused'), ...more }
}
const judge = (brokers: BrokerEvidence[], more: Partial<FenceEvidence> = {}) =>
  judgeFence({ brokers, leaderless: [], noCanary: undefined, atMs: 7, ...more })

test('a canary that every broker refused proves the fence', () => {
  expect(judge([holds(1), holds(2)])).toMatchObject({
    verdict: 'fenced',
    strength: 'refused',
    reason: 'all 2 brokers refused the canary',
    topicsTried: 1,
  })
})

test('entries alone are a weaker proof, and it says why', () => {
  const proof = judge([holds(1, { canary: undefined })], { noCanary: 'no canary is configured' })
  expect(proof).toMatchObject({ verdict: 'fenced', strength: 'described' })
  expect(proof.reason).toBe('the broker holds the entries; no canary is configured')
})

test.each<[string, Partial<BrokerEvidence>, string]>([
  ['lets the canary write', { canary: answers('accepted', 2) }, 'lets the canary write to orders (CORRUPT_MESSAGE)'],
  [
    'lets it write and cannot be asked for its entries',
    { missing: { silent: 'x' }, canary: answers('accepted', 6) },
    'lets',
  ],
  ['lacks entries', { missing: 2 }, 'lacks 2 entries'],
  ['lacks entries and does not answer the canary', { missing: 1, canary: { silent: 'gone' } }, 'lacks 1 entries'],
  ['minds only the size', { canary: answers('too-large', 10) }, 'lets the canary write'],
])('one open broker opens the fence: it %s', (_what, evidence, reason) => {
  const proof = judge([holds(1), holds(2, evidence)])
  expect(proof.verdict).toBe('open')
  expect(proof.reason).toContain(`broker 2 ${reason}`)
  expect(proof.strength).toBe('described')
})

test.each<[string, Partial<BrokerEvidence>]>([
  ['cannot be asked for its entries', { missing: { silent: 'no answer' } }],
  ['does not answer the canary', { canary: { silent: 'no answer' } }],
  ['says nothing about rights', { canary: answers('unanswered', 100) }],
])('a broker that %s leaves the fence unproved', (_what, evidence) => {
  expect(judge([holds(1), holds(2, evidence)]).verdict).toBe('unknown')
})

test('no broker, and a partition without leader, prove nothing', () => {
  expect(judge([]).verdict).toBe('unknown')
  expect(judge([holds(1)], { leaderless: ['orders-0'] })).toMatchObject({ verdict: 'unknown' })
})

test('every answer says that the right is there, is not there, or nothing', () => {
  expect(readAnswer(29).state).toBe('refused')
  for (const code of [0, 2, 3, 6, 19, 87]) expect(readAnswer(code).state).toBe('accepted')
  for (const code of [-1, 7, 100]) expect(readAnswer(code).state).toBe('unanswered')
  expect(readAnswer(10).state).toBe('too-large')
})
