import { describe, expect, test } from 'vitest'
import { linkName, regionName } from '../../../../src/core/index.ts'
import { packDonated, unpackDonated } from '../../../../src/failover/effects/catch-up.ts'
import { configsIn } from '../../../../src/failover/effects/log-effects.ts'
import { judgeAway, judgePositions } from '../../../../src/failover/effects/positions.ts'
import type { OperationRecord } from '../../../../src/failover/index.ts'
import { findAhead, findOpen } from '../../../../src/failover/effects/reverse.ts'
import { type CopyProgress, type GroupStatus, judgeGroups } from '../../../../src/replication/index.ts'

function copy(partition: number, sourceNext: number, more: Partial<CopyProgress> = {}): CopyProgress {
  const key = { source: regionName('left'), topic: 'orders', targetTopic: 'orders', partition }
  return { key, end: undefined, reason: undefined, sourceNext, ...more }
}

describe('a standby, when another one has become active', () => {
  test('is ahead where its copy got further than what the active region has', () => {
    expect(findAhead([copy(0, 10), copy(1, 10)], [copy(0, 10), copy(1, 9)])).toEqual([])
    expect(findAhead([copy(0, 10), copy(1, 10)], [copy(0, 10), copy(1, 11)])).toEqual(['orders-1'])
  })

  test('is not ahead of what the active region has fetched from somebody else', () => {
    expect(findAhead([copy(0, 10), copy(0, 14)], [copy(0, 12)])).toEqual([])
  })

  test('counts as ahead where it cannot be told, or the active region has no such partition', () => {
    expect(findAhead([copy(0, 10)], [copy(0, -1)])).toEqual(['orders-0'])
    expect(findAhead([], [copy(0, 1)])).toEqual(['orders-0'])
  })

  test('has only those copies drained that an earlier call has not ended', () => {
    const cuts = [0, 1, 2].map((partition) => ({ topic: 'orders', topicId: 'a', partition, cut: 5, end: 6 }))
    const copies = [copy(0, 6), copy(1, -1, { reason: 'no leader' })]
    expect(findOpen(cuts, copies).map(({ partition }) => partition)).toEqual([1, 2])
  })
})

test('what was fetched comes out of the document as it went in', () => {
  const donated = [
    {
      donor: regionName('third'),
      topics: ['orders'],
      proofs: [{ topic: 'orders', partition: 0, sourceEnd: 9, copiedTo: 8 }],
    },
  ]
  expect(unpackDonated(JSON.parse(JSON.stringify(packDonated(donated))))).toEqual(donated)
  expect(unpackDonated({ reason: 'no other standby answers' })).toEqual([])
  expect(unpackDonated(undefined)).toEqual([])
})

test('configs that nobody recorded are told from none', () => {
  expect(configsIn({ ended: [], configs: [] })).toEqual([])
  expect(configsIn(undefined)).toBeUndefined()
})

describe('positions', () => {
  const proofs = [
    { topic: 'orders', partition: 0, leftOffsets: 0, reason: undefined, copied: { source: 20, target: 20 } },
  ]
  function group(name: string, state: GroupStatus['state'], targetOffset: number | null): GroupStatus {
    const position = { topic: 'orders', targetTopic: 'orders', partition: 0, sourceOffset: 20, targetOffset }
    const more = { behindRecords: 0, rereadRecords: 0 }
    return {
      link: linkName('left-to-right'),
      group: name,
      state,
      reason: `it is ${state}`,
      syncedAtMs: 1,
      rereadRecords: 0,
      positions: [{ ...position, ...more }],
    }
  }
  const judge = (groups: readonly GroupStatus[]) => judgePositions(groups, judgeGroups(groups, proofs))

  test('are carried over when nothing failed, also of groups behind the cut', () => {
    const outcome = judge([group('fast', 'synced', 20), group('slow', 'synced', 12)])
    expect(outcome).toMatchObject({ kind: 'done', reason: '1 groups are at the cut, 1 go on behind it' })
    expect(outcome).not.toHaveProperty('findings')
  })

  test('that could not be written are waited for', () => {
    expect(judge([group('fast', 'synced', 20), group('ill', 'failed', null)])).toMatchObject({
      kind: 'waiting',
      progress: { done: 1, total: 2 },
    })
  })

  test('that the target has of its own are told to the operator', () => {
    const outcome = judge([group('reader', 'active-on-target', 20)])
    expect(outcome).toMatchObject({ kind: 'done', findings: { warning: expect.stringContaining('reader') } })
  })

  test('of groups with members on the target are waited for, unless the operator has said otherwise', () => {
    const call = (overrides: readonly { guard: string; reason: string }[]) => {
      const operation = { request: { overrides } } as unknown as OperationRecord
      return { to: regionName('right'), operation }
    }
    const stayer = [group('fast', 'synced', 20), group('stayer', 'active-on-target', 20)]
    expect(judgeAway(call([]), [group('fast', 'synced', 20), group('own', 'foreign-position', 20)])).toBeUndefined()
    expect(judgeAway(call([]), stayer)).toMatchObject({
      kind: 'waiting',
      reason: expect.stringContaining('stayer'),
      progress: { done: 1, total: 2 },
    })
    expect(judgeAway(call([{ guard: 'groups-away', reason: 'known' }]), stayer)).toBeUndefined()
  })
})
