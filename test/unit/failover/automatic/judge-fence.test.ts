import { expect, test } from 'vitest'
import { judgeFence } from '../../../../src/failover/automatic/judge-fence.ts'
import type { Outcome } from '../../../../src/failover/outcome.ts'

const patienceMs = 10_000
const judge = (outcome: Outcome, triedMs: number) => judgeFence(outcome, { triedMs, patienceMs }).kind
const failed: Outcome = {
  kind: 'failed',
  fault: { code: 'FENCE_COMMAND_FAILED', message: 'it ended with 1', remedy: '' },
}

test('a fence that is shown holds by what has shown it', () => {
  const shown = (fence: 'command' | 'proved'): Outcome => ({ kind: 'done', reason: 'shown', findings: { fence } })
  expect(judgeFence(shown('command'), { triedMs: 0, patienceMs })).toMatchObject({ kind: 'held', by: 'command' })
  expect(judgeFence(shown('proved'), { triedMs: 60_000, patienceMs })).toMatchObject({
    kind: 'held',
    by: 'refused-everywhere',
  })
})

test('one that has failed by every means is given up at once', () => {
  expect(judge(failed, 0)).toBe('failed')
})

test('a region that does not answer, beside a command that has failed, is waited for as long as any region', () => {
  const outcome: Outcome = { kind: 'unknown', reason: 'alpha has not answered; the command ended with 1' }
  expect(judge(outcome, 9_999)).toBe('trying')
  expect(judge(outcome, 10_000)).toBe('failed')
})

test('a command that is under way has the time that the operator gives it', () => {
  const outcome: Outcome = { kind: 'waiting', reason: 'it runs', patienceMs: 126_000 }
  expect(judge(outcome, 125_999)).toBe('trying')
  expect(judge(outcome, 126_000)).toBe('failed')
})
