import { expect, test } from 'vitest'
import type { JournalEntry } from '../../../../src/authority/index.ts'
import { uidOf, wordEntry } from '../../../../src/observability/feed/word-entry.ts'

const entry = (over: Partial<JournalEntry>): JournalEntry => ({
  format: 1,
  number: 7,
  generation: 2,
  at: '2026-01-01T00:00:00.000Z',
  actor: 'host-1',
  kind: 'request',
  facts: {},
  nonce: '',
  previousHash: '',
  hash: 'abcdef0123456789',
  ...over,
})
const group = 'orders'
const operation = 'orders-1'

test.each([
  [{ facts: { reason: 'pause it' }, group }, 'request', 'info', 'host-1 has asked to pause it (group orders)'],
  [
    { kind: 'transition', group, operation, facts: { phase: 'cut', reason: 'settled' } },
    'move:phase',
    'info',
    'operation orders-1 of group orders is at cut: settled',
  ],
  [
    { kind: 'transition', group, operation, facts: { phase: 'needs-operator', reason: 'the target is gone' } },
    'move:phase',
    'error',
    'operation orders-1 of group orders is at needs-operator: the target is gone',
  ],
  [
    { kind: 'transition', group, facts: { reason: 'west fenced' } },
    'group:changed',
    'info',
    'group orders: west fenced',
  ],
  [
    { kind: 'effect-started', group, operation, facts: { effect: 'promote', from: 'west', to: 'east' } },
    'move:committed',
    'warning',
    'east is active in group orders (operation orders-1)',
  ],
  [
    { kind: 'effect-ended', group, operation, facts: { effect: 'cut', outcome: 'failed', reason: 'no leader' } },
    'effect:ended',
    'error',
    'cut of group orders is failed: no leader',
  ],
  [
    { kind: 'effect-ended', group, facts: { effect: 'fence west', outcome: 'done', reason: 'fenced by acl' } },
    'effect:ended',
    'info',
    'fence west of group orders is done: fenced by acl',
  ],
  [
    { kind: 'authority-restored', facts: { reason: 'west is lost' } },
    'authority:restored',
    'warning',
    'host-1 has restored the authority: west is lost',
  ],
  [
    { kind: 'drill-ended', group, facts: { x: 1 } },
    'journal:drill-ended',
    'info',
    'host-1, drill-ended of group orders: {"x":1}',
  ],
] as const)('%j is told in a sentence', (given, kind, severity, sentence) => {
  const news = wordEntry(entry(given))
  expect(news).toMatchObject({ kind, severity, sentence, facts: { actor: 'host-1', journal: 7 } })
})

test('every process has the same uid for an entry, and a commit has one for the whole move', () => {
  expect(uidOf(entry({}))).toBe('journal-2-7-abcdef01')
  const promoted = entry({ kind: 'effect-started', operation, facts: { effect: 'promote' } })
  expect(uidOf(promoted)).toBe('committed-orders-1')
  expect(uidOf({ ...promoted, number: 8, hash: 'ffff' })).toBe('committed-orders-1')
})
