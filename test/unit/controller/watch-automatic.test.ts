import { expect, test } from 'vitest'
import type { FailoverGroupConfig } from '../../../src/config/index.ts'
import { AutomaticWatch } from '../../../src/controller/watch-automatic.ts'
import { createEvents, type RegionName } from '../../../src/core/index.ts'
import type { FailoverEvents } from '../../../src/failover/index.ts'
import type { Judgement, RegionStatus, VantageVote } from '../../../src/regions/index.ts'
import { SimClock, SimProcess } from '../../simulation/sim-clock.ts'
import { east, north, threeRegions, west } from '../../support/failover/machine-model.ts'

function setUp(mode: FailoverGroupConfig['mode']) {
  const time = new SimClock()
  let votes: VantageVote['vote'][] = ['down', 'down', 'down']
  const statusOf = (region: RegionName, verdict: Judgement['verdict']): RegionStatus => ({
    region,
    health: undefined,
    sample: undefined,
    sampleAgeMs: undefined,
    judgement: {
      region,
      verdict,
      reason: '',
      majority: 2,
      votes: votes.map((vote, at) => ({ vantage: `v${at}`, standsIn: null, vote, ageMs: 0 })),
    },
  })
  const group = {
    name: 'orders',
    mode,
    regions: [west, east, north],
    timings: { dwellMs: 60_000 },
  } as unknown as FailoverGroupConfig
  const watch = new AutomaticWatch({
    group,
    document: threeRegions,
    health: () => ({ regions: [statusOf(west, 'down'), statusOf(east, 'suspect'), statusOf(north, 'up')] }),
    clock: new SimProcess(time),
    events: createEvents<FailoverEvents>(),
  })
  const vote = (...given: VantageVote['vote'][]) => void (votes = given)
  return { watch, time, vote }
}

test('a region that a majority has seen down for the dwell time pages with the command to give', () => {
  const { watch, time } = setUp('observe')
  expect(watch.decide().kind).toBe('stay')
  time.nowMs = 59_000
  expect(watch.decide().kind).toBe('stay')
  time.nowMs = 60_000
  const decision = watch.decide()
  expect(decision).toMatchObject({ kind: 'page' })
  // The second in rank is suspect.
  expect(decision.kind === 'page' && decision.command).toContain('isthmus failover orders --to north --accept-loss')
})

test('whoever sees it up in between begins anew', () => {
  const { watch, time, vote } = setUp('observe')
  watch.decide()
  time.nowMs = 50_000
  vote('up', 'suspect', 'down')
  watch.decide()
  vote('down', 'down', 'silent')
  time.nowMs = 61_000
  expect(watch.decide().kind).toBe('stay')
  time.nowMs = 121_000
  expect(watch.decide().kind).toBe('page')
})

test('one vantage point alone, or a group that is moved by people only, never pages', () => {
  const alone = setUp('observe')
  alone.vote('down')
  alone.watch.decide()
  alone.time.nowMs = 600_000
  expect(alone.watch.decide().kind).toBe('stay')
  const manual = setUp('manual')
  manual.watch.decide()
  manual.time.nowMs = 600_000
  expect(manual.watch.decide().kind).toBe('stay')
})
