import type { DrillSummary, LastDrill } from '../failover/index.ts'
import { renderLabels, renderMetric } from './exposition.ts'

const OF_LEVEL = ['group', 'level'] as const

/** Drills of failover groups, as data like metric-specs.ts. */
export const DRILL_METRICS = {
  kept: {
    name: 'isthmus_drills_kept',
    labels: ['group', 'outcome'],
    help: 'Drills in the history, which has the newest 200 of a group, by how they ended.',
  },
  last: {
    name: 'isthmus_drill_last_outcome',
    labels: ['group', 'level', 'outcome'],
    help: '1 for how the last drill of the level ended: passed, failed, interrupted or skipped.',
  },
  lastAt: {
    name: 'isthmus_drill_last_timestamp_seconds',
    labels: OF_LEVEL,
    help: 'When the last drill of the level ended, however it did, seconds since 1970.',
  },
  passedAt: {
    name: 'isthmus_drill_passed_timestamp_seconds',
    labels: ['group'],
    help: 'When a drill that moved something, canary or full, last passed, seconds since 1970.',
  },
  rpo: {
    name: 'isthmus_drill_rpo_seconds',
    labels: OF_LEVEL,
    help: 'What the last drill of the level measured: the time that lost records span, or the age of what the standby had.',
  },
  rto: {
    name: 'isthmus_drill_rto_seconds',
    labels: OF_LEVEL,
    help: 'What the last drill of the level measured: from the order of the slowest move until applications could write again.',
  },
  writePause: {
    name: 'isthmus_drill_write_pause_seconds',
    labels: OF_LEVEL,
    help: 'What the last drill of the level measured: the longest time without an accepted write.',
  },
} as const

export function renderDrills(summaries: readonly DrillSummary[]): string[] {
  const byGroup = summaries.map((subject) => ({ subject, labels: renderLabels({ group: subject.group }) }))
  const byOutcome = summaries.flatMap(({ group, outcomes }) =>
    Object.entries(outcomes).map(([outcome, subject]) => ({ subject, labels: renderLabels({ group, outcome }) })),
  )
  const byLevel = summaries.flatMap(({ group, last }) =>
    Object.entries(last).map(([level, subject]) => ({ subject, labels: renderLabels({ group, level }) })),
  )
  const { kept, last, lastAt, passedAt, rpo, rto, writePause } = DRILL_METRICS
  const seconds = (
    metric: typeof rpo | typeof rto | typeof writePause,
    read: (drill: LastDrill) => number | null | undefined,
  ) => renderMetric({ ...metric, kind: 'gauge' }, byLevel, (drill) => ({ value: inSeconds(read(drill)) }))
  return [
    renderMetric({ ...kept, kind: 'gauge' }, byOutcome, (value) => ({ value })),
    renderMetric({ ...last, kind: 'gauge' }, byLevel, ({ outcome }) => ({
      value: 1,
      moreLabels: renderLabels({ outcome }),
    })),
    renderMetric({ ...lastAt, kind: 'gauge' }, byLevel, ({ endedAt }) => ({ value: inSeconds(Date.parse(endedAt)) })),
    renderMetric({ ...passedAt, kind: 'gauge' }, byGroup, (one) => {
      return { value: one.passedAt === null ? undefined : inSeconds(Date.parse(one.passedAt)) }
    }),
    seconds(rpo, ({ measured }) => measured?.rpoMs),
    seconds(rto, ({ measured }) => measured?.rtoMs),
    seconds(writePause, ({ measured }) => measured?.writePauseMs),
  ]
}

function inSeconds(ms: number | null | undefined): number | undefined {
  return ms === null || ms === undefined ? undefined : ms / 1_000
}
