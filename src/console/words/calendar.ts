import type { DrillBody, DrillsBody } from '../../api/contract/index.ts'

/** A day with what was rehearsed on it, and what is to be; days are those of whoever looks. */
export interface CalendarDay {
  /** Of its beginning. */
  readonly atMs: number
  readonly isToday: boolean
  readonly drills: readonly DrillBody[]
  readonly due: readonly DueEntry[]
}

export interface DueEntry {
  readonly schedule: string
  readonly level: DrillBody['level']
  readonly at: string
  /** Why it is not going to run; null where it is. */
  readonly skipped: string | null
}

const WEEK_DAYS = 7
const WEEKS_BEFORE = 3
const WEEKS = 6

/** Weeks from Monday to Sunday: three that are over, the present one, two to come. Pure. */
export function buildCalendar(
  { running, ended, schedules }: Pick<DrillsBody, 'running' | 'ended' | 'schedules'>,
  nowMs: number,
): CalendarDay[][] {
  const all = running === null ? ended : [running, ...ended]
  const due = schedules.flatMap(({ name: schedule, level, coming }) =>
    coming.map(({ at, skipped }) => ({ schedule, level, at, skipped })),
  )
  const today = new Date(nowMs)
  const sinceMonday = (today.getDay() + WEEK_DAYS - 1) % WEEK_DAYS
  const dayAt = (days: number) => new Date(today.getFullYear(), today.getMonth(), today.getDate() + days).getTime()
  return Array.from({ length: WEEKS }, (_week, week) =>
    Array.from({ length: WEEK_DAYS }, (_day, day) => {
      const offset = (week - WEEKS_BEFORE) * WEEK_DAYS + day - sinceMonday
      const [atMs, endMs] = [dayAt(offset), dayAt(offset + 1)]
      const isOn = (at: string) => Date.parse(at) >= atMs && Date.parse(at) < endMs
      return {
        atMs,
        isToday: offset === 0,
        drills: all.filter(({ at }) => isOn(at)),
        due: due.filter(({ at }) => isOn(at)),
      }
    }),
  )
}
