import { describe, expect, it } from 'vitest'
import type { DecodedRecord } from '../../../../src/kafka/index.ts'
import { countOlder } from '../../../../src/replication/moves/older-records.ts'

const at = (offset: number, key: string | null): DecodedRecord => ({
  offset,
  timestamp: 0,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from(`${offset}`),
  headers: [],
})

/** Offsets 10 to 19 and 30 to 39 are not on the active region; the fork is at 50. */
const UNTIED = [
  { from: 10, to: 20 },
  { from: 30, to: 40 },
]

function count(records: readonly DecodedRecord[], options: { isCompacted: boolean; keysMax?: number }): number {
  const older = countOlder(UNTIED, { fork: 50, ...options })
  for (const { from, to } of older.ranges) {
    for (const record of records.toSorted((a, b) => a.offset - b.offset))
      if (record.offset >= from && record.offset < to) older.take(record)
  }
  return older.count
}

describe('records below a fork that the active region lacks', () => {
  const records = [at(5, 'a'), at(11, 'a'), at(12, 'b'), at(25, 'a'), at(31, 'c'), at(41, 'c')]

  it('all count where a topic keeps every record', () => {
    expect(count(records, { isCompacted: false })).toBe(3)
  })

  it('of a compacted topic count only where their key has no later record that the active region has', () => {
    expect(count(records, { isCompacted: true })).toBe(1)
  })

  it('count, each of them, where the latest record of their key is missing', () => {
    expect(count([...records, at(32, 'a'), at(33, 'a')], { isCompacted: true })).toBe(3)
  })

  it('count where they have no key', () => {
    expect(count([at(11, null), at(25, null)], { isCompacted: true })).toBe(1)
  })

  it('count where there are more keys than can be remembered', () => {
    expect(count([at(11, 'a'), at(12, 'b'), at(25, 'a'), at(26, 'b')], { isCompacted: true, keysMax: 1 })).toBe(1)
  })

  it('are none where every range is tied', () => {
    const none = countOlder([], { fork: 50, isCompacted: true })
    expect(none.ranges).toEqual([])
    expect(none.count).toBe(0)
  })
})
