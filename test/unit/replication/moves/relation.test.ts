import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import type { Hop } from '../../../../src/replication/moves/copy-path.ts'
import { type MappedHop, passHop, relate } from '../../../../src/replication/moves/relation.ts'
import {
  FlowMap,
  MapMemory,
  type Run,
  SEGMENT_CAUSES,
  type Segment,
  segmentsBetween,
} from '../../../../src/replication/offset-map/index.ts'
import { FLOW, flowEntry, neverAborted } from '../offset-map/entries.ts'

const noLoader = { load: () => Promise.reject(new Error('nothing should be loaded')) }

/** Pairs of offsets of one record each, and where the copy ended. */
function ended(pairs: readonly Segment[], end: Segment): FlowMap {
  const segments: (Segment & { causes?: number })[] = []
  let copied: Segment | undefined
  for (const pair of pairs) {
    segments.push(...(copied === undefined ? [pair] : segmentsBetween(copied, pair)))
    copied = { source: pair.source + 1, target: pair.target + 1 }
  }
  const closing = { ...end, causes: SEGMENT_CAUSES.closed }
  const between = copied === undefined ? [closing] : segmentsBetween(copied, closing)
  segments.push(...(between.length > 0 ? between : [closing]))
  const map = new FlowMap({ flow: FLOW, loader: noLoader, memory: new MapMemory({ limitBytes: 1_000_000 }) })
  map.append(flowEntry({ segments }), { writer: { producerId: 7n, producerEpoch: 1 }, mapOffset: 0 })
  return map
}

function hopOf(map: FlowMap, direction: Hop['direction']): MappedHop {
  const { closedAt } = map
  if (closedAt === undefined) throw new Error('it has not ended')
  const flow = { key: FLOW, sourceClusterId: '', sourceTopicId: 'source', targetTopicId: 'target', closedAt }
  const [fromTopicId, toTopicId] = direction === 'forward' ? ['source', 'target'] : ['target', 'source']
  return { map, hop: { region: regionName('a'), flow, closedAt, direction, fromTopicId, toTopicId } }
}

function pairsOf(runs: readonly Run[]): [number, number][] {
  return runs.flatMap(({ source, target, length }) => {
    return Array.from({ length }, (_, index): [number, number] => [source + index, target + index])
  })
}

/** Offsets of the records of a log, from gaps before each. */
function offsetsOf(gaps: readonly number[]): number[] {
  let next = 0
  return gaps.map((gap) => {
    next += gap + 1
    return next - 1
  })
}

const gaps = fc.array(fc.nat({ max: 2 }), { minLength: 30, maxLength: 30 })

describe('a relation over the copies of a third region', () => {
  test('has exactly the records that both have', async () => {
    const counts = fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 }))
    await fc.assert(
      fc.asyncProperty(gaps, gaps, gaps, counts, async (inA, inB, inC, [onB, onC]) => {
        const [a, b, c] = [offsetsOf(inA), offsetsOf(inB), offsetsOf(inC)]
        const endOf = (offsets: readonly number[], count: number) => (offsets[count - 1] ?? -1) + 1
        const copyOf = (there: readonly number[], count: number) => {
          const pairs = there.slice(0, count).map((target, index) => ({ source: a[index] ?? 0, target }))
          return ended(pairs, { source: endOf(a, count), target: endOf(there, count) })
        }
        const path = [hopOf(copyOf(c, onC), 'backward'), hopOf(copyOf(b, onB), 'forward')]
        const { runs } = await relate(path, { source: 0, target: 0 }, neverAborted)
        const both = Array.from({ length: Math.min(onB, onC) }, (_, index) => [b[index], c[index]])
        expect(pairsOf(runs)).toEqual(both)
      }),
    )
  })

  it('ends where the copy ended, although its last segment would run on', async () => {
    const map = ended(
      [0, 1, 2].map((at) => ({ source: at, target: at })),
      { source: 4, target: 4 },
    )
    const { runs } = await relate([hopOf(map, 'backward')], { source: 4, target: 4 }, neverAborted)
    expect(runs).toEqual([{ source: 0, target: 0, length: 3 }])
  })
})

describe('an offset on the other side of a copy', () => {
  const map = ended(
    [0, 1, 5].map((at, target) => ({ source: at, target })),
    { source: 8, target: 4 },
  )

  it('is where the copy ended, for its end', async () => {
    expect(await passHop(hopOf(map, 'forward'), 8, neverAborted)).toBe(4)
    expect(await passHop(hopOf(map, 'backward'), 4, neverAborted)).toBe(8)
  })

  it('is that of the next record, before', async () => {
    expect(await passHop(hopOf(map, 'forward'), 2, neverAborted)).toBe(2)
    expect(await passHop(hopOf(map, 'backward'), 2, neverAborted)).toBe(5)
  })
})
