import { expect, test } from 'vitest'
import type { WriteNote } from '../../../support/failover-trial/app-notes.ts'
import { judgeOverlap, splitByWindow, writePauses } from '../../../support/failover-trial/reigns.ts'

/** Each write takes 2 ms. */
const write = (region: string, sentMs: number, verdict: WriteNote['verdict'] = 'kept'): WriteNote => ({
  verdict,
  writer: 'probe',
  region,
  topic: 'orders.probe',
  partition: 0,
  offset: 0,
  id: `${region}-${sentMs}`,
  key: '',
  sentMs,
  answeredMs: sentMs + 2,
})
const ORDERS = [
  { to: 'alpha', atMs: 0 },
  { to: 'beta', atMs: 100 },
  { to: 'alpha', atMs: 200 },
]
const GOOD = [write('alpha', 10), write('alpha', 110), write('beta', 130), write('beta', 205), write('alpha', 230)]

test('regions that take turns do not overlap', () => {
  expect(judgeOverlap(GOOD, ORDERS)).toEqual({ writes: 0, longestMs: 0 })
})

test('an old region that goes on behind the first write on the new one overlaps', () => {
  expect(judgeOverlap([...GOOD, write('alpha', 160)], ORDERS)).toEqual({ writes: 1, longestMs: 28 })
})

test('a standby that accepts before it is asked to lead overlaps', () => {
  expect(judgeOverlap([...GOOD, write('beta', 50)], ORDERS)).toEqual({ writes: 1, longestMs: 48 })
})

test('a new region that opens before the old one is shut shows by what the old one accepts then', () => {
  const early = [write('alpha', 10), write('beta', 101), write('alpha', 120), write('beta', 130)]
  expect(judgeOverlap(early, ORDERS.slice(0, 2))).toEqual({ writes: 1, longestMs: 17 })
})

test('refused writes are none', () => {
  expect(judgeOverlap([...GOOD, write('alpha', 160, 'refused')], ORDERS).writes).toBe(0)
})

test('a write pause lasts from the last answer of the old region to the first of the new one', () => {
  expect(writePauses(GOOD, ORDERS)).toEqual([20, 25])
})

test('a move behind which nobody could write has no pause to show', () => {
  expect(writePauses(GOOD.slice(0, 2), ORDERS.slice(0, 2))).toEqual([])
})

test('what a region takes between its return and its fence counts apart, and what it takes behind that does not', () => {
  const window = { region: 'alpha', fromMs: 140, untilMs: 160 }
  const late = [write('alpha', 145), write('alpha', 161), write('beta', 146), write('alpha', 150, 'refused')]
  const { inside, others } = splitByWindow(late, [window])
  expect(inside).toEqual([write('alpha', 145)])
  expect(judgeOverlap([...GOOD, ...others], ORDERS)).toEqual({ writes: 1, longestMs: 29 })
})
