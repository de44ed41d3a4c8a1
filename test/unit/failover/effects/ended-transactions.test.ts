import { expect, test } from 'vitest'
import { EndedTransactions } from '../../../../src/failover/effects/ended-transactions.ts'

const one = (transactionalId: string) => ({ transactionalId }) as Parameters<EndedTransactions['note']>[1][number]

test('what an earlier call has ended is told by the one that finds nothing open', () => {
  const known = new EndedTransactions()
  known.note('op-1', [one('a')])
  known.note('op-1', [one('a'), one('b')])
  expect(known.note('op-1', []).map(({ transactionalId }) => transactionalId)).toEqual(['a', 'b'])
})

test('another operation has ended none of them', () => {
  const known = new EndedTransactions()
  known.note('op-1', [one('a')])
  expect(known.note('op-2', [])).toEqual([])
})
