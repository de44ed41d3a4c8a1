import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAscending, type Segment } from '../../../../src/replication/offset-map/segments.ts'
import { MapMemory } from '../../../../src/replication/offset-map/index.ts'
import { anyMemory } from './copy-history.ts'
import { collect, FLOW, flowEntry, MapLog, neverAborted, readShardMap, segments } from './entries.ts'

const anySegments: fc.Arbitrary<Segment[]> = fc
  .tuple(
    fc.record({ source: fc.nat({ max: 30 }), target: fc.nat({ max: 30 }) }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 5 })), { maxLength: 4 }),
  )
  .map(([first, steps]) => {
    let at = first
    const rest = steps.map(([source, target]) => {
      at = { source: at.source + source, target: at.target + target }
      return at
    })
    return [first, ...rest]
  })

/** The rule itself: a segment stays unless a later entry begins at or below its source, or below its target. */
function foldPlainly(entries: readonly Segment[][]): Segment[] {
  return entries.flatMap((held, index) =>
    held.filter(({ source, target }) => {
      const later = entries.slice(index + 1).map(([first]) => first ?? { source: 0, target: 0 })
      return later.every((first) => source < first.source && target <= first.target)
    }),
  )
}

async function heldAfter(entries: readonly Segment[][], memory?: MapMemory): Promise<Segment[]> {
  const log = new MapLog()
  for (const content of entries) log.append(flowEntry({ segments: content }))
  const held = await collect(readShardMap(log, memory).flow(FLOW)?.segments(neverAborted) ?? emptySegments())
  return held.map(({ source, target }) => ({ source, target }))
}

async function* emptySegments(): AsyncGenerator<Segment & { causes: number }> {}

describe('an entry', () => {
  test('overrules held segments at or above its source, or above its target, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anySegments, { maxLength: 12, size: 'max' }), anyMemory, async (entries, memory) => {
        const held = await heldAfter(entries, new MapMemory(memory))
        expect(held).toEqual(foldPlainly(entries))
        expect(isAscending(held)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('written ahead and never sent gives way to the resume behind the marker', async () => {
    const runs = segments([0, 0])
    const neverSent = segments([6, 5], [12, 10])
    const resume = segments([5, 6])
    expect(await heldAfter([runs, neverSent, resume])).toEqual(segments([0, 0], [5, 6]))
  })

  test('keeps the corner it continues', async () => {
    expect(await heldAfter([segments([0, 0]), segments([5, 7]), segments([8, 7])])).toEqual(
      segments([0, 0], [5, 7], [8, 7]),
    )
  })
})
