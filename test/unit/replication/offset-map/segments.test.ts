import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  causesIn,
  compose,
  invert,
  type Lookup,
  SEGMENT_CAUSES,
  type Segment,
  segmentsBetween,
} from '../../../../src/replication/offset-map/index.ts'
import { FLOW, flowEntry, MapLog, readShardMap, segments } from './entries.ts'
import { type CopiedRecord, disagreements } from './oracle.ts'

/** Looks up in bare segments, through the map that is made of them. */
function lookUpIn(content: readonly Segment[]): (side: 'source' | 'target', offset: number) => Promise<Lookup> {
  const log = new MapLog()
  log.append(flowEntry({ segments: content }))
  const flow = readShardMap(log).flow(FLOW)
  return async (side, offset) => {
    const answer = side === 'source' ? flow?.toTarget(offset) : flow?.toSource(offset)
    if (answer === undefined || answer === 'not-loaded') throw new Error('nothing loaded')
    return answer
  }
}

/** The segments of a copy that was written without any trouble. */
function segmentsFor(records: readonly CopiedRecord[]): Segment[] {
  const [first, ...rest] = records
  if (first === undefined) return []
  let before = first
  return [
    { source: first.source, target: first.target },
    ...rest.flatMap((record) => {
      const end = { source: before.source + 1, target: before.target + 1 }
      before = record
      return segmentsBetween(end, { source: record.source, target: record.target })
    }),
  ]
}

function rangeOf(records: readonly CopiedRecord[]) {
  const first = records[0] ?? { source: 0, target: 0 }
  const last = records.at(-1) ?? { source: -1, target: -1 }
  return {
    start: { source: first.source, target: first.target },
    end: { source: last.source + 1, target: last.target + 1 },
  }
}

/** For each record the offsets left out before it, on either side. */
const gap = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) })
const copy: fc.Arbitrary<CopiedRecord[]> = fc
  .array(fc.tuple(gap, gap), { minLength: 1, maxLength: 40, size: 'max' })
  .map((gaps) => {
    let source = -1
    let target = -1
    return gaps.map(([sourceGap, targetGap]) => {
      source += 1 + sourceGap
      target += 1 + targetGap
      return { source, target }
    })
  })

/** A's records, and for B and C whether they hold it and how many offsets they left out before. */
const twoCopies = fc
  .array(fc.record({ gapInA: gap, gapInB: gap, gapInC: gap, isInB: fc.boolean(), isInC: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
    size: 'max',
  })
  .map((records) => {
    const at = { a: -1, b: -1, c: -1 }
    const toB: CopiedRecord[] = []
    const toC: CopiedRecord[] = []
    for (const { gapInA, gapInB, gapInC, isInB, isInC } of records) {
      at.a += 1 + gapInA
      if (isInB) {
        at.b += 1 + gapInB
        toB.push({ source: at.a, target: at.b })
      }
      if (isInC) {
        at.c += 1 + gapInC
        toC.push({ source: at.a, target: at.c })
      }
    }
    const inBoth = toB.flatMap(({ source, target }) => {
      const inC = toC.find((record) => record.source === source)
      return inC === undefined ? [] : [{ source: target, target: inC.target }]
    })
    return { toB, toC, inBoth }
  })

describe('segmentsBetween', () => {
  const end = { source: 5, target: 5 }

  test('needs nothing while both sides run on in step', () => {
    expect(segmentsBetween(end, { source: 5, target: 5 })).toEqual([])
  })

  test('needs one segment for a hole on one side', () => {
    expect(segmentsBetween(end, { source: 8, target: 5 })).toEqual(segments([8, 5]))
    expect(segmentsBetween(end, { source: 5, target: 7 })).toEqual(segments([5, 7]))
  })

  test('needs a corner where both sides have a hole, even of the same size', () => {
    expect(segmentsBetween(end, { source: 8, target: 7 })).toEqual(segments([5, 7], [8, 7]))
    expect(segmentsBetween(end, { source: 6, target: 6 })).toEqual(segments([5, 6], [6, 6]))
  })

  test('keeps the causes on each segment', () => {
    const causes = SEGMENT_CAUSES.control + SEGMENT_CAUSES.marker
    expect(segmentsBetween(end, { source: 8, target: 7, causes })).toEqual([
      { source: 5, target: 7, causes },
      { source: 8, target: 7, causes },
    ])
    expect(causesIn(causes)).toEqual(['control', 'marker'])
  })

  test('makes an exact map of any copy', async () => {
    await fc.assert(
      fc.asyncProperty(copy, async (records) => {
        expect(await disagreements(records, rangeOf(records), lookUpIn(segmentsFor(records)))).toEqual([])
      }),
    )
  })
})

describe('invert', () => {
  test('gives an exact map of the other direction', async () => {
    await fc.assert(
      fc.asyncProperty(copy, async (records) => {
        const inverted = records.map(({ source, target }) => ({ source: target, target: source }))
        const map = lookUpIn(invert(segmentsFor(records)))
        expect(await disagreements(inverted, rangeOf(inverted), map)).toEqual([])
      }),
    )
  })

  test('twice gives back the same segments', () => {
    fc.assert(
      fc.property(copy, (records) => {
        expect(invert(invert(segmentsFor(records)))).toEqual(segmentsFor(records))
      }),
    )
  })
})

describe('compose', () => {
  test('relates the records that both other regions hold, exactly', async () => {
    await fc.assert(
      fc.asyncProperty(twoCopies, async ({ toB, toC, inBoth }) => {
        fc.pre(inBoth.length > 0)
        const map = lookUpIn(compose(segmentsFor(toB), segmentsFor(toC)))
        expect(await disagreements(inBoth, rangeOf(inBoth), map)).toEqual([])
      }),
    )
  })

  test('would not pass if it returned one of its inputs', async () => {
    const result = await fc.check(
      fc.asyncProperty(twoCopies, async ({ toB, toC, inBoth }) => {
        fc.pre(inBoth.length > 0)
        expect(await disagreements(inBoth, rangeOf(inBoth), lookUpIn(segmentsFor(toB)))).toEqual([])
        expect(toC).not.toEqual([])
      }),
    )
    expect(result.failed).toBe(true)
  })

  test('of a map with itself is the identity wherever there are records', () => {
    const map = segments([0, 0], [8, 7], [20, 22])
    expect(compose(map, map)).toEqual(
      segments([0, 0], [22, 22])
        .slice(0, 1)
        .concat(segments([19, 22], [22, 22])),
    )
  })
})
