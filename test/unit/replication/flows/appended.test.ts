import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findShifts, segmentsOfShifts } from '../../../../src/replication/flows/appended.ts'
import type { ShardMap } from '../../../../src/replication/offset-map/index.ts'
import { type CopiedRecord, disagreements } from '../offset-map/oracle.ts'
import { flowEntry, IDENTITY, KEY, makeMap, neverAborted, readerOf, SPEC, TargetLogInMemory } from './flow-fixtures.ts'

const REF = { topic: 'orders', topicId: SPEC.targetTopicId, partition: 0 }

function find(log: TargetLogInMemory, acknowledged: number) {
  const epoch = { spec: SPEC, identity: IDENTITY, epochStart: 0, acknowledged, end: log.end }
  return findShifts(readerOf(log.batches), REF, epoch, neverAborted)
}

describe('what was appended without an answer', () => {
  it('is in its place where its last batch is in sequence', async () => {
    const log = new TargetLogInMemory()
    for (const count of [2, 3, 1]) log.send(count)
    expect(await find(log, 2)).toEqual([])
  })

  it('is nothing where the epoch has written nothing', async () => {
    expect(await find(new TargetLogInMemory(), 0)).toEqual([])
  })

  it('has diverged behind a foreign record, wherever that stands', async () => {
    const last = new TargetLogInMemory()
    last.send(2)
    last.foreign(1)
    await expect(find(last, 2)).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })

    const between = new TargetLogInMemory()
    between.send(2)
    between.foreign(1)
    between.send(2)
    await expect(find(between, 2)).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })
  })

  it('has diverged behind a marker of another producer', async () => {
    const log = new TargetLogInMemory()
    log.send(2)
    log.marker(99n)
    await expect(find(log, 2)).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })
  })

  it('has diverged where what was acknowledged is no longer what was sent', async () => {
    const log = new TargetLogInMemory()
    log.send(2)
    log.foreign(2)
    await expect(find(log, 6)).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })
  })

  it('is shifted by markers of our own, once more by each', async () => {
    const log = new TargetLogInMemory()
    log.send(2)
    log.marker()
    log.send(3)
    log.marker()
    log.marker()
    log.send(1)
    log.marker()
    expect(await find(log, 2)).toEqual([
      { at: 3, by: 1 },
      { at: 8, by: 3 },
      { at: 10, by: 4 },
    ])
  })
})

it('moves the planned map on behind every marker', async () => {
  // Every batch has a hole of the source before it, or none; markers stand between some of them.
  const batch = fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    hole: fc.nat(2),
    markers: fc.constantFrom(0, 0, 1, 2),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 2, maxLength: 8 }), fc.nat(2), async (sent, trailing) => {
      const log = new TargetLogInMemory()
      const map: ShardMap = makeMap()
      const copied: CopiedRecord[] = []
      let mapOffset = 0
      let source = 0
      let planned = 0
      let acknowledged = 0
      map.apply(flowEntry({ segments: [{ source: 0, target: 0, causes: 1 }] }), mapOffset++)
      for (const [index, { count, hole, markers }] of sent.entries()) {
        const isKnown = index === 0
        for (let marker = 0; marker < (isKnown ? 0 : markers); marker++) log.marker()
        source += isKnown ? 0 : hole
        if (!isKnown && hole > 0) {
          map.apply(flowEntry({ segments: [{ source, target: planned, causes: 2 }] }), mapOffset++)
        }
        for (let record = 0; record < count; record++)
          copied.push({ source: source + record, target: log.end + record })
        log.send(count)
        source += count
        planned += count
        if (isKnown) acknowledged = planned
      }
      for (let marker = 0; marker < trailing; marker++) log.marker()

      const shifts = await find(log, acknowledged)
      const flow = map.flow(KEY)!
      const moved = await segmentsOfShifts(flow, shifts, log.end, neverAborted)
      for (const segments of moved) map.apply(flowEntry({ segments }), mapOffset++)

      expect(shifts.at(-1)?.by ?? 0).toBe(log.end - planned)
      const last = copied.at(-1)!
      const end = { source: last.source + 1, target: last.target + 1 }
      const found = await disagreements(copied, { start: { source: 0, target: 0 }, end }, (side, offset) =>
        side === 'source' ? flow.findTarget(offset, neverAborted, end) : flow.findSource(offset, neverAborted, end),
      )
      expect(found).toEqual([])
    }),
    { numRuns: 300 },
  )
})
