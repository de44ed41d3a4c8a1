import { expect, test } from 'vitest'
import { judgeLanding, keyOf, type Logs } from '../../../src/demo/judge-landing.ts'
import type { GroupPosition, TopicRecord } from '../../../src/local/index.ts'

const at = { group: 'sensor-analytics', topic: 'sensors.readings', partition: 0 }
const position = (offset: number): GroupPosition => ({ ...at, offset: BigInt(offset) })
const logOf = (...offsets: number[]): Logs => new Map([[at.topic, offsets.map(recordAt)]])

/** Offsets of the new region are one further on: a marker stands before the first record. */
const old = { positions: [position(3)], logs: logOf(0, 1, 2, 3, 4) }
const after = { positions: [position(4)], logs: logOf(1, 2, 3, 4, 5, 6) }

test('a group that goes on at its translated position reads nothing again and skips nothing', () => {
  const verdict = judgeLanding({ before: old, after, firstReads: new Map([[keyOf(at), 4n]]) })
  expect(verdict).toEqual({ positions: 1, reread: 0, skipped: 0, problems: [] })
})

test('a marker at the position is not a record that was skipped', () => {
  const there = { positions: [position(4)], logs: logOf(1, 2, 3, 5, 6) }
  expect(judgeLanding({ before: old, after: there, firstReads: new Map([[keyOf(at), 5n]]) })).toMatchObject({
    reread: 0,
    skipped: 0,
  })
})

test.each([
  { what: 'a position that was translated too far', translated: 5, first: 5n, reread: 0, skipped: 1 },
  { what: 'a position that was translated short', translated: 2, first: 2n, reread: 2, skipped: 0 },
  { what: 'a reader that begins before its position', translated: 4, first: 2n, reread: 2, skipped: 0 },
  { what: 'a reader that begins behind its position', translated: 4, first: 6n, reread: 0, skipped: 2 },
])('$what counts', ({ translated, first, reread, skipped }) => {
  const facts = { before: old, after: { ...after, positions: [position(translated)] } }
  expect(judgeLanding({ ...facts, firstReads: new Map([[keyOf(at), first]]) })).toMatchObject({ reread, skipped })
})

test('a group that has not read what there is, and one that has no position, are problems', () => {
  expect(judgeLanding({ before: old, after, firstReads: new Map() }).problems).toEqual([
    'sensor-analytics sensors.readings-0 has not read on, at 4',
  ])
  expect(judgeLanding({ before: old, after: { ...after, positions: [] }, firstReads: new Map() }).problems).toEqual([
    'sensor-analytics sensors.readings-0 has no position in the new region',
  ])
})

test('a group that had read everything need not have read on', () => {
  const atEnd = { positions: [position(7)], logs: after.logs }
  expect(judgeLanding({ before: undefined, after: atEnd, firstReads: new Map() }).problems).toEqual([])
})

function recordAt(offset: number): TopicRecord {
  return { partition: 0, offset: BigInt(offset), key: null, value: null, headers: {}, timestampMs: 0 }
}
