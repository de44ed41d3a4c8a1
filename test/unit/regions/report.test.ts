import { describe, expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import { HeardReports } from '../../../src/regions/heard-reports.ts'
import { decodeReport, encodeReport, type VantageReport } from '../../../src/regions/report.ts'

const report = (vantage: string, sequence: number): VantageReport => ({
  vantage,
  standsIn: regionName('eu'),
  sequence,
  doubt: null,
  sees: new Map([[regionName('us'), 'down']]),
})

test('a report survives its way', () => {
  const sent = { ...report('a', 7), standsIn: null, doubt: 'the clock jumped' }
  expect(decodeReport(encodeReport(sent))).toEqual(sent)
})

const COPIED = {
  flows: 5,
  allFlows: 12,
  unknownFlows: 0,
  lagRecords: 9,
  lagSeconds: 1.5,
  seenSecondsAgo: null,
  openIncidents: 1,
}

test('what a process copies is told with its report, and a report without it counts all the same', () => {
  const sent = { ...report('a', 7), copies: new Map([['orders-eu-to-us', COPIED]]) }
  expect(decodeReport(encodeReport(sent))).toEqual(sent)
  const older = { format: 1, vantage: 'a', standsIn: null, sequence: 1, doubt: null, sees: { us: 'down' } }
  for (const copies of [undefined, [], { 'orders-eu-to-us': { ...COPIED, flows: -1 } }, 'much']) {
    const decoded = decodeReport(Buffer.from(JSON.stringify({ ...older, copies })))
    expect(decoded?.sees.size).toBe(1)
    expect(decoded?.copies).toBeUndefined()
  }
})

test('more links than a report may carry are left out of it', () => {
  const copies = new Map(Array.from({ length: 300 }, (_, at) => [`link-${at}`, COPIED]))
  expect(decodeReport(encodeReport({ ...report('a', 7), copies }))?.copies).toBeUndefined()
})

test.each([
  null,
  '',
  'null',
  '[]',
  '{"format":2}',
  '{"format":1,"vantage":"","standsIn":null,"sequence":1,"doubt":null,"sees":{}}',
  '{"format":1,"vantage":"a","standsIn":"No Name","sequence":1,"doubt":null,"sees":{}}',
  '{"format":1,"vantage":"a","standsIn":null,"sequence":1.5,"doubt":null,"sees":{}}',
  '{"format":1,"vantage":"a","standsIn":null,"sequence":1,"doubt":3,"sees":{}}',
  '{"format":1,"vantage":"a","standsIn":null,"sequence":1,"doubt":null,"sees":{"us":"dead"}}',
  '{"format":1,"vantage":"a","standsIn":null,"sequence":1,"doubt":null,"sees":[]}',
])('what is no report is not taken for one: %s', (value) => {
  expect(decodeReport(value === null ? null : Buffer.from(value))).toBeUndefined()
})

describe('of what is heard', () => {
  const timings = { reportStaleMs: 10_000, vantageForgetMs: 60_000 }
  const heard = (it: VantageReport, ageMs: number) => ({ report: it, ageMs })

  test("the newest of each counts, whichever region it came through, and one's own does not", () => {
    const reports = new HeardReports('self', timings)
    reports.note([heard(report('a', 5), 100), heard(report('a', 4), 2_000), heard(report('self', 9), 0)], 1_000)
    expect(reports.list(3_000)).toEqual([{ report: report('a', 5), ageMs: 2_100 }])
  })

  test('who is heard, falls silent and is forgotten is told once each', () => {
    const reports = new HeardReports('self', timings)
    const kindsAt = (nowMs: number) => reports.review(nowMs).map(({ kind, ageMs }) => [kind, ageMs])
    reports.note([heard(report('a', 5), 0)], 1_000)
    expect([kindsAt(1_500), kindsAt(2_000)]).toEqual([[['heard', 500]], []])
    expect([kindsAt(11_001), kindsAt(12_000)]).toEqual([[['silent', 10_001]], []])
    expect(reports.list(12_000)).toHaveLength(1)
    reports.review(61_001)
    expect(reports.list(61_001)).toEqual([])
  })

  test('a report that was old already when it was read makes nobody heard', () => {
    const reports = new HeardReports('self', timings)
    reports.note([heard(report('a', 5), 20_000)], 1_000)
    expect(reports.review(1_000)).toEqual([])
    expect(reports.list(1_000)[0]?.ageMs).toBe(20_000)
  })
})
