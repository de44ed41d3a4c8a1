import { expect, test } from 'vitest'
import type { DrillBody } from '../../../src/api/contract/index.ts'
import { buildCalendar } from '../../../src/console/words/calendar.ts'

/** A Sunday, in the zone of whoever runs this. */
const SUNDAY = new Date(2026, 10, 22, 9, 30)
const drillAt = (date: Date) => ({ id: date.toISOString(), at: date.toISOString() }) as DrillBody

test('six weeks from Monday to Sunday have each drill on its day, and what is due', () => {
  const past = drillAt(new Date(2026, 10, 10, 23, 59))
  const running = drillAt(new Date(2026, 10, 22, 9))
  const due = { at: new Date(2026, 10, 24, 6).toISOString(), skipped: 'it is in a blocked window' }
  const schedules = [{ name: 'weekly', cron: '', timezone: '', level: 'canary' as const, region: null, coming: [due] }]
  const weeks = buildCalendar({ running, ended: [past], schedules }, SUNDAY.getTime())
  expect(weeks.map((days) => days.length)).toEqual([7, 7, 7, 7, 7, 7])
  expect(weeks.flat().every(({ atMs }, index) => new Date(atMs).getDay() === (index + 1) % 7)).toBe(true)
  const dayOf = (month: number, day: number) =>
    weeks.flat().find(({ atMs }) => atMs === new Date(2026, month, day).getTime())
  expect(weeks[0]?.[0]).toBe(dayOf(9, 26))
  expect(weeks.flat().filter(({ isToday }) => isToday)).toEqual([dayOf(10, 22)])
  expect(dayOf(10, 10)?.drills).toEqual([past])
  expect(dayOf(10, 22)?.drills).toEqual([running])
  expect(dayOf(10, 24)?.due).toEqual([{ schedule: 'weekly', level: 'canary', ...due }])
})
