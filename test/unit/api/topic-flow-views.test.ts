import { expect, test } from 'vitest'
import { viewLinkHistory } from '../../../src/api/history-views.ts'
import { sumLink } from '../../../src/api/summary.ts'
import { viewTopicFlows } from '../../../src/api/topic-flow-views.ts'
import { flowStatus, linkStatus, stoppedFlow } from '../../support/fake-replicator.ts'

const NOW = 1_000_000

function topicsOf(query: Parameters<typeof viewTopicFlows>[1]) {
  const flows = [
    flowStatus({ topic: 'a', lagRecords: 5 }),
    flowStatus({ topic: 'a', partition: 1, lagRecords: 7, lagSeconds: 3 }),
    flowStatus({ topic: 'b', lagRecords: 100 }),
    flowStatus({ topic: 'c', lagRecords: null, lagSeconds: null, observedAtMs: null }),
    stoppedFlow({ topic: 'd' }),
  ]
  return viewTopicFlows(linkStatus({ flows }), query, NOW)
}

test('topics are summed up, the stopped first, then the unknown, then the furthest behind', () => {
  const { total, flows, topics } = topicsOf({})
  expect({ total, flows }).toEqual({ total: 4, flows: 5 })
  expect(topics.map(({ topic }) => topic)).toEqual(['d', 'c', 'b', 'a'])
  expect(topics[3]).toMatchObject({ partitions: 2, lagRecords: 12, lagSeconds: 3, lagAgeSeconds: 1, lagUnknown: 0 })
  expect(topics[1]).toMatchObject({ lagRecords: null, lagAgeSeconds: null, lagUnknown: 1 })
})

test('pages, names and states choose among them', () => {
  expect(topicsOf({ offset: 1, limit: 2 }).topics.map(({ topic }) => topic)).toEqual(['c', 'b'])
  expect(topicsOf({ order: 'name' }).topics.map(({ topic }) => topic)).toEqual(['a', 'b', 'c', 'd'])
  expect(topicsOf({ search: 'b' })).toMatchObject({ total: 1, flows: 1 })
  expect(topicsOf({ state: 'stopped' }).topics.map(({ topic }) => topic)).toEqual(['d'])
})

test('the age of a lag is that of the flow that was seen longest ago, and null where one never was', () => {
  const flows = [flowStatus({ observedAtMs: NOW - 4_000 }), flowStatus({ observedAtMs: NOW })]
  expect(sumLink({ flows }, NOW).lagAgeSeconds).toBe(4)
  expect(sumLink({ flows: [...flows, flowStatus({ observedAtMs: null })] }, NOW).lagAgeSeconds).toBeNull()
  expect(sumLink({ flows: [] }, NOW).lagAgeSeconds).toBeNull()
})

test('a history is thinned out without losing a peak, and says nothing where nothing was known', () => {
  const sample = (at: number, lagRecords: number | null) => {
    return { atMs: at * 1_000, lagRecords, lagSeconds: null, recordsCopied: at * 10, bytesCopied: at * 100 }
  }
  const samples = Array.from({ length: 2_000 }, (_, at) => sample(at, at === 777 ? 9_999 : 1))
  const body = viewLinkHistory('a', samples, { seconds: 2_000, nowMs: 2_000_000 })
  expect(body.atMs).toHaveLength(500)
  expect(Math.max(...body.lagRecords.map((value) => value ?? 0))).toBe(9_999)
  expect(body.recordsPerSecond.slice(0, 2)).toEqual([null, 10])
  expect(body.lagSeconds[0]).toBeNull()
  expect(viewLinkHistory('a', samples, { seconds: 60, nowMs: 2_000_000 }).atMs).toHaveLength(60)
})
