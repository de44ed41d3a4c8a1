import { describe, expect, it } from 'vitest'
import { Bandwidth, type Demand, divideBandwidth } from '../../../src/replication/bandwidth.ts'
import { ManualClock } from './flows/flow-fixtures.ts'

const MEGABYTE = 1e6
const never = new AbortController().signal

describe('divideBandwidth', () => {
  it('gives every link its own limit where the process has none', () => {
    expect(divideBandwidth(undefined, [hungry(1, { limit: 5 }), hungry(9)])).toEqual([5, Number.POSITIVE_INFINITY])
  })

  it('shares by weight among links that want more than they get', () => {
    expect(divideBandwidth(100, [hungry(1), hungry(3)])).toEqual([25, 75])
  })

  it('gives what a link leaves unused to those that were held back', () => {
    const [idle, busy] = divideBandwidth(100, [{ weight: 1, wasHeldBack: false, usedPerSecond: 8 }, hungry(1)])
    expect(idle).toBe(10)
    expect(busy).toBe(90)
  })

  it('gives what a limited link may not use to the others', () => {
    expect(divideBandwidth(100, [hungry(1, { limit: 20 }), hungry(1)])).toEqual([20, 80])
  })

  it('leaves an idle link enough to show that it wants more', () => {
    const [idle = 0] = divideBandwidth(100, [{ weight: 1, wasHeldBack: false, usedPerSecond: 0 }, hungry(1)])
    expect(idle).toBeGreaterThan(0)
  })

  it('never divides more than there is among links that are all held back', () => {
    const rates = divideBandwidth(100, [hungry(1), hungry(2, { limit: 3 }), hungry(5)])
    expect(rates.reduce((sum, rate) => sum + rate, 0)).toBeCloseTo(100)
  })
})

describe('Bandwidth', () => {
  it('holds a link to its limit over time', async () => {
    const clock = new ManualClock()
    const link = new Bandwidth(clock, undefined).join({ weight: 1, limit: 10 * MEGABYTE })
    const bytes = await fetchFor(clock, 60_000, [{ link, fetchMs: 3 }])
    expect(bytes[0]).toBeGreaterThan(600 * MEGABYTE * 0.98)
    expect(bytes[0]).toBeLessThan(600 * MEGABYTE * 1.02)
  })

  it('reaches the limit over a long way too', async () => {
    const clock = new ManualClock()
    const link = new Bandwidth(clock, undefined).join({ weight: 1, limit: 10 * MEGABYTE })
    const bytes = await fetchFor(clock, 60_000, [{ link, fetchMs: 180 }])
    expect(bytes[0]).toBeGreaterThan(600 * MEGABYTE * 0.98)
  })

  it('shares the limit of the process by weight, and all of it', async () => {
    const clock = new ManualClock()
    const bandwidth = new Bandwidth(clock, 20 * MEGABYTE)
    const links = [1, 4].map((weight) => ({ link: bandwidth.join({ weight }), fetchMs: 5 }))
    const [low = 0, high = 0] = await fetchFor(clock, 60_000, links)
    expect(high / low).toBeGreaterThan(3.8)
    expect(high / low).toBeLessThan(4.2)
    expect(low + high).toBeGreaterThan(1_200 * MEGABYTE * 0.97)
    expect(low + high).toBeLessThan(1_200 * MEGABYTE * 1.03)
  })

  it('shares it over a long way, with a limit of its own for one of the links', async () => {
    const clock = new ManualClock()
    const bandwidth = new Bandwidth(clock, 4 * MEGABYTE)
    const join = (weight: number, limit?: number) => ({ link: bandwidth.join({ weight, limit }), fetchMs: 110 })
    const links = [join(10), join(30), join(30, 0.5 * MEGABYTE)]
    const [low = 0, high = 0, own = 0] = await fetchFor(clock, 60_000, links)
    expect(high / low).toBeGreaterThan(2.85)
    expect(high / low).toBeLessThan(3.15)
    expect(own).toBeGreaterThan(30 * MEGABYTE * 0.97)
    expect(own).toBeLessThan(30 * MEGABYTE * 1.05)
    expect(low + high + own).toBeGreaterThan(240 * MEGABYTE * 0.97)
    expect(low + high + own).toBeLessThan(240 * MEGABYTE * 1.05)
  })

  it('lets a link fetch without a wait where nothing is limited', async () => {
    const link = new Bandwidth(new ManualClock(), undefined).join({ weight: 1 })
    expect(await link.take(never)).toBe(Number.POSITIVE_INFINITY)
    link.used(1e9)
    expect(await link.take(never)).toBe(Number.POSITIVE_INFINITY)
  })
})

function hungry(weight: number, options: { readonly limit?: number } = {}): Demand {
  return { weight, wasHeldBack: true, usedPerSecond: 0, ...options }
}

/** Links that always find as much as they may fetch; answers what each has fetched. */
async function fetchFor(
  clock: ManualClock,
  durationMs: number,
  links: readonly { readonly link: ReturnType<Bandwidth['join']>; readonly fetchMs: number }[],
): Promise<number[]> {
  const fetched = links.map(() => 0)
  const stop = new AbortController()
  const run = async ({ link, fetchMs }: (typeof links)[number], index: number) => {
    while (!stop.signal.aborted) {
      // As little as one batch of 16 KiB, as much as a fetch brings at most.
      const most = Math.min(16 * 1024 * 1024, await link.take(stop.signal))
      await new Promise<void>((resolve) => void clock.setTimer(fetchMs, resolve))
      fetched[index] = (fetched[index] ?? 0) + most
      link.used(most)
    }
  }
  const running = links.map((one, index) => run(one, index).catch(() => undefined))
  await clock.pass(durationMs)
  stop.abort()
  await clock.pass(1_000)
  await Promise.all(running)
  return fetched
}
