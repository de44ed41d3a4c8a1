import { describe, expect, test } from 'vitest'
import {
  type ChunkLoader,
  type FlowEntry,
  FlowMap,
  MapMemory,
  type Segment,
} from '../../../../src/replication/offset-map/index.ts'
import { collect, FLOW, flowEntry, neverAborted, segments } from './entries.ts'

const noLoader: ChunkLoader = {
  load() {
    throw new Error('nothing should be loaded')
  },
}

function append(flow: FlowMap, entry: FlowEntry, mapOffset: number): void {
  flow.append(entry, { writer: entry, mapOffset })
}

function mapOf(...entries: Segment[][]): FlowMap {
  const flow = new FlowMap({ flow: FLOW, loader: noLoader, memory: new MapMemory({ limitBytes: 1_000_000 }) })
  for (const [offset, content] of entries.entries()) append(flow, flowEntry({ segments: content }), offset)
  return flow
}

/** A map of 100 entries with one segment each, of which only the newest chunk is in memory. */
function evictedMap() {
  const entries = Array.from({ length: 100 }, (_, index) => flowEntry({ segments: segments([index * 11, index * 10]) }))
  const loads: [number, number][] = []
  let stored: (FlowEntry | undefined)[] = entries
  const loader: ChunkLoader = {
    async load({ fromMapOffset, toMapOffset }, signal) {
      signal.throwIfAborted()
      loads.push([fromMapOffset, toMapOffset])
      return stored.slice(fromMapOffset, toMapOffset + 1).filter((entry) => entry !== undefined)
    },
  }
  const memory = new MapMemory({ limitBytes: 240, chunkSegments: 10 })
  const flow = new FlowMap({ flow: FLOW, loader, memory })
  for (const [offset, entry] of entries.entries()) append(flow, entry, offset)
  return { flow, loads, memory, lose: (lost: number) => (stored = stored.with(lost, undefined)) }
}

describe('lookups', () => {
  test('of a source without holes keep the distance for ever', () => {
    const flow = mapOf(segments([100, 0]))
    expect(flow.toTarget(1_000_100)).toEqual({ offset: 1_000_000, note: 'exact' })
    expect(flow.toSource(1_000_000)).toEqual({ offset: 1_000_100, note: 'exact' })
  })

  test('of an offset in a hole give the next record', () => {
    const flow = mapOf(segments([0, 0], [8, 5], [10, 9]))
    expect([4, 5, 6, 7, 8].map((source) => flow.toTarget(source))).toEqual([
      { offset: 4, note: 'exact' },
      { offset: 5, note: 'hole' },
      { offset: 5, note: 'hole' },
      { offset: 5, note: 'hole' },
      { offset: 5, note: 'exact' },
    ])
    expect([6, 7, 8, 9].map((target) => flow.toSource(target))).toEqual([
      { offset: 9, note: 'exact' },
      { offset: 10, note: 'hole' },
      { offset: 10, note: 'hole' },
      { offset: 10, note: 'exact' },
    ])
  })

  test('step over holes that lie at the same place on both sides', () => {
    const flow = mapOf(segments([0, 0], [5, 7], [8, 7]))
    for (const source of [5, 6, 7]) expect(flow.toTarget(source)).toEqual({ offset: 7, note: 'hole' })
    for (const target of [5, 6]) expect(flow.toSource(target)).toEqual({ offset: 8, note: 'hole' })
  })

  test('below the map give its first record', () => {
    const flow = mapOf(segments([100, 50], [110, 50]))
    expect(flow.toTarget(3)).toEqual({ offset: 50, note: 'before-start' })
    expect(flow.toSource(3)).toEqual({ offset: 110, note: 'before-start' })
  })

  test('at or above the end of the copy give that end', () => {
    const flow = mapOf(segments([0, 0], [20, 15]))
    const copiedTo = { source: 12, target: 10 }
    expect(flow.toTarget(12, copiedTo)).toEqual({ offset: 10, note: 'not-copied' })
    expect(flow.toTarget(500, copiedTo)).toEqual({ offset: 10, note: 'not-copied' })
    expect(flow.toSource(10, copiedTo)).toEqual({ offset: 12, note: 'not-copied' })
  })

  test('in a hole at the end of the copy do not run on past that end', () => {
    const flow = mapOf(segments([0, 0]))
    expect(flow.toTarget(11, { source: 12, target: 10 })).toEqual({ offset: 10, note: 'hole' })
    expect(flow.toTarget(9, { source: 12, target: 10 })).toEqual({ offset: 9, note: 'exact' })
    expect(flow.toSource(11, { source: 10, target: 12 })).toEqual({ offset: 10, note: 'hole' })
  })
})

describe('the end of a copy', () => {
  test('is just behind the last record on both sides', async () => {
    const flow = mapOf(segments([0, 0], [8, 5], [10, 9]))
    expect(await flow.findEnd(5, neverAborted)).toEqual({ source: 5, target: 5 })
    expect(await flow.findEnd(6, neverAborted)).toEqual({ source: 9, target: 6 })
    expect(await flow.findEnd(9, neverAborted)).toEqual({ source: 10, target: 7 })
    expect(await flow.findEnd(30, neverAborted)).toEqual({ source: 31, target: 30 })
  })

  test('is where the flow begins while nothing was copied, however many markers there are', async () => {
    expect(await mapOf(segments([100, 7])).findEnd(7, neverAborted)).toEqual({ source: 100, target: 7 })
    expect(await mapOf(segments([100, 7])).findEnd(5, neverAborted)).toEqual({ source: 100, target: 5 })
  })
})

describe('identical offsets', () => {
  test('are so until a segment differs, and again once that one was overruled', () => {
    const flow = mapOf(segments([0, 0], [50, 50]))
    expect(flow.isIdentical).toBe(true)
    append(flow, flowEntry({ segments: segments([61, 60]) }), 1)
    expect(flow.isIdentical).toBe(false)
    append(flow, flowEntry({ segments: segments([61, 61]) }), 2)
    expect(flow.isIdentical).toBe(true)
    expect(flow.lastSegment).toEqual({ source: 61, target: 61, causes: 0 })
  })
})

describe('what was evicted', () => {
  test('is not waited for by the lookups without a signal, except at both known ends', () => {
    const { flow, loads } = evictedMap()
    expect(flow.toTarget(11 * 55)).toBe('not-loaded')
    expect(flow.toSource(10 * 55)).toBe('not-loaded')
    expect(flow.toTarget(11 * 99 + 4)).toEqual({ offset: 994, note: 'exact' })
    expect(loads).toEqual([])
  })

  test('is read again, a chunk at a time, and stays within the budget', async () => {
    const { flow, loads, memory } = evictedMap()
    expect(await flow.findTarget(11 * 55 + 10, neverAborted)).toEqual({ offset: 560, note: 'hole' })
    expect(loads).toEqual([[50, 59]])
    expect(flow.toTarget(11 * 57)).toEqual({ offset: 570, note: 'exact' })
    expect(await flow.findSource(129, neverAborted)).toEqual({ offset: 141, note: 'exact' })
    expect(loads).toEqual([
      [50, 59],
      [10, 19],
    ])
    expect(memory.usedBytes).toBeLessThanOrEqual(240)
  })

  test('is listed with the rest', async () => {
    const { flow } = evictedMap()
    expect((await collect(flow.segments(neverAborted))).map(({ source }) => source)).toEqual(
      Array.from({ length: 100 }, (_, index) => index * 11),
    )
  })

  test('is a fault where it can no longer be read in full', async () => {
    const { flow, lose } = evictedMap()
    lose(53)
    await expect(flow.findTarget(11 * 55, neverAborted)).rejects.toMatchObject({
      code: 'MAP_ENTRY_MISSING',
      facts: { flow: 'eu-west/orders/orders/3', from: 50, to: 59 },
    })
  })

  test('is not waited for once the signal is aborted', async () => {
    const { flow } = evictedMap()
    await expect(flow.findTarget(0, AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping')
  })

  test('is overruled without being read', async () => {
    const { flow, loads } = evictedMap()
    append(flow, flowEntry({ segments: segments([11 * 55 + 5, 600]) }), 100)
    expect(loads).toEqual([])
    expect(await flow.findTarget(11 * 55 + 4, neverAborted)).toEqual({ offset: 554, note: 'exact' })
    expect(flow.toTarget(11 * 60)).toEqual({ offset: 650, note: 'exact' })
  })
})

describe('a floor', () => {
  const floorEntry = (mapOffset: number, first: Segment) =>
    ({ kind: 'floor', flow: FLOW, producerId: 7n, producerEpoch: 1, mapOffset, first, atMs: 0 }) as const

  test('lies at an entry that begins at or below both log starts', () => {
    const { flow } = evictedMap()
    expect(flow.floorAt({ source: 11 * 55, target: 10 * 55 })).toEqual({
      mapOffset: 50,
      first: segments([550, 500])[0],
    })
    expect(flow.floorAt({ source: 11 * 55, target: 10 * 23 })).toEqual({
      mapOffset: 20,
      first: segments([220, 200])[0],
    })
    expect(flow.floorAt({ source: 11 * 9, target: 10 * 9 })).toBeUndefined()
  })

  test('lets everything written before it be deleted, once', async () => {
    const { flow } = evictedMap()
    const floor = flow.floorAt({ source: 11 * 25, target: 10 * 25 })
    flow.raiseFloor(floorEntry(floor?.mapOffset ?? 0, floor?.first ?? { source: 0, target: 0 }))
    const keys = (await collect(flow.deletableEntries(neverAborted))).flat()
    expect(keys.map((key) => (key.kind === 'flow' ? key.first.source : key.kind))).toEqual(
      Array.from({ length: 20 }, (_, index) => index * 11),
    )
    expect(await collect(flow.deletableEntries(neverAborted))).toEqual([])
    expect(flow.floorAt({ source: 11 * 25, target: 10 * 25 })).toBeUndefined()
    expect(flow.toTarget(0)).toEqual({ offset: 200, note: 'before-start' })
  })

  test('can be anywhere in a chunk that is not loaded', async () => {
    const { flow, loads } = evictedMap()
    flow.raiseFloor(floorEntry(25, { source: 11 * 25, target: 10 * 25 }))
    expect(await flow.findTarget(11 * 25 + 3, neverAborted)).toEqual({ offset: 253, note: 'exact' })
    expect(loads).toEqual([[25, 29]])
    expect(flow.toTarget(11 * 24)).toEqual({ offset: 250, note: 'before-start' })
  })

  test('can be raised while a chunk is being read', async () => {
    const { flow } = evictedMap()
    const answer = flow.findTarget(11 * 28 + 3, neverAborted)
    flow.raiseFloor(floorEntry(25, { source: 11 * 25, target: 10 * 25 }))
    expect(await answer).toEqual({ offset: 283, note: 'exact' })
    expect(flow.firstSegment).toEqual({ source: 11 * 25, target: 10 * 25 })
  })

  test('leaves nothing of a chunk whose rest was overruled while the floor was written', () => {
    const { flow } = evictedMap()
    append(flow, flowEntry({ segments: segments([11 * 55, 600]) }), 100)
    flow.raiseFloor(floorEntry(55, { source: 11 * 55, target: 10 * 55 }))
    expect(flow.firstSegment).toEqual({ source: 11 * 55, target: 600 })
    expect(flow.toSource(570)).toEqual({ offset: 11 * 55, note: 'before-start' })
  })

  test('of an earlier writer is deleted as well', async () => {
    const { flow } = evictedMap()
    flow.raiseFloor(floorEntry(10, { source: 110, target: 100 }))
    flow.raiseFloor({ ...floorEntry(20, { source: 220, target: 200 }), producerEpoch: 2 })
    const keys = (await collect(flow.deletableEntries(neverAborted))).flat()
    expect(keys.at(-1)).toEqual({ kind: 'floor', flow: FLOW, producerId: 7n, producerEpoch: 1 })
  })

  test('leaves alone what begins behind it, since that key may be in use again', async () => {
    const stored = [segments([0, 0]), segments([90, 90]), segments([50, 50]), segments([90, 90])].map((content) =>
      flowEntry({ segments: content }),
    )
    const loader: ChunkLoader = {
      load: async (request) => stored.slice(request.fromMapOffset, request.toMapOffset + 1),
    }
    const flow = new FlowMap({ flow: FLOW, loader, memory: new MapMemory({ limitBytes: 1000, chunkSegments: 1 }) })
    for (const [offset, entry] of stored.entries()) append(flow, entry, offset)
    const floor = flow.floorAt({ source: 60, target: 60 })
    expect(floor).toEqual({ mapOffset: 2, first: { source: 50, target: 50 } })
    flow.raiseFloor(floorEntry(2, { source: 50, target: 50 }))
    expect((await collect(flow.deletableEntries(neverAborted))).flat()).toMatchObject([{ first: { source: 0 } }])
  })
})
