import { expect, test } from 'vitest'
import { SensorFeed } from '../../../src/demo/sensor-feed.ts'
import { toAggregateMessage, toAggregateRecord } from '../../../src/local/workload/aggregates.ts'
import { toAlertRecord } from '../../../src/local/workload/alerts.ts'

const START = 1_000_000
const MOVE = { atMs: START + 15_000, from: 'eu-west', to: 'us-east', epoch: 2 }

/** A part of a site's window, as one partition of the readings publishes it. */
function part(partition: number, count: number, windowStart = START) {
  const last = { value: 20, at: windowStart, deviceId: `mill-temperature-${partition}`, sequence: count }
  const aggregate = { windowStart, count, sumThousandths: count * 20_000, min: 19, max: 21, last }
  const about = { subject: 'mill/temperature', site: 'mill', kind: 'temperature', part: partition, isClosed: false }
  return toAggregateMessage(toAggregateRecord(aggregate, { scope: 'site', ...about }, 10_000))
}

function alert(sequence: number) {
  const value = { subject: 'mill-temperature-1', what: 'temperature', side: 'above', value: 60, limit: 45 } as const
  return toAlertRecord({ ...value, at: START + sequence, sequence })
}

test("a site's window is all of its parts, each as it was published last", () => {
  const feed = new SensorFeed('eu-west')
  feed.take([part(0, 3), part(1, 4)])
  feed.take([part(0, 5)])
  expect(feed.view().sites).toEqual([
    {
      site: 'mill',
      kind: 'temperature',
      windows: [{ startMs: START, count: 9, mean: 20, min: 19, max: 21, region: 'eu-west' }],
    },
  ])
})

test('what a move repeats shows once, and windows go on in the new region', () => {
  const feed = new SensorFeed('eu-west')
  feed.take([part(0, 5), alert(1)])
  feed.moved(MOVE)
  feed.take([part(0, 5), alert(1), alert(2), part(0, 1, START + 20_000)])
  const { sites, alerts, alertsAgain, moves } = feed.view()
  expect(sites[0]?.windows.map(({ count, region }) => [count, region])).toEqual([
    [5, 'eu-west'],
    [1, 'us-east'],
  ])
  expect(alerts.map(({ at, region }) => [at - START, region])).toEqual([
    [2, 'us-east'],
    [1, 'eu-west'],
  ])
  expect({ alertsAgain, moves }).toEqual({ alertsAgain: 1, moves: [MOVE] })
})

test('only the last windows and alerts are kept', () => {
  const feed = new SensorFeed('eu-west')
  for (let at = 0; at < 200; at++) feed.take([part(0, 1, START + at * 10_000), alert(at)])
  const { sites, alerts } = feed.view()
  expect(sites[0]?.windows).toHaveLength(30)
  expect(sites[0]?.windows.at(-1)?.startMs).toBe(START + 199 * 10_000)
  expect(alerts.map(({ at }) => at - START)).toEqual(Array.from({ length: 100 }, (_, at) => 199 - at))
})
