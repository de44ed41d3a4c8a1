import { expect, test } from 'vitest'
import { DownVotes } from '../../../src/controller/down-votes.ts'
import type { RegionStatus, VantageVote } from '../../../src/regions/index.ts'
import { SimClock, SimProcess } from '../../simulation/sim-clock.ts'
import { east, west } from '../../support/failover/machine-model.ts'

function setUp() {
  const time = new SimClock()
  let votes: VantageVote['vote'][] = ['down', 'down']
  const statusOf = (region: typeof west): RegionStatus => ({
    region,
    health: undefined,
    sample: undefined,
    sampleAgeMs: undefined,
    judgement: {
      region,
      verdict: 'down',
      reason: '',
      majority: 2,
      votes: votes.map((vote, at) => ({ vantage: `v${at}`, standsIn: null, vote, ageMs: 0 })),
    },
  })
  const counted = new DownVotes(() => ({ regions: [statusOf(west), statusOf(east)] }), new SimProcess(time))
  const forMs = (region: string) => counted.look(region).map(({ downForMs }) => downForMs)
  return { counted, time, forMs, vote: (...given: VantageVote['vote'][]) => void (votes = given) }
}

test('counts for how long each vantage point has said so', () => {
  const { time, forMs } = setUp()
  expect(forMs(west)).toEqual([0, 0])
  time.nowMs = 41_000
  expect(forMs(west)).toEqual([41_000, 41_000])
})

test('whoever says anything else in between begins anew', () => {
  const { time, forMs, vote } = setUp()
  forMs(west)
  time.nowMs = 50_000
  vote('silent', 'down')
  expect(forMs(west)).toEqual([0, 50_000])
  vote('down', 'down')
  expect(forMs(west)).toEqual([0, 50_000])
  time.nowMs = 60_000
  expect(forMs(west)).toEqual([10_000, 60_000])
})

test('another region is counted anew, and one that is not watched has no votes', () => {
  const { counted, time, forMs } = setUp()
  forMs(west)
  time.nowMs = 60_000
  expect(forMs(east)).toEqual([0, 0])
  expect(counted.look('north')).toEqual([])
  expect(counted.look(undefined)).toEqual([])
})
