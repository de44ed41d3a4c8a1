import { describe, expect, test } from 'vitest'
import { findWrongDirections, lookAtSource, lossOfFlow, viewLogs } from '../../../../src/controller/evidence/copies.ts'
import { regionName, systemClock } from '../../../../src/core/index.ts'
import type { CopyProgress, LinkStatus } from '../../../../src/replication/index.ts'

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
  const view = (progress: readonly CopyProgress[], end?: number) => {
    const seen = end === undefined ? undefined : { end, seenMsAgo: 40, recordsPerSecond: 5 }
    return viewLogs({ partitions: [at(0)], progress }, () => seen)[0]
  }

  test('is how much lies between the ends', () => {
    expect(view([copy(0, 7)], 10)).toEqual({
      ...at(0),
      loss: { records: 3, seenMsAgo: 40, recordsPerSecond: 5 },
      isIdentical: true,
    })
    expect(view([copy(0, 7, 6)], 7)).toMatchObject({ loss: { records: 0 }, isIdentical: false })
  })

  test('is unknown without a copy, and where the source was never seen', () => {
    expect(view([], 10)).toMatchObject({ loss: undefined })
    expect(view([copy(0, -1)], 10)).toMatchObject({ loss: undefined })
    expect(view([copy(0, 7)])).toMatchObject({ loss: undefined })
  })
})

describe('the ends of a source', () => {
  const flow = { topic: 'orders', partition: 0, sourceHighWatermark: 7, observedAtMs: 5 }
  const linkOf = (...flows: object[]) => ({ source: 'eu', link: 'l', flows }) as unknown as LinkStatus
  const ask = (links: readonly LinkStatus[]) => {
    const asked: string[] = []
    const moves = {
      partitions: async () => [{ topic: 'orders', topicId: 'a', partition: 3 }],
      ends: async (_: string, partitions: readonly { topic: string; partition: number }[]) =>
        partitions.map(({ topic, partition }) => {
          asked.push(`${topic}-${partition}`)
          const errorCode = partition === 9 ? 6 : 0
          return { topic, partition, errorCode, highWatermark: 20, logEnd: 20, stableEnd: 20 }
        }),
    }
    const clock = { ...systemClock, nowMs: () => 50 }
    const topics = { include: ['orders'], exclude: [] }
    const { signal } = new AbortController()
    return lookAtSource({ moves, links, topics, active: regionName('eu'), clock }, signal).then((seen) => ({
      seen,
      asked,
    }))
  }

  test('are told by flows, and asked for where others copy', async () => {
    const elsewhere = { ...flow, partition: 1, sourceHighWatermark: null, observedAtMs: null }
    expect(await ask([linkOf(flow)])).toEqual({
      seen: [{ region: 'eu', topic: 'orders', partition: 0, end: 7, atMs: 5 }],
      asked: [],
    })
    const { seen, asked } = await ask([linkOf(flow, elsewhere, { ...elsewhere, partition: 9 }), linkOf(elsewhere)])
    expect(asked).toEqual(['orders-1', 'orders-9'])
    expect(seen.map(({ partition, end, atMs }) => [partition, end, atMs])).toEqual([
      [0, 7, 5],
      [1, 20, 50],
    ])
  })

  test('are asked for of every partition where this process copies nothing', async () => {
    expect((await ask([])).asked).toEqual(['orders-3'])
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
