import { expect, test } from 'vitest'
import { TokenBucket } from '../../../support/faults/token-bucket.ts'

test('after the burst bytes go at the rate, and a pause earns no more than the burst again', () => {
  const bucket = new TokenBucket(1_000)
  expect(bucket.take(250, 0)).toBe(0)
  expect(bucket.take(100, 0)).toBe(100)
  expect(bucket.take(100, 0)).toBe(200)
  expect(bucket.take(100, 200)).toBe(100)
  expect(bucket.take(250, 10_000)).toBe(0)
  expect(bucket.take(1, 10_000)).toBe(1)
})

test('no limit never waits', () => {
  const bucket = new TokenBucket(Number.POSITIVE_INFINITY)
  expect([bucket.take(1e9, 0), bucket.take(1e9, 0)]).toEqual([0, 0])
})
