import { expect, test } from 'vitest'
import { createEvents, regionName } from '../../../src/core/index.ts'
import { createLogger, logRegionEvents } from '../../../src/observability/index.ts'
import { renderRegions } from '../../../src/observability/region-metrics.ts'
import type { RegionEvents, RegionsStatus, RegionStatus } from '../../../src/regions/index.ts'

const region = regionName('eu')
const judgement = { region, verdict: 'up', reason: 'it is reached from here', votes: [], majority: 2 } as const
const broker = {
  address: 'a:1',
  nodeId: 1,
  atMs: 0,
  isFresh: true,
  state: 'answers',
  code: '',
  reason: '',
  connectMs: 1,
} as const
const some = { count: 2, examples: ['a-0'] }
const sample: RegionStatus['sample'] = {
  region,
  atMs: 0,
  tookMs: 1,
  brokers: [broker, { ...broker, nodeId: 2, state: 'silent' }],
  quorum: { kind: 'failed', code: 'X', reason: 'no answer' },
  partitions: {
    kind: 'ok',
    value: {
      atMs: 0,
      topics: 1,
      partitions: 9,
      offline: some,
      underMinIsr: some,
      underReplicated: some,
      missingBrokers: [],
    },
  },
  canary: { kind: 'ok', value: { tried: 2, written: 1, slowestMs: 250, refusals: ['x'] } },
  clock: { kind: 'unknown', reason: 'nothing told the time there' },
}
const runs = { samples: 0, sinceMs: 0 }
const health: RegionStatus['health'] = {
  level: 'degraded',
  sinceMs: 0,
  reason: 'x',
  findings: [],
  sampledMs: 0,
  runs: { failing: runs, unserving: runs, blind: runs, away: runs, serving: runs, impaired: runs, good: runs },
}
const statusOf = (one: Partial<RegionStatus>): RegionsStatus => {
  const unseen = { region, health: undefined, sample: undefined, sampleAgeMs: undefined, judgement }
  return { vantage: 'a', standsIn: null, doubt: null, heard: [], regions: [{ ...unseen, ...one }] }
}
const seriesOf = (status: RegionsStatus) =>
  renderRegions(status, 0)
    .join('\n')
    .split('\n')
    .filter((line) => line.startsWith('isthmus_'))

test('what was found becomes series, and what could not be asked is left out', () => {
  expect(seriesOf(statusOf({ health, sample, sampleAgeMs: 1_500 }))).toEqual([
    'isthmus_region_look_age_seconds{region="eu"} 1.5',
    'isthmus_region_brokers{region="eu"} 2',
    'isthmus_region_brokers_answering{region="eu"} 1',
    'isthmus_region_offline_partitions{region="eu"} 2',
    'isthmus_region_under_min_isr_partitions{region="eu"} 2',
    'isthmus_region_under_replicated_partitions{region="eu"} 2',
    'isthmus_region_quorum_answers{region="eu"} 0',
    'isthmus_region_canaries_refused{region="eu"} 1',
    'isthmus_region_canary_seconds{region="eu"} 0.25',
    'isthmus_region_health{region="eu",level="degraded"} 1',
    'isthmus_region_verdict{region="eu",verdict="up"} 1',
    'isthmus_observer_in_doubt{} 0',
    'isthmus_vantage_points{} 1',
  ])
})

test('before the first look there is a verdict only', () => {
  const unseen = seriesOf({ ...statusOf({}), doubt: { reason: 'it stalled', atMs: 0 } })
  expect(unseen).toEqual([
    'isthmus_region_verdict{region="eu",verdict="up"} 1',
    'isthmus_observer_in_doubt{} 1',
    'isthmus_vantage_points{} 1',
  ])
})

test('where no region is watched every metric is named, and has no series', () => {
  const nobody = { vantage: 'a', standsIn: null, doubt: null, heard: [], regions: [] }
  expect(seriesOf(nobody)).toEqual([])
  expect(renderRegions(nobody, 0).join('\n')).toContain('# TYPE isthmus_observer_in_doubt gauge')
})

test('events become sentences, at a level that fits', () => {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const events = createEvents<RegionEvents>()
  const stop = logRegionEvents(events, createLogger({ level: 'info', nowMs: () => 0, destination }))
  const reason = 'none of 3 brokers answers'
  events.emit('region:health', { region, from: 'suspect', to: 'down', reason, findings: [] })
  events.emit('region:verdict', { region, from: null, to: 'up', reason: 'it is reached from here', votes: [] })
  events.emit('vantage:silent', { vantage: 'b', standsIn: region, ageMs: 15_400 })
  stop()
  events.emit('observer:doubt', { reason: 'not heard any more' })
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    ['error', 'region eu is down as seen from here, after suspect: none of 3 brokers answers'],
    ['info', 'the verdict on region eu is up: it is reached from here'],
    ['warn', 'vantage point b has not been heard of for 15 s; it stands in eu'],
  ])
})
