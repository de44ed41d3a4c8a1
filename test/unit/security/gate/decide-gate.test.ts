import { expect, test } from 'vitest'
import {
  decideGate,
  FIRST_ANSWER_MS,
  type GateSight,
  type GateWish,
} from '../../../../src/security/gate/decide-gate.ts'

const wish = (want: GateWish['want']): GateWish => ({ want, reason: `it says ${want}`, warning: undefined })
const decide = (sight: Partial<GateSight>) => {
  const { action } = decideGate({
    position: 'unknown',
    said: undefined,
    isFresh: sight.said !== undefined,
    sinceStartMs: FIRST_ANSWER_MS,
    ...sight,
  })
  return action
}
const POSITIONS = ['open', 'closed', 'unknown'] as const

test.each([
  ['open', 'open', 'leave'],
  ['open', 'closed', 'open'],
  ['open', 'unknown', 'open'],
  ['closed', 'open', 'close'],
  ['closed', 'closed', 'leave'],
  ['closed', 'unknown', 'close'],
  ['as-is', 'open', 'leave'],
  ['as-is', 'closed', 'leave'],
  ['as-is', 'unknown', 'leave'],
] as const)('an answer of this moment that says %s about a gate that is %s: %s', (want, position, action) => {
  for (const sinceStartMs of [0, FIRST_ANSWER_MS]) {
    expect(decide({ said: wish(want), position, sinceStartMs })).toBe(action)
  }
})

test.each(POSITIONS)('nothing opens a gate that is %s while the authority is silent', (position) => {
  for (const said of [undefined, wish('open'), wish('closed'), wish('as-is')]) {
    expect(decide({ said, position, isFresh: false })).not.toBe('open')
  }
})

test.each(POSITIONS)('an authority that falls silent behind an active region leaves a gate that is %s', (position) => {
  expect(decide({ said: wish('open'), position, isFresh: false })).toBe('leave')
  expect(decide({ said: wish('as-is'), position, isFresh: false })).toBe('leave')
})

test('what was closed by the last answer is closed again, whether or not the authority answers', () => {
  expect(decide({ said: wish('closed'), position: 'open', isFresh: false })).toBe('close')
  expect(decide({ said: wish('closed'), position: 'unknown', isFresh: false })).toBe('close')
})

test('after a start the first answer is waited for, and then it is closed', () => {
  expect(decide({ sinceStartMs: FIRST_ANSWER_MS - 1 })).toBe('leave')
  expect(decide({ sinceStartMs: FIRST_ANSWER_MS })).toBe('close')
  expect(decide({ position: 'closed' })).toBe('leave')
})

test('reasons tell what is known and what is not', () => {
  const sight = { position: 'open', said: wish('open'), isFresh: false, sinceStartMs: 0 } as const
  expect(decideGate(sight).reason).toBe('the authority says nothing now; before: it says open')
  expect(decideGate({ ...sight, isFresh: true }).reason).toBe('it says open')
  expect(decideGate({ ...sight, said: undefined }).reason).toContain('for the first time')
})
