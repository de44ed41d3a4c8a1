import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/core/index.ts'
import { holesOf, type LogSpan, offsetAt, PLACES } from '../../support/position-places.ts'

const span: LogSpan = {
  records: [10, 11, 14, 18].map((offset) => ({ offset, timestamp: 0, digest: '' })),
  start: 10,
  end: 20,
}

test('holes are told by their first and last offset, the one before the end included', () => {
  expect(holesOf(span)).toEqual([
    { first: 12, last: 13 },
    { first: 15, last: 17 },
    { first: 19, last: 19 },
  ])
})

test('fixed places are where their names say', () => {
  const random = seededRandom(1)
  const fixed = (['zero', 'start', 'last-record', 'end'] as const).map((place) => offsetAt(place, span, random))
  expect(fixed).toEqual([0, 10, 18, 20])
})

test('every place is inside the log, or zero', () => {
  const random = seededRandom(2)
  for (const place of PLACES) {
    const offset = offsetAt(place, span, random)
    expect(offset === 0 || (offset >= span.start && offset <= span.end)).toBe(true)
  }
})

test('places in holes hold no record', () => {
  const random = seededRandom(3)
  for (let round = 0; round < 20; round++) {
    expect([12, 15, 19]).toContain(offsetAt('first-of-hole', span, random))
    expect([13, 17, 19]).toContain(offsetAt('last-of-hole', span, random))
  }
})

test('a log without holes gives a record instead, an empty one its start', () => {
  const random = seededRandom(4)
  const dense = { records: [0, 1].map((offset) => ({ offset, timestamp: 0, digest: '' })), start: 0, end: 2 }
  expect([0, 1]).toContain(offsetAt('first-of-hole', dense, random))
  expect(offsetAt('last-of-hole', { records: [], start: 7, end: 7 }, random)).toBe(7)
})
