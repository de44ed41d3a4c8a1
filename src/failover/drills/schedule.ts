import { createTask, type ScheduledTask, validateDetailed } from 'node-cron'
import type { RegionName } from '../../core/index.ts'
import type { DrillLevel } from './drill-document.ts'

/**
 * When drills are due. Only the arithmetic of expressions and time zones is node-cron's: its tasks are never started, so
 * that the clock is ours.
 */
export interface DrillSchedule {
  /** Unique in its group. */
  readonly name: string
  /** Five fields. */
  readonly cron: string
  readonly timezone: string
  readonly level: DrillLevel
  /** Undefined: the standby that ranks best. */
  readonly region: RegionName | undefined
  readonly stayMs: number
  /** Undefined: always. */
  readonly allowed: readonly DrillWindow[] | undefined
  readonly blocked: readonly DrillWindow[]
}

/** All that it names has to hold, in the time zone of the schedule. */
export interface DrillWindow {
  readonly days?: readonly string[] | undefined
  /** Times of day; a window whose end is not behind its beginning goes over midnight. */
  readonly from: string
  readonly to: string
  readonly dates?: { readonly first: string; readonly last: string }
}

export interface DueDrill {
  readonly schedule: DrillSchedule
  /** The minute that it was due at, ISO 8601: with the name it tells one occurrence from another. */
  readonly at: string
  /** Why it is not to run; undefined where it is. */
  readonly skipped: string | undefined
}

/** An occurrence that is still to come. */
export interface ComingDrill {
  /** ISO 8601. */
  readonly at: string
  /** Why it is not going to run; undefined where it is. */
  readonly skipped: string | undefined
}

const MINUTE_MS = 60_000
/** A process that slept, or led nothing, for longer has missed what was due. */
const LATE_MINUTES_MOST = 5

/** What is due in the minutes after `sinceMs`, up to and with that of `nowMs`. */
export function findDue(schedules: readonly DrillSchedule[], sinceMs: number, nowMs: number): DueDrill[] {
  const last = Math.floor(nowMs / MINUTE_MS)
  const first = Math.max(Math.floor(sinceMs / MINUTE_MS) + 1, last - LATE_MINUTES_MOST + 1)
  const due: DueDrill[] = []
  for (let minute = first; minute <= last; minute++) {
    const atMs = minute * MINUTE_MS
    for (const schedule of schedules) {
      if (!taskOf(schedule).match(new Date(atMs))) continue
      due.push({ schedule, at: new Date(atMs).toISOString(), skipped: explainSkipped(schedule, atMs) })
    }
  }
  return due
}

/** The next ones, by the clock of the machine: they are shown, and nothing is done by them. */
export function listComing(schedule: DrillSchedule, most: number): ComingDrill[] {
  return taskOf(schedule)
    .getNextRuns(most)
    .map((date) => ({ at: date.toISOString(), skipped: explainSkipped(schedule, date.getTime()) }))
}

/** Why node-cron would refuse it, or undefined. Seconds are refused: nothing is looked at so often. */
export function explainBadCron(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/).length
  if (fields !== 5) return `it has ${fields} fields, and there are five`
  const { valid, errors } = validateDetailed(cron)
  return valid ? undefined : errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function explainSkipped({ allowed, blocked, timezone }: DrillSchedule, atMs: number): string | undefined {
  const local = localTime(atMs, timezone)
  const when = `${local.day} ${local.date} ${local.time} ${timezone}`
  if (blocked.some((window) => isWithin(window, local))) return `${when} is in a blocked window`
  if (allowed !== undefined && !allowed.some((window) => isWithin(window, local)))
    return `${when} is in no allowed window`
  return undefined
}

interface LocalTime {
  readonly day: string
  readonly date: string
  readonly time: string
}

function isWithin({ days, from, to, dates }: DrillWindow, { day, date, time }: LocalTime): boolean {
  if (days !== undefined && !days.includes(day)) return false
  if (dates !== undefined && (date < dates.first || date > dates.last)) return false
  return from < to ? time >= from && time < to : time >= from || time < to
}

function localTime(atMs: number, timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
  return {
    day: part('weekday').toLowerCase(),
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
  }
}

const tasks = new WeakMap<DrillSchedule, ScheduledTask>()

function taskOf(schedule: DrillSchedule): ScheduledTask {
  const { cron, timezone } = schedule
  const task = tasks.get(schedule) ?? createTask(cron, () => undefined, { timezone })
  tasks.set(schedule, task)
  return task
}
