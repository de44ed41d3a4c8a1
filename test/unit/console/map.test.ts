import { expect, test } from 'vitest'
import { drawArrow, MAP, placeRegions } from '../../../src/console/words/map-layout.ts'
import { RateBook } from '../../../src/console/words/rates.ts'

test.each([1, 2, 3, 5, 8])('%d regions stand on the map, none on another', (amount) => {
  const places = [...placeRegions(Array.from({ length: amount }, (_, at) => `r${at}`)).values()]
  for (const { x, y } of places) {
    expect(x).toBeGreaterThanOrEqual(MAP.radius)
    expect(x).toBeLessThanOrEqual(MAP.width - MAP.radius)
    expect(y).toBeGreaterThanOrEqual(0)
    expect(y).toBeLessThanOrEqual(MAP.height)
  }
  const apart = places.flatMap((a, at) => places.slice(at + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)))
  expect(apart.every((distance) => distance > 60)).toBe(true)
})

test('a link and the one back are drawn apart', () => {
  const places = placeRegions(['west', 'east'])
  const [west, east] = [places.get('west'), places.get('east')]
  if (west === undefined || east === undefined) throw new Error('no places')
  const [there, back] = [drawArrow('a', west, east, 0), drawArrow('b', east, west, 0)]
  expect(Math.abs(there.label.y - back.label.y)).toBeGreaterThan(20)
})

test('a rate needs two looks that are apart, and starts anew where a counter fell', () => {
  const book = new RateBook()
  const look = (recordsCopied: number) => ({ link: 'a', recordsCopied, bytesCopied: recordsCopied * 10 })
  expect(book.take(look(100), 0)).toBeUndefined()
  expect(book.take(look(300), 1_000)).toBeUndefined()
  expect(book.take(look(500), 2_000)).toEqual({ recordsPerSecond: 200, bytesPerSecond: 2_000 })
  expect(book.take(look(10), 4_000)).toBeUndefined()
})
