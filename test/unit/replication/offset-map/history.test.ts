import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FlowMap, type Lookup, MapMemory } from '../../../../src/replication/offset-map/index.ts'
import { anyMemory, CopyHistory, history } from './copy-history.ts'
import { collect, FLOW, type MapLog, neverAborted, readShardMap } from './entries.ts'
import { disagreements } from './oracle.ts'

const RUNS = { numRuns: 400 }

function lookUpIn(flow: FlowMap | undefined): (side: 'source' | 'target', offset: number) => Promise<Lookup> {
  if (flow === undefined) throw new Error('the flow has no map')
  return (side, offset) =>
    side === 'source' ? flow.findTarget(offset, neverAborted) : flow.findSource(offset, neverAborted)
}

async function stateOf(log: MapLog) {
  const map = readShardMap(log)
  const flow = map.flow(FLOW)
  return {
    writer: map.writer,
    owner: map.owner,
    handOver: map.handOver,
    segments: flow && (await collect(flow.segments(neverAborted))),
    producers: flow?.recordedProducers,
  }
}

describe('the map of a copy with crashes, markers, zombies, lost tails and deletions', () => {
  test('leads every owner to go on without losing or repeating a record', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (options) => {
        const world = await CopyHistory.run(options)
        expect(world.records.map((record) => record.source)).toEqual(world.expectedSources)
      }),
      RUNS,
    )
  })

  test('gives the first record at or after every offset, both ways, whatever is evicted or compacted', async () => {
    await fc.assert(
      fc.asyncProperty(history, anyMemory, fc.boolean(), async (options, memory, isCompacted) => {
        const world = await CopyHistory.run(options)
        const log = isCompacted ? world.mapLog.compacted() : world.mapLog
        const flow = readShardMap(log, new MapMemory(memory)).flow(FLOW)
        expect(await disagreements(world.records, world.range, lookUpIn(flow))).toEqual([])
      }),
      RUNS,
    )
  })

  test('would not pass for a map that returns the offset it was asked for', async () => {
    const identity = async (_side: string, offset: number): Promise<Lookup> => ({ offset, note: 'exact' })
    const check = fc.check(
      fc.asyncProperty(history, async (options) => {
        const world = await CopyHistory.run(options)
        expect(await disagreements(world.records, world.range, identity)).toEqual([])
      }),
      RUNS,
    )
    expect((await check).failed).toBe(true)
  })

  test('is the same after any compaction', async () => {
    const withoutDeletions = history.map((options) => ({
      ...options,
      steps: options.steps.filter((step) => step.do !== 'clean' && step.do !== 'compact'),
    }))
    await fc.assert(
      fc.asyncProperty(withoutDeletions, fc.integer({ min: 1, max: 3 }), async (options, every) => {
        const { mapLog } = await CopyHistory.run(options)
        expect(await stateOf(mapLog.compacted((offset) => offset % every === 0))).toEqual(await stateOf(mapLog))
      }),
      RUNS,
    )
  })

  test('knows for every record on the target whose batch it came in', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (options) => {
        const world = await CopyHistory.run(options)
        const flow = readShardMap(world.mapLog.compacted()).flow(FLOW)
        const { start } = world.range
        for (const { target, producer, sequence } of world.records.filter((record) => record.target >= start.target)) {
          const epochStart = flow?.epochStartOf(producer, target)
          expect(epochStart === undefined ? undefined : target - epochStart).toBe(sequence)
        }
      }),
      RUNS,
    )
  })

  test('answers at or above the log starts do not depend on what was deleted', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (options) => {
        const world = await CopyHistory.run(options)
        const before = lookUpIn(readShardMap(world.everWritten.without('tombstone', 'floor')).flow(FLOW))
        const after = lookUpIn(readShardMap(world.mapLog.compacted()).flow(FLOW))
        const { start, end } = world.range
        for (const side of ['source', 'target'] as const) {
          for (let offset = start[side]; offset < end[side] + 20; offset += 1) {
            expect((await after(side, offset)).offset).toBe((await before(side, offset)).offset)
          }
        }
      }),
      RUNS,
    )
  })
})
