import { expect, test } from 'vitest'
import { compareCopiers } from '../../support/compare-copiers.ts'

const run = (recordsPerSecond: number, cpuSeconds: number, peakBytes: number) => {
  return { seconds: 1, recordsPerSecond, cpuSeconds, peakBytes }
}

test('the median of our runs stands against the fastest run of the peer', () => {
  const own = [run(300, 1, 50), run(900, 9, 70), run(400, 2, 60)]
  const peer = [run(100, 2, 100), run(200, 8, 120), run(150, 1, 90)]
  expect(compareCopiers(own, peer)).toEqual({ throughput: 2, cpu: 0.25, memory: 0.5 })
})

test('of two runs the median is their mean', () => {
  expect(compareCopiers([run(100, 1, 10), run(200, 3, 30)], [run(100, 4, 40)])).toEqual({
    throughput: 1.5,
    cpu: 0.5,
    memory: 0.5,
  })
})

test('without a run on either side the ratios are not numbers', () => {
  expect(compareCopiers([], [run(1, 1, 1)]).throughput).toBeNaN()
  expect(compareCopiers([run(1, 1, 1)], []).memory).toBeNaN()
})
