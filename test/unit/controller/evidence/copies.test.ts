import { describe, expect, test } from 'vitest'
import {
  findWrongDirections,
  lookAtSource,
  lossOfFlow,
  viewCopies,
  viewLogs,
} from '../../../../src/controller/evidence/copies.ts'
import { losses } from '../../../../src/controller/evidence/gather-copy.ts'
import type { GatherParts } from '../../../../src/controller/evidence/parts.ts'
import { type SeenEnd, SourceRates } from '../../../../src/controller/evidence/source-rates.ts'
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

  test('is told about where another process copies on while it is looked at', () => {
    const going = { ...copy(0, -1), reason: '1 appended offsets are not replicated', sourceAbout: 8 }
    expect(view([going], 10)).toMatchObject({ loss: { records: 2 } })
    expect(view([{ ...going, sourceAbout: 11 }], 10)).toMatchObject({ loss: { records: 0 } })
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
    expect((await ask([linkOf()])).asked).toEqual(['orders-3'])
  })
})

describe('what a silent source had, where the link of this process is paused or still starting', () => {
  const [from, to] = [regionName('eu'), regionName('us')]
  const orders = { topic: 'orders', partition: 0 }
  const copied: CopyProgress = {
    key: { source: from, targetTopic: 'orders', ...orders },
    end: undefined,
    reason: undefined,
    sourceNext: 7,
  }
  const view = async (progress: readonly CopyProgress[], ends: readonly Omit<SeenEnd, 'region'>[]) => {
    const rates = new SourceRates()
    rates.note(ends.map((end) => ({ ...end, region: from })))
    const parts = {
      rooms: {
        linkOf: () => ({ name: 'l' }),
        scope: { isSelected: (topic: string) => topic !== 'other' },
        replicator: { moves: { progress: async () => progress } },
      },
      replication: () => ({ links: [{ link: 'l', flows: [] }], incidents: [] }),
      rates,
      clock: { ...systemClock, nowMs: () => 100_000 },
    } as unknown as GatherParts
    const views = await viewCopies(parts, { from, to, partitions: undefined }, new AbortController().signal)
    return losses(views, { region: from, topics: undefined })
  }

  test('is told by the map and by where it was seen to end', async () => {
    const { missing, unknownLoss } = await view([copied], [{ ...orders, end: 10, atMs: 90_000 }])
    expect(missing).toMatchObject([{ partition: 'orders-0', records: 3, seenMsAgo: 10_000 }])
    expect(unknownLoss).toEqual([])
  })

  test('is unknown where it was never seen, or never copied', async () => {
    expect(await view([copied], [])).toEqual({ missing: [], unknownLoss: ['orders-0'] })
    const other = { topic: 'other', partition: 0, end: 5, atMs: 90_000 }
    const made = { topic: 'made-since', partition: 0, end: 5, atMs: 90_000 }
    const { missing, unknownLoss } = await view([copied], [other, made, { ...orders, end: 10, atMs: 90_000 }])
    expect(missing).toHaveLength(1)
    expect(unknownLoss).toEqual(['made-since-0'])
  })

  test('is unknown altogether where there is neither', async () => {
    expect(await view([], [])).toEqual({ missing: [], unknownLoss: ['anything on eu'] })
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
