import { expect, test } from 'vitest'
import { EndedTransactions } from '../../../../src/failover/effects/ended-transactions.ts'

const one = (transactionalId: string) => ({ transactionalId, producerId: 2n ** 60n, alsoAborted: [] })

test('what an earlier call has ended is told by the one that finds nothing open', () => {
  const known = new EndedTransactions()
  known.note('op-1', [one('a')])
  known.note('op-1', [one('a'), one('b')])
  const ended = known.note('op-1', [])
  expect(ended.map(({ transactionalId }) => transactionalId)).toEqual(['a', 'b'])
  expect(JSON.parse(JSON.stringify(ended))).toEqual(ended)
})

test('another operation has ended none of them', () => {
  const known = new EndedTransactions()
  known.note('op-1', [one('a')])
  expect(known.note('op-2', [])).toEqual([])
})
