import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Clock, type RegionName, regionName } from '../../../src/core/index.ts'
import type { CopySum } from '../../../src/regions/copy-sum.ts'
import { healthTimings } from '../../../src/regions/options.ts'
import { RegionWatch } from '../../../src/regions/region-watch.ts'
import { ManualClock } from '../replication/flows/flow-fixtures.ts'
import { ScriptedRegion } from './scripted-region.ts'

const timings = { ...healthTimings(), everyMs: 1_000, timeoutMs: 1_000, downAfterMs: 10_000, recoverAfterMs: 5_000 }
const NAMES = ['eu', 'us', 'ap'].map(regionName) as [RegionName, RegionName, RegionName]
const [eu, us] = NAMES

/** A process whose clocks can be moved against everybody else's. */
class OwnClock implements Clock {
  readonly #shared: ManualClock
  stalledMs = 0
  jumpedMs = 0

  constructor(shared: ManualClock) {
    this.#shared = shared
  }

  nowMs(): number {
    return this.#shared.nowMs() + this.stalledMs + this.jumpedMs
  }

  monotonicMs(): number {
    return this.#shared.monotonicMs() + this.stalledMs
  }

  setTimer(delayMs: number, action: () => void) {
    return this.#shared.setTimer(delayMs, action)
  }
}

let time: ManualClock
let regions: Map<RegionName, ScriptedRegion>
let watches: Map<string, { watch: RegionWatch; clock: OwnClock; told: string[]; cutOff: Set<RegionName> }>

beforeEach(() => {
  time = new ManualClock()
  regions = new Map(NAMES.map((name) => [name, new ScriptedRegion(1)]))
  for (const region of regions.values()) region.nowMs = () => time.nowMs()
  watches = new Map()
})

afterEach(async () => {
  for (const { watch } of watches.values()) {
    const stopped = watch.stop()
    await time.pass(0)
    await stopped
  }
  expect(time.pendingTimers).toBe(0)
})

function watchFrom(vantage: string, standsIn: RegionName | null, copies?: ReadonlyMap<string, CopySum>) {
  const clock = new OwnClock(time)
  const cutOff = new Set<RegionName>()
  const watched = [...regions].map(([name, cluster]) => {
    const gone = new ScriptedRegion(0)
    const reach = () => (cutOff.has(name) ? gone : cluster)
    const behindNetwork = {
      openProbe: (address: string, signal: AbortSignal) => reach().openProbe(address, signal),
      createTopics: cluster.createTopics,
    }
    return { name, cluster: behindNetwork, bootstrap: cluster.bootstrap, canary: true }
  })
  const watch = new RegionWatch({
    regions: watched,
    vantage,
    standsIn,
    timings,
    clock,
    ...(copies && { copies: () => copies }),
  })
  const told: string[] = []
  watch.events.on('region:verdict', ({ region, from, to }) => told.push(`${region} ${from} -> ${to}`))
  watch.events.on('region:health', ({ region, from, to }) => told.push(`${region} ${from} => ${to}`))
  watch.events.on('observer:doubt', ({ reason }) => told.push(`doubt: ${reason}`))
  watch.events.on('observer:trusted', () => told.push('trusted'))
  watch.events.on('vantage:heard', (event) => told.push(`heard ${event.vantage}`))
  watch.events.on('vantage:silent', (event) => told.push(`silent ${event.vantage}`))
  watch.events.on('region:canary-unavailable', ({ region, reason }) => told.push(`${region}: ${reason}`))
  const it = { watch, clock, told, cutOff }
  watches.set(vantage, it)
  watch.start()
  return it
}

const verdictOf = (vantage: string, region: RegionName) => watches.get(vantage)?.watch.judge(region)?.verdict
function kill(region: RegionName): void {
  regions.get(region)?.brokers.set(1, 'dead')
}

test('regions that are well: one event each, and nothing after that', async () => {
  const { told, watch } = watchFrom('a', us)
  expect(watch.judge(eu)).toMatchObject({ verdict: 'unknown', reason: 'no look at it has ended of late' })
  await time.pass(60_000)
  expect(told.filter((line) => line.startsWith('eu'))).toEqual(['eu null => healthy', 'eu null -> up'])
  expect(watch.status()).toMatchObject({ vantage: 'a', standsIn: 'us', doubt: null, heard: [] })
  expect(watch.status().regions[0]).toMatchObject({
    region: 'eu',
    health: { level: 'healthy' },
    judgement: { verdict: 'up' },
  })
})

test('three vantage points hear each other through the regions, and agree on one that is down', async () => {
  for (const [index, name] of NAMES.entries()) watchFrom(`v${index}`, name)
  await time.pass(5_000)
  expect(
    watches
      .get('v1')
      ?.watch.status()
      .heard.map(({ report }) => report.vantage),
  ).toEqual(['v0', 'v2'])
  kill(eu)
  await time.pass(20_000)
  expect([0, 1, 2].map((index) => verdictOf(`v${index}`, eu))).toEqual(['down', 'down', 'down'])
  const told = watches.get('v1')?.told.filter((line) => line.startsWith('eu')) ?? []
  expect(told.slice(0, 5)).toEqual([
    'eu null => healthy',
    'eu null -> up',
    'eu healthy => suspect',
    'eu up -> suspect',
    'eu suspect => down',
  ])
  expect(told.at(-1)).toMatch(/^eu (suspect|unconfirmed) -> down$/)
  regions.get(eu)?.brokers.set(1, 'up')
  await time.pass(20_000)
  expect([0, 1, 2].map((index) => verdictOf(`v${index}`, eu))).toEqual(['up', 'up', 'up'])
})

test('what a process copies is heard by the others with its report', async () => {
  const sum = {
    flows: 2,
    allFlows: 2,
    unknownFlows: 0,
    lagRecords: 9,
    lagSeconds: 1,
    seenSecondsAgo: 0,
    openIncidents: 0,
  }
  const copies = new Map([['orders-eu-to-us', sum]])
  watchFrom('v0', eu, copies)
  watchFrom('v1', us)
  await time.pass(5_000)
  const heardBy = (vantage: string) =>
    watches
      .get(vantage)
      ?.watch.status()
      .heard.map(({ report }) => report.copies)
  expect(heardBy('v1')).toEqual([copies])
  expect(heardBy('v0')).toEqual([undefined])
})

test('an observer that is cut off from one region knows it from the others', async () => {
  for (const [index, name] of NAMES.entries()) watchFrom(`v${index}`, name)
  await time.pass(5_000)
  watches.get('v1')?.cutOff.add(eu)
  await time.pass(30_000)
  expect(verdictOf('v1', eu)).toBe('cut-off')
  expect([verdictOf('v0', eu), verdictOf('v2', eu)]).toEqual(['up', 'up'])
})

test('an observer that is cut off from all others does not call them down', async () => {
  for (const [index, name] of NAMES.entries()) watchFrom(`v${index}`, name)
  await time.pass(5_000)
  for (const name of NAMES) if (name !== us) watches.get('v1')?.cutOff.add(name)
  await time.pass(60_000)
  expect(verdictOf('v1', eu)).toBe('cut-off')
  // It hears the others through its own region, and they hear it.
  expect(
    watches
      .get('v0')
      ?.watch.judge(eu)
      ?.votes.map(({ vote }) => vote),
  ).toEqual(['up', 'cut-off', 'up'])
})

test('a region that only its own vantage point reaches is isolated, as far as that one is heard', async () => {
  for (const [index, name] of NAMES.entries()) watchFrom(`v${index}`, name)
  await time.pass(5_000)
  for (const vantage of ['v1', 'v2']) watches.get(vantage)?.cutOff.add(eu)
  await time.pass(30_000)
  expect([verdictOf('v1', eu), verdictOf('v2', eu)]).toEqual(['isolated', 'isolated'])
  for (const name of NAMES) if (name !== eu) watches.get('v0')?.cutOff.add(name)
  await time.pass(30_000)
  expect([verdictOf('v1', eu), verdictOf('v2', eu), verdictOf('v0', eu)]).toEqual(['down', 'down', 'up'])
})

describe('an observer that was disturbed', () => {
  test('judges nothing until it has run undisturbed for a while', async () => {
    const { watch, clock, told } = watchFrom('a', us)
    await time.pass(5_000)
    clock.stalledMs += 20_000
    expect(watch.judge(eu)).toMatchObject({ verdict: 'unknown' })
    await time.pass(10_000)
    expect(watch.status().doubt?.reason).toMatch(/this process did not run for 20\.\d s/)
    await time.pass(6_000)
    expect(watch.judge(eu)?.verdict).toBe('up')
    expect(told.filter((line) => /doubt|trusted/.test(line))).toEqual([
      expect.stringContaining('did not run'),
      'trusted',
    ])
  })

  test('does not count what it saw before', async () => {
    const { watch, clock } = watchFrom('a', us)
    await time.pass(5_000)
    kill(eu)
    await time.pass(8_000)
    expect(watch.status().regions[0]?.health?.level).toBe('suspect')
    clock.jumpedMs += 3_600_000
    await time.pass(8_000)
    expect(watch.status().regions[0]?.health?.level).toBe('suspect')
    await time.pass(20_000)
    expect(watch.status().regions[0]?.health?.level).toBe('down')
  })

  test('has no vote with the others', async () => {
    for (const [index, name] of NAMES.entries()) watchFrom(`v${index}`, name)
    await time.pass(5_000)
    const doubting = watches.get('v1')
    if (doubting !== undefined) doubting.clock.jumpedMs -= 60_000
    await time.pass(3_000)
    const votes = watches
      .get('v0')
      ?.watch.judge(eu)
      ?.votes.map(({ vantage, vote }) => `${vantage} ${vote}`)
    expect(votes).toEqual(['v0 up', 'v1 in-doubt', 'v2 up'])
  })
})

test('a vantage point that stops is told as silent, and counts until it is forgotten', async () => {
  const { told } = watchFrom('a', us)
  const other = watchFrom('b', null)
  await time.pass(5_000)
  const stopped = other.watch.stop()
  await time.pass(20_000)
  await stopped
  watches.delete('b')
  expect(told.filter((line) => line.endsWith(' b'))).toEqual(['heard b', 'silent b'])
  const votesOf = () =>
    watches
      .get('a')
      ?.watch.judge(eu)
      ?.votes.map(({ vantage, vote }) => `${vantage} ${vote}`)
  expect(votesOf()).toEqual(['a up', 'b silent'])
  await time.pass(timings.vantageForgetMs)
  expect(votesOf()).toEqual(['a up'])
})

test('a canary that may not be written is told once', async () => {
  for (const region of regions.values()) region.produceCode = 29
  const { told } = watchFrom('a', us)
  await time.pass(20_000)
  expect(told.filter((line) => line.startsWith('eu: '))).toEqual([
    expect.stringContaining('TOPIC_AUTHORIZATION_FAILED'),
  ])
  expect(verdictOf('a', eu)).toBe('up')
})

test('a watch that has not begun, or has ended, is in no doubt about the time that passes', async () => {
  const { watch, told } = watchFrom('a', us)
  await time.pass(5_000)
  const stopped = watch.stop()
  await time.pass(60_000)
  await stopped
  expect(watch.status().doubt).toBeNull()
  expect(told.filter((line) => line.startsWith('doubt'))).toEqual([])
})

test('a region of which looks no longer end has no verdict, and no vote with the others', async () => {
  const { watch, told } = watchFrom('a', us)
  watchFrom('b', null)
  watch.events.on('region:probe-error', ({ region }) => told.push(`${region} error`))
  await time.pass(5_000)
  regions.get(eu)?.brokers.set(1, 'nonsense')
  await time.pass(20_000)
  expect(told).toContain('eu error')
  expect(watch.judge(eu)).toMatchObject({ verdict: 'unknown', reason: 'no look at it has ended of late' })
  const votes = watches
    .get('b')
    ?.watch.judge(us)
    ?.votes.map(({ vantage, vote }) => `${vantage} ${vote}`)
  expect(votes).toEqual(['b up', 'a up'])
  expect(
    watches
      .get('b')
      ?.watch.judge(eu)
      ?.votes.map(({ vote }) => vote),
  ).toEqual(['no-view', 'no-view'])
})
