import { describe, expect, it, test } from 'vitest'
import {
  type DrillSchedule,
  explainBadCron,
  findDue,
  isTimeZone,
  listComing,
} from '../../../../src/failover/drills/schedule.ts'

const at = (text: string) => Date.parse(text)
const weekly: DrillSchedule = {
  name: 'weekly',
  cron: '0 6 * * 2',
  timezone: 'Europe/Berlin',
  level: 'canary',
  region: undefined,
  stayMs: 0,
  allowed: undefined,
  blocked: [],
}
/** A Tuesday in winter: six in Berlin is five in UTC. */
const TUESDAY = '2026-11-24T05:00:00.000Z'
const dueWith = (over: Partial<DrillSchedule>) => findDue([{ ...weekly, ...over }], at(TUESDAY) - 1, at(TUESDAY))

test('a drill is due in the time zone of its schedule, once', () => {
  expect(findDue([weekly], at('2026-11-24T04:59:50Z'), at('2026-11-24T05:00:01Z'))).toEqual([
    { schedule: weekly, at: TUESDAY, skipped: undefined },
  ])
  expect(findDue([weekly], at('2026-11-24T05:00:01Z'), at('2026-11-24T05:00:40Z'))).toEqual([])
  expect(findDue([weekly], at('2026-11-24T05:59:50Z'), at('2026-11-24T06:00:40Z'))).toEqual([])
})

test('the next ones are told, with those that are not going to run', () => {
  const coming = listComing({ ...weekly, blocked: [{ days: ['tue'], from: '00:00', to: '24:00' }] }, 3)
  expect(coming).toHaveLength(3)
  expect(coming.every(({ at: when }) => at(when) > Date.now())).toBe(true)
  expect(coming[0]?.skipped).toMatch(/^tue .* 06:00 Europe\/Berlin is in a blocked window$/)
  expect(listComing(weekly, 1)[0]?.skipped).toBeUndefined()
})

test('summer time moves it along', () => {
  expect(findDue([weekly], at('2026-07-21T03:59:50Z'), at('2026-07-21T04:00:01Z'))).toHaveLength(1)
})

test('what was due while nobody looked is made up for within five minutes only', () => {
  expect(findDue([weekly], at('2026-11-24T04:00:00Z'), at('2026-11-24T05:04:00Z'))).toHaveLength(1)
  expect(findDue([weekly], at('2026-11-24T04:00:00Z'), at('2026-11-24T05:06:00Z'))).toHaveLength(0)
})

describe('windows', () => {
  it('are blocked by days, by time and by dates', () => {
    expect(dueWith({ blocked: [{ days: ['tue'], from: '00:00', to: '24:00' }] })[0]?.skipped).toBe(
      'tue 2026-11-24 06:00 Europe/Berlin is in a blocked window',
    )
    expect(dueWith({ blocked: [{ from: '05:30', to: '06:00' }] })[0]?.skipped).toBeUndefined()
    const dates = { first: '2026-11-20', last: '2026-11-24' }
    expect(dueWith({ blocked: [{ from: '00:00', to: '24:00', dates }] })[0]?.skipped).toContain('blocked')
    expect(dueWith({ blocked: [{ from: '00:00', to: '24:00', days: ['mon'], dates }] })[0]?.skipped).toBeUndefined()
  })

  it('that end before they begin go over midnight', () => {
    expect(dueWith({ blocked: [{ from: '22:00', to: '06:30' }] })[0]?.skipped).toContain('blocked')
    expect(dueWith({ blocked: [{ from: '22:00', to: '06:00' }] })[0]?.skipped).toBeUndefined()
  })

  it('that are allowed exclude all others', () => {
    expect(dueWith({ allowed: [{ from: '06:00', to: '07:00' }] })[0]?.skipped).toBeUndefined()
    expect(dueWith({ allowed: [{ from: '07:00', to: '08:00' }] })[0]?.skipped).toContain('no allowed window')
    expect(dueWith({ allowed: [] })[0]?.skipped).toContain('no allowed window')
  })
})

test.each([
  ['0 6 * * 2', undefined],
  ['0 6 * *', 'it has 4 fields, and there are five'],
  ['0 0 6 * * 2', 'it has 6 fields, and there are five'],
  ['61 6 * * 2', 'minute: 61 is a invalid expression for minute'],
])('the schedule %s', (cron, why) => {
  expect(explainBadCron(cron)).toBe(why)
})

test('time zones are those of the system', () => {
  expect(isTimeZone('Europe/Berlin')).toBe(true)
  expect(isTimeZone('Mars/Olympus')).toBe(false)
})
