import { describe, expect, it } from 'vitest'
import { createEvents } from '../../../src/core/index.ts'
import type { FailoverEvents } from '../../../src/failover/events.ts'
import { Leadership, type LeadershipOptions } from '../../../src/failover/leadership.ts'
import { UnsettledCalls } from '../../../src/failover/unsettled-calls.ts'
import { SimClock, SimProcess } from '../../simulation/sim-clock.ts'
import { MemoryAuthority } from '../../support/failover/memory-authority.ts'

async function setUp({
  isFresh = false,
  ...given
}: { isFresh?: boolean } & Partial<Pick<LeadershipOptions, 'doubt' | 'isQuiet'>> = {}) {
  const time = new SimClock()
  const clock = new SimProcess(time)
  const authority = new MemoryAuthority()
  authority.isFresh = isFresh
  const events = createEvents<FailoverEvents>()
  const told: string[] = []
  events.onAny((name) => told.push(name))
  const options = { authority, clock, events, name: 'controllers', holder: 'one', ttlMs: 3_000, settleMs: 1_000 }
  const leadership = new Leadership({ ...options, ...given })
  leadership.start()
  const passMs = async (ms: number) => {
    const untilMs = time.nowMs + ms
    time.schedule(ms, () => undefined, true)
    await time.runUntil(() => time.nowMs >= untilMs, untilMs)
  }
  await passMs(1)
  return { leadership, authority, passMs, told, clock }
}

describe('Leadership', () => {
  it('acts only when whatever an earlier leader sent has had time to arrive', async () => {
    const { leadership, passMs } = await setUp()
    expect(leadership.hold()).toContain('may arrive')
    expect(leadership.lease()).toBeUndefined()
    await passMs(1_000)
    expect(leadership.hold()).toBeUndefined()
    expect(leadership.lease()?.token).toBe(1)
  })

  it('acts at once where nobody had the lease before, or gave it back', async () => {
    const { leadership } = await setUp({ isFresh: true })
    expect(leadership.lease()?.token).toBe(1)
  })

  it('keeps the lease to its end where something that it sent may still arrive', async () => {
    const { leadership, authority, passMs } = await setUp({ isFresh: true, isQuiet: () => false })
    const stopping = leadership.stop()
    await passMs(2_000)
    await stopping
    expect(authority.released).toBe(0)
  })

  it('gives the lease back where nothing is under way', async () => {
    const { leadership, authority, passMs } = await setUp({ isFresh: true })
    const stopping = leadership.stop()
    await passMs(2_000)
    await stopping
    expect(authority.released).toBe(1)
  })

  it('stops acting before the lease can have ended, without being told', async () => {
    const { leadership, authority, passMs, told } = await setUp()
    await passMs(1_500)
    authority.grants = undefined
    await passMs(3_000)
    expect(leadership.lease()).toBeUndefined()
    expect(told).toEqual(['lead:gained', 'lead:lost'])
  })

  it('is no leader after it slept, whatever it believes', async () => {
    const { leadership, passMs, clock } = await setUp()
    await passMs(1_500)
    clock.pause()
    await passMs(10_000)
    expect(leadership.lease()).toBeUndefined()
  })

  it('settles anew after the store gave the lease to another one', async () => {
    const { leadership, authority, passMs } = await setUp()
    await passMs(1_500)
    authority.token += 1
    await passMs(1_000)
    expect(leadership.hold()).toContain('another controller leads')
    await passMs(1_000)
    expect(leadership.hold()).toContain('may arrive')
    leadership.forfeit('refused')
    expect(leadership.hold()).toContain('another controller leads')
  })

  it('does nothing while it is in doubt of itself', async () => {
    const { leadership, passMs } = await setUp({ doubt: () => 'the clock jumped' })
    await passMs(1_500)
    expect(leadership.hold()).toContain('the clock jumped')
  })
})

describe('UnsettledCalls', () => {
  const sides = { from: 'west', to: 'east' }
  const lose = async (calls: UnsettledCalls, effect: 'fence' | 'catchUp') =>
    await calls.track(
      { effect, sides },
      async () => 'lost',
      () => true,
    )

  it('holds back what contradicts a call whose answer was lost, until it can no longer arrive', async () => {
    const time = new SimClock()
    const calls = new UnsettledCalls(new SimProcess(time), 1_000)
    await lose(calls, 'fence')
    expect(calls.hold('rollBack', sides)).toContain('a call to deny in west')
    expect(calls.hold('fence', sides)).toBeUndefined()
    expect(calls.hold('open', { from: 'east', to: 'north' })).toBeUndefined()
    expect(calls.hold('open', { from: 'north', to: 'west' })).toContain('west')
    time.nowMs = 1_001
    expect(calls.hold('rollBack', sides)).toBeUndefined()
  })

  it('holds nothing back once the answer came, unless an earlier one was lost', async () => {
    const calls = new UnsettledCalls(new SimProcess(new SimClock()), 1_000)
    await calls.track(
      { effect: 'catchUp', sides },
      async () => 'answered',
      () => false,
    )
    expect(calls.hold('rollBack', sides)).toBeUndefined()
    await lose(calls, 'catchUp')
    await calls.track(
      { effect: 'catchUp', sides },
      async () => 'answered',
      () => false,
    )
    expect(calls.hold('rollBack', sides)).toContain('take-over')
  })

  it('counts a call that throws as lost', async () => {
    const calls = new UnsettledCalls(new SimProcess(new SimClock()), 1_000)
    const call = calls.track(
      { effect: 'fence', sides },
      () => Promise.reject(new Error('cut')),
      () => false,
    )
    await expect(call).rejects.toThrow('cut')
    expect(calls.hold('rollBack', sides)).toContain('may still arrive')
  })
})
