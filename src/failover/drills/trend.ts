import type { DrillDocument, DrillLevel, DrillMeasured, DrillOutcome } from './drill-document.ts'

/** How the figures of a level went from drill to drill. */
export interface DrillTrend {
  readonly level: DrillLevel
  /** Drills that ran to an end, skipped ones left out. */
  readonly runs: number
  readonly passed: number
  /** Oldest first. */
  readonly points: readonly TrendPoint[]
  readonly series: Readonly<Record<keyof DrillMeasured, TrendSeries | null>>
}

export interface TrendPoint extends DrillMeasured {
  readonly drill: string
  readonly at: string
  readonly outcome: DrillOutcome['kind']
}

/** Of the drills that measured it. */
export interface TrendSeries {
  readonly last: number
  readonly median: number
  readonly worst: number
  /** The last one less the median of all before it; null where it is the first. */
  readonly change: number | null
}

const FIGURES = ['rpoRecords', 'rpoMs', 'rtoMs', 'writePauseMs'] as const

/** One trend for each level that measures something. Pure; the history may come in any order. */
export function trendOf(history: readonly DrillDocument[]): DrillTrend[] {
  const ended = history.flatMap((drill) => {
    const { outcome, measured } = drill
    return outcome === undefined || outcome.kind === 'skipped' || measured === undefined
      ? []
      : [{ level: drill.level, point: pointOf(drill, outcome, measured) }]
  })
  return [...Map.groupBy(ended, ({ level }) => level)].map(([level, drills]) => {
    const points = drills.map(({ point }) => point).sort((left, right) => (left.at < right.at ? -1 : 1))
    const series = Object.fromEntries(FIGURES.map((figure) => [figure, seriesOf(points, figure)]))
    return {
      level,
      runs: points.length,
      passed: points.filter(({ outcome }) => outcome === 'passed').length,
      points,
      series: series as DrillTrend['series'],
    }
  })
}

function pointOf({ id, steps, request }: DrillDocument, { kind }: DrillOutcome, measured: DrillMeasured): TrendPoint {
  const { rpoRecords, rpoMs, rtoMs, writePauseMs } = measured
  return { drill: id, at: steps.at(-1)?.at ?? request.at, outcome: kind, rpoRecords, rpoMs, rtoMs, writePauseMs }
}

function seriesOf(points: readonly TrendPoint[], figure: keyof DrillMeasured): TrendSeries | null {
  const values = points.flatMap((point) => point[figure] ?? [])
  const last = values.at(-1)
  if (last === undefined) return null
  const before = values.slice(0, -1)
  return {
    last,
    median: medianOf(values),
    worst: Math.max(...values),
    change: before.length === 0 ? null : last - medianOf(before),
  }
}

/** The upper one of two in the middle. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
