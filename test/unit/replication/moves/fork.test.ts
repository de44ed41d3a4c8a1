import { describe, expect, it, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { CopyIndex } from '../../../../src/replication/moves/copy-index.ts'
import type { Hop, KnownCopy } from '../../../../src/replication/moves/copy-path.ts'
import { findFork } from '../../../../src/replication/moves/fork.ts'
import { findUntied } from '../../../../src/replication/moves/forked-partitions.ts'

/** A copy that has ended, of one partition; topics are called as their regions. */
function ended(source: string, target: string, at: { source: number; target: number }): KnownCopy {
  const key = { source: regionName(source), topic: 'orders', targetTopic: 'orders', partition: 0 }
  const ids = { sourceTopicId: source, targetTopicId: target, sourceClusterId: source }
  const closedAt = { ...at, isPromoted: false }
  return { region: regionName(target), flow: { key, ...ids, closedAt } }
}

/** As if every copy ran side by side but for where it ended. */
const pass = async ({ closedAt, direction }: Hop, offset: number) => {
  const [here, there] = direction === 'forward' ? (['source', 'target'] as const) : (['target', 'source'] as const)
  return offset === closedAt[here] ? closedAt[there] : offset
}

const at = { topicId: 'a', partition: 0 }

describe('the fork of a region that was lost', () => {
  it('is where the copy from it ended, and behind the marker of the promotion there', async () => {
    expect(await findFork(at, 'b', [ended('a', 'b', { source: 10, target: 11 })], pass)).toMatchObject({
      at: 10,
      there: 11,
    })
  })

  it('is told by the survivor that the active region has caught up from', async () => {
    const copies = [
      ended('a', 'b', { source: 10, target: 10 }),
      ended('a', 'c', { source: 17, target: 18 }),
      ended('c', 'b', { source: 18, target: 18 }),
    ]
    const fork = await findFork(at, 'b', copies, pass)
    expect(fork).toMatchObject({ at: 17, there: 18 })
    expect(fork?.hops.map(({ toTopicId }) => toTopicId)).toEqual(['c', 'b'])
  })

  it('lies within what a standby holds that is ahead', async () => {
    const copies = [ended('a', 'b', { source: 10, target: 11 }), ended('a', 'c', { source: 15, target: 15 })]
    expect(await findFork({ topicId: 'c', partition: 0 }, 'b', copies, pass)).toMatchObject({ at: 10, there: 11 })
  })

  it('is unknown where nothing ties the two', async () => {
    const copies = [ended('a', 'c', { source: 10, target: 11 })]
    expect(await findFork(at, 'b', copies, pass)).toBeUndefined()
    expect(await findFork(at, 'b', [], pass)).toBeUndefined()
  })
})

test('of many copies those are looked at that are tied to the partition, in the order of the maps', () => {
  const elsewhere = ended('x', 'y', { source: 1, target: 1 })
  const copies = [
    ended('c', 'd', { source: 3, target: 3 }),
    elsewhere,
    ended('a', 'b', { source: 10, target: 11 }),
    ended('b', 'c', { source: 12, target: 12 }),
  ]
  const index = new CopyIndex(copies)
  expect(index.near(at)).toEqual([copies[0], copies[2], copies[3]])
  expect(index.near({ ...at, partition: 1 })).toEqual([])
  expect([
    index.placeOf(at),
    index.placeOf({ topicId: 'c', partition: 0 }),
    index.placeOf({ ...at, partition: 1 }),
  ]).toEqual([2, 0, -1])
})

describe('what the active region lacks below the fork', () => {
  const active = { logStart: 0, from: 30, end: 40, ref: { topic: 'orders', topicId: 'b', partition: 0 } }
  const runs = [
    { source: 0, target: 5, length: 10 },
    { source: 10, target: 18, length: 12 },
  ]

  it('is what no copy has, before it, in its holes and behind it', () => {
    expect(findUntied(runs, { logStart: 0, fork: 32, active })).toEqual([
      { from: 0, to: 5 },
      { from: 15, to: 18 },
      { from: 30, to: 32 },
    ])
  })

  it('is also what was copied and is deleted there, but not what is deleted here', () => {
    const later = { ...active, logStart: 12 }
    expect(findUntied(runs, { logStart: 7, fork: 30, active: later })).toEqual([{ from: 7, to: 20 }])
    expect(findUntied(runs, { logStart: 20, fork: 30, active: later })).toEqual([])
  })

  it('is everything where nothing is known', () => {
    expect(findUntied([], { logStart: 3, fork: 9, active: undefined })).toEqual([{ from: 3, to: 9 }])
    expect(findUntied([], { logStart: 9, fork: 9, active })).toEqual([])
  })
})
