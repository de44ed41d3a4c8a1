import { describe, expect, it } from 'vitest'
import {
  type FlowEntry,
  FlowMap,
  MapMemory,
  SEGMENT_CAUSES,
  type Segment,
  segmentsBetween,
  ShardOrigins,
} from '../../../../src/replication/offset-map/index.ts'
import { FLOW, flowEntry } from './entries.ts'

const noLoader = { load: () => Promise.reject(new Error('nothing should be loaded')) }

function mapOf(...entries: FlowEntry[]): FlowMap {
  const map = new FlowMap({ flow: FLOW, loader: noLoader, memory: new MapMemory({ limitBytes: 1_000_000 }) })
  for (const [offset, entry] of entries.entries()) map.append(entry, { writer: entry, mapOffset: offset })
  return map
}

const { closed, promoted, matched, resume } = SEGMENT_CAUSES
/** Both sides have a marker at offset 10. */
const ending = (causes: number) =>
  flowEntry({
    segments: segmentsBetween({ source: 10, target: 10 }, { source: 11, target: 11, causes }),
    epochStart: 11,
  })
const copied = flowEntry({ segments: [{ source: 0, target: 0 }] })

describe('a copy that has ended', () => {
  it('says where, and whether its target has become active', () => {
    expect(mapOf(copied).closedAt).toBeUndefined()
    expect(mapOf(copied, ending(closed)).closedAt).toEqual({ source: 11, target: 11, isPromoted: false })
    expect(mapOf(copied, ending(closed | promoted)).closedAt).toMatchObject({ isPromoted: true })
  })

  it('goes on with the entry that begins in its place', () => {
    const map = mapOf(copied, ending(closed), flowEntry({ segments: [{ source: 11, target: 11 }] }))
    expect(map.closedAt).toBeUndefined()
    expect(map.toTarget(12)).toEqual({ offset: 12, note: 'exact' })
  })

  it('has identical offsets where both sides have a marker in the same place', () => {
    expect(mapOf(copied, ending(closed)).isIdentical).toBe(true)
    const shifted = segmentsBetween({ source: 10, target: 10 }, { source: 12, target: 11 })
    expect(mapOf(copied, flowEntry({ segments: shifted })).isIdentical).toBe(false)
  })

  it('is known as ended without its segments', () => {
    const origins = new ShardOrigins()
    origins.apply(copied)
    expect(origins.flows()).toMatchObject([{ closedAt: undefined }])
    origins.apply(ending(closed | promoted))
    expect(origins.flows()).toMatchObject([{ closedAt: { source: 11, target: 11, isPromoted: true } }])
    origins.apply(flowEntry({ segments: [{ source: 11, target: 11 }] }))
    expect(origins.flows()).toMatchObject([{ closedAt: undefined }])
  })
})

describe('a map that begins with a match', () => {
  const begin = (segments: Segment[], content: Partial<FlowEntry> = {}) => {
    return flowEntry({ epochStart: 5, ...content, segments })
  }
  const start = begin([{ source: 3, target: 5, causes: matched } as Segment])

  it('accepts whatever stands before it, also once the entry of a run has taken its place', () => {
    const run = begin([{ source: 3, target: 5, causes: resume } as Segment])
    for (const map of [mapOf(start), mapOf(start, run)]) {
      expect([map.beginsMatched, map.isMatched(2), map.isMatched(5)]).toEqual([true, true, false])
    }
  })

  it('does so no longer where everything was copied again', () => {
    const again = begin([{ source: 0, target: 0 }], { epochStart: 0 })
    expect(mapOf(start, again).beginsMatched).toBe(false)
    const recreated = begin([{ source: 3, target: 5 }], { targetTopicId: '00000000-0000-4000-8000-000000000009' })
    expect(mapOf(start, recreated).beginsMatched).toBe(false)
  })
})
