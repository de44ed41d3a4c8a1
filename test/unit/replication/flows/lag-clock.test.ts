import { describe, expect, it } from 'vitest'
import { LagClock } from '../../../../src/replication/flows/lag-clock.ts'

describe('LagClock', () => {
  it('says how long ago the first offset that is not copied was seen', () => {
    const lag = new LagClock()
    lag.observe(10, 1_000)
    lag.observe(10, 1_500)
    lag.observe(20, 2_000)
    expect(lag.lagMs(5, 3_000)).toBe(2_000)
    expect(lag.lagMs(10, 3_000)).toBe(1_000)
    expect(lag.lagMs(20, 3_000)).toBe(0)
  })

  it('stays bounded and never says too much', () => {
    const lag = new LagClock()
    for (let seen = 1; seen <= 10_000; seen++) lag.observe(seen, seen)
    const said = lag.lagMs(0, 10_000)
    expect(said).toBeLessThanOrEqual(9_999)
    expect(said).toBeGreaterThan(0)
  })
})
