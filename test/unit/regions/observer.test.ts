import { expect, test } from 'vitest'
import { beginObserver, foldObserver, type ObserverState, TICK_MS } from '../../../src/regions/observer.ts'
import { healthTimings } from '../../../src/regions/options.ts'

const limits = { ...healthTimings(), stallMs: 3_000, clockJumpMs: 2_000, doubtMs: 15_000 }
const begun = beginObserver({ monotonicMs: 1_000, wallMs: 50_000 })
const ticked = (before: ObserverState, ranMs: number, wallRanMs = ranMs) =>
  foldObserver(before, { monotonicMs: before.monotonicMs + ranMs, wallMs: before.wallMs + wallRanMs }, limits)

test('an observer that ticks in time trusts itself', () => {
  expect(ticked(begun, TICK_MS).doubt).toBeUndefined()
  expect(ticked(begun, TICK_MS + limits.stallMs).doubt).toBeUndefined()
})

test.each([
  ['did not run', 9_000, 9_000, 'this process did not run for 9.0 s'],
  ['was suspended with its monotonic clock', 500, 60_500, 'went ahead by 60.0 s'],
  ['had its clock set back', 500, -3_000, 'went back by 3.5 s'],
])('an observer that %s is in doubt', (_, ranMs, wallRanMs, reason) => {
  expect(ticked(begun, ranMs, wallRanMs).doubt?.reason).toContain(reason)
})

test('doubt ends after an undisturbed time only', () => {
  let state = ticked(begun, 9_000)
  for (let ranMs = 0; ranMs < limits.doubtMs - TICK_MS; ranMs += TICK_MS) state = ticked(state, TICK_MS)
  expect(state.doubt).toBeDefined()
  const disturbed = ticked(state, 5_000)
  expect(disturbed.doubt?.atMs).toBe(disturbed.monotonicMs)
  expect(ticked(state, TICK_MS).doubt).toBeUndefined()
})

test('a clock that is slewed is not a clock that jumps', () => {
  let state = begun
  for (let tick = 0; tick < 1_000; tick++) state = ticked(state, TICK_MS, TICK_MS + 10)
  expect(state.doubt).toBeUndefined()
})
