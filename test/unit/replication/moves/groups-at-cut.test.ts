import { describe, expect, it } from 'vitest'
import { linkName } from '../../../../src/core/index.ts'
import type { GroupStatus } from '../../../../src/replication/index.ts'
import { judgeGroups } from '../../../../src/replication/moves/groups-at-cut.ts'

const proofs = [0, 1].map((partition) => {
  return { topic: 'orders', partition, leftOffsets: 0, reason: undefined, copied: { source: 50, target: 40 } }
})

function group(
  name: string,
  targetOffsets: readonly (number | null)[],
  state: GroupStatus['state'] = 'synced',
): GroupStatus {
  const positions = targetOffsets.map((targetOffset, partition) => {
    const offsets = { sourceOffset: 50, targetOffset, behindRecords: 0, rereadRecords: 0 }
    return { topic: 'orders', targetTopic: 'orders', partition, ...offsets }
  })
  const about = { link: linkName('link'), reason: state, syncedAtMs: 1, rereadRecords: 0 }
  return { ...about, group: name, state, positions }
}

describe('consumer groups at a cut', () => {
  it('are done where they have read all that was copied, markers behind it aside', () => {
    expect(judgeGroups([group('done', [40, 41])], proofs)).toEqual({ done: ['done'], behind: [], unsynced: [] })
  })

  it('are behind by the records they have not read', () => {
    const { done, behind } = judgeGroups([group('slow', [37, 40])], proofs)
    expect([done, behind]).toEqual([[], [{ group: 'slow', partitions: 1, records: 3 }]])
  })

  it('are named where their positions are not on the target', () => {
    const { done, unsynced } = judgeGroups([group('there', [40, null], 'active-on-target')], proofs)
    expect([done, unsynced]).toEqual([[], [{ group: 'there', reason: 'active-on-target' }]])
  })

  it('are not held up by topics that are not cut', () => {
    const other = { ...group('other', [3]), positions: [] }
    expect(judgeGroups([other], proofs).done).toEqual(['other'])
  })
})
