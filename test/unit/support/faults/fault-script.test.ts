import { expect, test } from 'vitest'
import { type FaultRule, FaultScript } from '../../../support/faults/fault-script.ts'
import type { RequestHead } from '../../../support/faults/request-frame.ts'

const PRODUCE: RequestHead = { apiKey: 0, version: 13, correlationId: 1, clientId: 'isthmus-1' }
const FETCH: RequestHead = { ...PRODUCE, apiKey: 1 }

const rule = (more: Partial<FaultRule> = {}): FaultRule => ({
  name: 'rule',
  api: 'Produce',
  action: { kind: 'close' },
  ...more,
})

/** Which of so many Produce requests in a row meet the rule, counted from 1. */
function hits(more: Partial<FaultRule>, count = 8): number[] {
  const script = new FaultScript()
  script.add(rule(more))
  return Array.from({ length: count }, (_, index) => index + 1).filter(() => script.decide(PRODUCE, 0) !== undefined)
}

test.each([
  ['the first', {}, [1]],
  ['the fourth', { after: 3 }, [4]],
  ['the third and the fourth', { after: 2, times: 2 }, [3, 4]],
  ['each third, two times', { after: 1, every: 3, times: 2 }, [2, 5]],
])('a rule meets %s of the requests it matches', (_what, more, expected) => {
  expect(hits(more)).toEqual(expected)
})

test('other requests are neither met nor counted', () => {
  const script = new FaultScript()
  script.add(rule({ after: 1, clientId: 'isthmus', broker: 2 }))
  expect(script.decide(FETCH, 2)).toBeUndefined()
  expect(script.decide({ ...PRODUCE, clientId: 'other' }, 2)).toBeUndefined()
  expect(script.decide({ ...PRODUCE, clientId: null }, 2)).toBeUndefined()
  expect(script.decide(PRODUCE, 1)).toBeUndefined()
  expect(script.decide(PRODUCE, 2)).toBeUndefined()
  expect(script.decide(PRODUCE, 2)?.action).toEqual({ kind: 'close' })
  expect(script.counts).toEqual({ rule: 1 })
})

test('of two rules the one added first decides, and then the other', () => {
  const script = new FaultScript()
  script.add(rule({ name: 'first' }))
  script.add(rule({ name: 'second', action: { kind: 'drop' } }))
  const kinds = [1, 2, 3].map(() => script.decide(PRODUCE, 0)?.action.kind)
  expect(kinds).toEqual(['close', 'drop', undefined])
})

test('what is held goes on when the rule is released, and nothing more is held', async () => {
  const script = new FaultScript()
  script.add(rule({ action: { kind: 'hold' }, times: 5 }))
  const held = script.decide(PRODUCE, 0)
  script.release('rule')
  await held?.released
  expect(script.decide(PRODUCE, 0)).toBeUndefined()
  expect(script.counts).toEqual({ rule: 1 })
})

test('a stopped script lets everything pass and keeps its counts', () => {
  const script = new FaultScript()
  script.add(rule({ times: 9 }))
  script.decide(PRODUCE, 0)
  script.stop()
  expect(script.decide(PRODUCE, 0)).toBeUndefined()
  expect(script.counts).toEqual({ rule: 1 })
})
