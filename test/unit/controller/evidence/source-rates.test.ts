import { expect, test } from 'vitest'
import { endsOf, SourceRates } from '../../../../src/controller/evidence/source-rates.ts'
import type { LinkStatus } from '../../../../src/replication/index.ts'

const P0 = { region: 'eu', topic: 'orders', partition: 0 }
const seen = (end: number, atMs: number) => [{ ...P0, end, atMs }]

test('a rate is told from two ends that were seen some time apart', () => {
  const rates = new SourceRates()
  expect(rates.rateOf(P0)).toBeUndefined()
  rates.note(seen(100, 1_000))
  expect(rates.rateOf(P0)).toBeUndefined()
  rates.note(seen(110, 1_100))
  expect(rates.rateOf(P0)).toBeUndefined()
  rates.note(seen(300, 3_000))
  expect(rates.rateOf(P0)).toBe(100)
  expect(rates.lastOf(P0)).toMatchObject({ end: 300, atMs: 3_000 })
  expect(rates.rateOf({ ...P0, region: 'us' })).toBeUndefined()
})

test('what was seen again at the same time says nothing new', () => {
  const rates = new SourceRates()
  rates.note(seen(0, 0))
  rates.note(seen(1_000, 1_000))
  rates.note(seen(1_000, 1_000))
  expect(rates.rateOf(P0)).toBe(1_000)
})

test('a rate is that of the last minutes', () => {
  const rates = new SourceRates()
  rates.note(seen(0, 0))
  rates.note(seen(600_000, 60_001))
  for (let second = 1; second <= 10; second++) rates.note(seen(600_000, 60_001 + second * 1_000))
  expect(rates.rateOf(P0)).toBe(0)
})

test('a log that ends earlier than before is another one', () => {
  const rates = new SourceRates()
  rates.note(seen(1_000, 0))
  rates.note(seen(2_000, 1_000))
  rates.note(seen(10, 2_000))
  expect(rates.rateOf(P0)).toBeUndefined()
})

test('flows that have not heard of their source tell no end', () => {
  const flow = { topic: 'orders', partition: 0, sourceHighWatermark: 7, observedAtMs: 5 }
  const flows = [
    flow,
    { ...flow, partition: 1, sourceHighWatermark: null },
    { ...flow, partition: 2, observedAtMs: null },
  ]
  expect(endsOf([{ source: 'eu', flows } as unknown as LinkStatus])).toEqual([{ ...P0, end: 7, atMs: 5 }])
})

test('a region has what was seen when it was last heard of, and not what was gone by then', () => {
  const rates = new SourceRates()
  rates.note([{ ...P0, topic: 'deleted', end: 1, atMs: 0 }, ...seen(1, 50_000), ...seen(2, 60_001)])
  rates.note([{ ...P0, region: 'us', end: 9, atMs: 500_000 }])
  expect(rates.seenIn('eu')).toEqual(seen(2, 60_001))
})
