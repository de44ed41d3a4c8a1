import { describe, expect, test } from 'vitest'
import { findWrongDirections, lossOfFlow, viewLogs } from '../../../../src/controller/evidence/copies.ts'
import { regionName } from '../../../../src/core/index.ts'
import type { CopyProgress, PartitionEnds } from '../../../../src/replication/index.ts'

const flow = { sourceNext: 90, sourceHighWatermark: 100, observedAtMs: 4_000, lagSeconds: 1.5 }

describe('what a flow knows of its loss', () => {
  test('is what its source had when it was last heard, and for how long that has been waiting', () => {
    expect(lossOfFlow(flow, 5_000, 20)).toEqual({
      records: 10,
      seenMsAgo: 1_000,
      recordsPerSecond: 20,
      waitingMs: 1_500,
    })
    expect(lossOfFlow({ ...flow, lagSeconds: null }, 5_000)).toEqual({
      records: 10,
      seenMsAgo: 1_000,
      recordsPerSecond: 0,
    })
  })

  test('is nothing before it has heard anything', () => {
    expect(lossOfFlow({ ...flow, sourceNext: null }, 5_000)).toBeUndefined()
    expect(lossOfFlow({ ...flow, sourceHighWatermark: null }, 5_000)).toBeUndefined()
    expect(lossOfFlow({ ...flow, observedAtMs: null }, 5_000)).toBeUndefined()
  })
})

describe('what the logs tell of copies that another process makes', () => {
  const at = (partition: number) => ({ topic: 'orders', partition })
  const copy = (partition: number, sourceNext: number, dataEnd = sourceNext): CopyProgress => ({
    key: { source: regionName('eu'), targetTopic: 'orders', ...at(partition) },
    end: { dataEnd, targetEnd: dataEnd, copied: { source: sourceNext, target: dataEnd } },
    reason: undefined,
    sourceNext,
  })
  const ends = (partition: number, highWatermark: number, errorCode = 0): PartitionEnds => {
    return { ...at(partition), errorCode, highWatermark, logEnd: highWatermark, stableEnd: highWatermark }
  }
  const view = (progress: readonly CopyProgress[], known: readonly PartitionEnds[]) =>
    viewLogs({ partitions: [at(0)], progress, ends: known }, () => 5)[0]

  test('is how much lies between the ends', () => {
    expect(view([copy(0, 7)], [ends(0, 10)])).toEqual({
      ...at(0),
      loss: { records: 3, seenMsAgo: 0, recordsPerSecond: 5 },
      isIdentical: true,
    })
    expect(view([copy(0, 7, 6)], [ends(0, 7)])).toMatchObject({ loss: { records: 0 }, isIdentical: false })
  })

  test('is unknown without a copy, and without an end of the source', () => {
    expect(view([], [ends(0, 10)])).toMatchObject({ loss: undefined })
    expect(view([copy(0, -1)], [ends(0, 10)])).toMatchObject({ loss: undefined })
    expect(view([copy(0, 7)], [])).toMatchObject({ loss: undefined })
    expect(view([copy(0, 7)], [ends(0, -1, 6)])).toMatchObject({ loss: undefined })
  })
})

test('topics are copied in one direction, or told', () => {
  const refused = [{ topic: 'c', targetTopic: 'c', code: 'TOPIC_REFUSED', message: '', remedy: '' }]
  const found = findWrongDirections({
    topics: ['a', 'b', 'c', 'd'],
    copied: new Set(['a', 'd']),
    refused,
    copiedBack: new Set(['d', 'other']),
  })
  expect(found).toEqual(['b (not copied)', 'c (refused: TOPIC_REFUSED)', 'd (in both)'])
})
