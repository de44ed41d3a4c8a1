import { expect, test } from 'vitest'
import type { JournalEntryBody } from '../../../src/api/contract/index.ts'
import { buildTimeline, isCommitted } from '../../../src/console/words/timeline.ts'

const PLANNED = ['preflight', 'fencing', 'draining', 'committing'].map((phase) => ({ phase, does: `do ${phase}` }))

function entry(second: number, kind: string, facts: JournalEntryBody['facts']): JournalEntryBody {
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
  return {
    number: second,
    generation: 1,
    at,
    actor: 'here',
    kind,
    group: 'orders',
    operation: 'o',
    facts,
    nonce: '',
    previousHash: '',
    hash: '',
  }
}

const ENTRIES = [
  entry(0, 'request', { reason: 'switchover' }),
  entry(1, 'transition', { phase: 'preflight', reason: 'asked for' }),
  entry(3, 'transition', { phase: 'fencing', reason: 'the guards hold' }),
  entry(4, 'effect-started', { effect: 'fence' }),
  entry(5, 'transition', { phase: 'fencing', reason: 'again' }),
]

test('steps are those that were entered, the present one, and those that are to come', () => {
  const steps = buildTimeline(ENTRIES, { phase: 'fencing', isOver: false, planned: PLANNED })
  expect(steps.map(({ phase, state, tookSeconds }) => [phase, state, tookSeconds])).toEqual([
    ['preflight', 'past', 2],
    ['fencing', 'present', null],
    ['draining', 'to-come', null],
    ['committing', 'to-come', null],
  ])
})

test('a step that is over says what it came to, the present one why it was entered', () => {
  const steps = buildTimeline(ENTRIES, { phase: 'fencing', isOver: false, planned: PLANNED })
  expect(steps.map(({ words }) => words)).toEqual([
    'the guards hold',
    'the guards hold',
    'do draining',
    'do committing',
  ])
})

test('of a move that is over nothing is present or to come', () => {
  const steps = buildTimeline(ENTRIES, { phase: 'rolled-back', isOver: true, planned: PLANNED })
  expect(steps.map(({ state }) => state)).toEqual(['past', 'past'])
})

test('a move is past its commit once the new region is being promoted', () => {
  expect(isCommitted(ENTRIES)).toBe(false)
  expect(isCommitted([...ENTRIES, entry(9, 'effect-started', { effect: 'promote' })])).toBe(true)
})
