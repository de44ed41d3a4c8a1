import { expect, it } from 'vitest'
import type { Clock } from '../../../../src/core/index.ts'
import { Vigil } from '../../../../src/replication/shards/vigil.ts'
import { ManualClock } from '../flows/flow-fixtures.ts'

it('notices a stall of the process, and nothing while it runs', async () => {
  const clock = new ManualClock()
  const stalls: number[] = []
  const vigil = new Vigil(clock, (stalledMs) => stalls.push(stalledMs))
  vigil.start()
  await clock.pass(60_000)
  expect(stalls).toEqual([])
  vigil.stop()
  await clock.pass(15_000)
  vigil.check()
  vigil.check()
  expect(stalls).toEqual([15_000])
  expect(clock.pendingTimers).toBe(0)
})

it('notices a suspended machine, whose monotonic clock stood still', () => {
  const clock = new ManualClock()
  const stalls: number[] = []
  let sleptMs = 0
  const suspended: Clock = {
    nowMs: () => clock.nowMs() + sleptMs,
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs, action) => clock.setTimer(delayMs, action),
  }
  const vigil = new Vigil(suspended, (stalledMs) => stalls.push(stalledMs))
  sleptMs = 3_600_000
  vigil.check()
  expect(stalls).toEqual([3_600_000])
})
