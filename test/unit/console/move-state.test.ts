import { expect, test } from 'vitest'
import type { OperationBody } from '../../../src/api/contract/index.ts'
import { describeFence, describePause, describeState } from '../../../src/console/words/move-state.ts'

const MOVE = { kind: 'switchover', phase: 'draining', from: 'west', to: 'east' } as const
const PAUSES = { writePausedSeconds: 1.25, writePauseLimitSeconds: 30 }

test.each([
  ['running', 'running, at the step draining'],
  ['rolling-back', 'rolling back, at the step draining: west stays active'],
  ['needs-operator', 'needs a person, and stands still until then'],
  ['done', 'done: it made east active'],
  ['rolled-back', 'rolled back: west stayed active'],
  ['superseded', 'superseded: another move took its place'],
] as const)('a move that is %s says so as a sentence', (state, sentence) => {
  const { word, rest } = describeState({ ...MOVE, state })
  expect(`${word}${rest}`).toBe(sentence)
})

test('a limit of the pause is named only where there is one still', () => {
  const describe = (given: Partial<OperationBody>) => describePause({ ...MOVE, ...PAUSES, state: 'running', ...given })
  expect(describe({})).toBe(
    'Writes were held up for 1.3 s so far; for longer than 30 s before its commit, and it is rolled back.',
  )
  expect(describe({ kind: 'failover' })).toBe('Writes were held up for 1.3 s so far.')
  expect(describe({ state: 'done' })).toBe('Writes were held up for 1.3 s.')
  expect(describe({ state: 'rolled-back', writePausedSeconds: 0 })).toBe('Writes were not held up.')
})

test('a fence that nothing has proved does not read like one that was', () => {
  const describe = (fence: OperationBody['fence']) => describeFence({ fence, from: 'west' })
  expect(describe('proved')).toBe('The fence of west is proved: nobody can write there.')
  expect(describe('intended')).toBe('The fence of west is not proved yet.')
  expect(describe('attested')).toContain('not proved')
})
