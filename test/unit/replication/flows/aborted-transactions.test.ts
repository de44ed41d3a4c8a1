import { describe, expect, it } from 'vitest'
import { AbortedTransactions } from '../../../../src/replication/flows/aborted-transactions.ts'

describe('AbortedTransactions', () => {
  it('follows interleaved producers from their first offset to their marker', () => {
    const aborted = new AbortedTransactions([
      { producerId: 2n, firstOffset: 5 },
      { producerId: 1n, firstOffset: 0 },
      { producerId: 1n, firstOffset: 20 },
    ])
    expect(aborted.includes(1n, 3)).toBe(true)
    expect(aborted.includes(2n, 4)).toBe(false)
    expect(aborted.includes(2n, 6)).toBe(true)
    aborted.endedBy(1n, 7)
    expect(aborted.includes(1n, 9)).toBe(false)
    expect(aborted.includes(2n, 10)).toBe(true)
    expect(aborted.includes(1n, 20)).toBe(true)
  })

  it('counts a batch that begins before and ends behind the first offset', () => {
    expect(new AbortedTransactions([{ producerId: 1n, firstOffset: 8 }]).includes(1n, 9)).toBe(true)
  })
})
