import { describe, expect, test } from 'vitest'
import { findPositionsAge, hasReached } from '../../../../src/controller/evidence/positions.ts'
import { linkName } from '../../../../src/core/index.ts'
import type { GroupStatus } from '../../../../src/replication/index.ts'

describe('positions', () => {
  const status = (group: string, state: GroupStatus['state'], syncedAtMs: number | null): GroupStatus => {
    return { link: linkName('l'), group, state, reason: '', syncedAtMs, rereadRecords: 0, positions: [] }
  }
  const age = (groups: readonly GroupStatus[], ...readers: string[]) =>
    findPositionsAge(
      groups,
      readers.map((groupId) => ({ groupId })),
      10_000,
    )

  test('are as old as the oldest of those who read the topics', () => {
    expect(age([])).toBe(0)
    expect(age([status('a', 'synced', 9_000), status('b', 'failed', 7_000), status('c', 'synced', 1)], 'a', 'b')).toBe(
      3_000,
    )
  })

  test('were never carried over of a reader that nobody has seen yet', () => {
    expect(age([status('a', 'synced', 9_000)], 'a', 'b')).toBeNull()
    expect(age([status('a', 'synced', null)], 'a')).toBeNull()
  })

  test('are not waited for where the target has its own', () => {
    expect(age([status('a', 'active-on-target', null), status('b', 'foreign-position', 1)], 'a', 'b')).toBe(0)
  })

  test('are there where none of what a group would be given is missing', () => {
    const at = (targetOffset: number | null, partition = 0) => {
      const more = { sourceOffset: 9, behindRecords: 0, rereadRecords: null }
      return { topic: 'orders', targetTopic: 'orders', partition, targetOffset, ...more }
    }
    const held = [{ topic: 'orders', partition: 0, offset: 7 }]
    expect(hasReached({ positions: [at(7), at(null, 1)] }, held)).toBe(true)
    expect(hasReached({ positions: [at(6)] }, held)).toBe(true)
    expect(hasReached({ positions: [at(8)] }, held)).toBe(false)
    expect(hasReached({ positions: [at(0, 1)] }, held)).toBe(false)
  })
})
