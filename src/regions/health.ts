import { unreachable } from '../core/index.ts'
import type { Finding, Grade, Graded } from './grade.ts'
import { longestGapMs, type HealthTimings } from './options.ts'

/**
 * Turns a row of graded samples into a level that does not flutter: the pure fold behind every verdict.
 *
 * What always holds: a region gets from healthy or degraded to down only through suspect; it is down only after an
 * unbroken run of failing samples over at least `downAfterMs`, or of failing and stuck ones over at least
 * `writesDownAfterMs`; a pause between samples that is longer than a look can
 * take, and any doubt about the observer, begins every run anew and changes no level; one sample changes nothing, but
 * for the very first, which has to begin somewhere.
 */
export type HealthLevel = 'healthy' | 'degraded' | 'suspect' | 'down'

export interface RegionHealth {
  readonly level: HealthLevel
  /** Monotonic time of the sample that brought the level. */
  readonly sinceMs: number
  /** A sentence: why this level. */
  readonly reason: string
  /** What the newest sample found. */
  readonly findings: readonly Finding[]
  /** Monotonic time of the newest sample that counted. */
  readonly sampledMs: number
  readonly runs: Runs
}

/** How many samples in a row were so, and since when. */
export interface Run {
  readonly samples: number
  readonly sinceMs: number
}

type RunName = 'failing' | 'unserving' | 'blind' | 'away' | 'serving' | 'impaired' | 'good'
export type Runs = Readonly<Record<RunName, Run>>

type FoldOptions = Pick<
  HealthTimings,
  | 'everyMs'
  | 'timeoutMs'
  | 'degradedAfterSamples'
  | 'suspectAfterSamples'
  | 'downAfterMs'
  | 'writesDownAfterMs'
  | 'recoverAfterSamples'
  | 'recoverAfterMs'
>

/** Which grades carry a run on. */
const CARRIES: Readonly<Record<RunName, readonly Grade[]>> = {
  failing: ['failing'],
  unserving: ['failing', 'stuck'],
  blind: ['blind'],
  away: ['failing', 'stuck', 'blind'],
  serving: ['good', 'impaired'],
  impaired: ['impaired'],
  good: ['good'],
}
const NO_RUN: Run = { samples: 0, sinceMs: 0 }
const NO_RUNS: Runs = {
  failing: NO_RUN,
  unserving: NO_RUN,
  blind: NO_RUN,
  away: NO_RUN,
  serving: NO_RUN,
  impaired: NO_RUN,
  good: NO_RUN,
}
/** However short `downAfterSeconds` is, fewer looks are not enough. */
const DOWN_AFTER_SAMPLES = 3

export type GradedAt = Graded & { readonly atMs: number }

/** `before` is undefined until the first sample. */
export function foldHealth(before: RegionHealth | undefined, sample: GradedAt, options: FoldOptions): RegionHealth {
  const { grade, atMs, findings } = sample
  if (before === undefined) {
    const level = firstLevel(grade)
    return {
      level,
      sinceMs: atMs,
      reason: describe(level, sample),
      findings,
      sampledMs: atMs,
      runs: extend(NO_RUNS, sample),
    }
  }
  const isLate = atMs - before.sampledMs > longestGapMs(options)
  const runs = extend(isLate ? NO_RUNS : before.runs, sample)
  const level = nextLevel(before.level, { grade, runs, atMs }, options)
  const sinceMs = level === before.level ? before.sinceMs : atMs
  const isTold = level !== before.level || levelOf(grade) === level
  const reason = isTold ? describe(level, sample) : before.reason
  return { level, sinceMs, reason, findings, sampledMs: atMs, runs }
}

/** The observer was in doubt: what it has counted so far counts no longer; what it has concluded stays. */
export function restartRuns(health: RegionHealth): RegionHealth {
  return { ...health, runs: NO_RUNS }
}

function extend(runs: Runs, { grade, atMs }: GradedAt): Runs {
  const extendOne = (name: RunName): Run => {
    if (!CARRIES[name].includes(grade)) return NO_RUN
    const run = runs[name]
    return run.samples === 0 ? { samples: 1, sinceMs: atMs } : { samples: run.samples + 1, sinceMs: run.sinceMs }
  }
  return {
    failing: extendOne('failing'),
    unserving: extendOne('unserving'),
    blind: extendOne('blind'),
    away: extendOne('away'),
    serving: extendOne('serving'),
    impaired: extendOne('impaired'),
    good: extendOne('good'),
  }
}

interface Moment {
  readonly grade: Grade
  readonly runs: Runs
  readonly atMs: number
}

function nextLevel(level: HealthLevel, { grade, runs, atMs }: Moment, options: FoldOptions): HealthLevel {
  const { degradedAfterSamples, suspectAfterSamples, recoverAfterSamples, recoverAfterMs, downAfterMs } = options
  const served = grade === 'good' ? 'healthy' : 'degraded'
  switch (level) {
    case 'healthy':
      if (runs.away.samples >= suspectAfterSamples) return 'suspect'
      return runs.impaired.samples >= degradedAfterSamples ? 'degraded' : level
    case 'degraded':
      if (runs.away.samples >= suspectAfterSamples) return 'suspect'
      return runs.good.samples >= recoverAfterSamples ? 'healthy' : level
    case 'suspect': {
      const lasts = ({ samples, sinceMs }: Run, ms: number) => samples >= DOWN_AFTER_SAMPLES && atMs - sinceMs >= ms
      if (lasts(runs.failing, downAfterMs) || lasts(runs.unserving, options.writesDownAfterMs)) return 'down'
      return runs.serving.samples >= recoverAfterSamples ? served : level
    }
    case 'down': {
      const isLasting = ({ samples, sinceMs }: Run) =>
        samples >= recoverAfterSamples && atMs - sinceMs >= recoverAfterMs
      if (isLasting(runs.serving)) return served
      // It is there again, though it turns this observer away.
      return isLasting(runs.blind) ? 'suspect' : level
    }
    default:
      return unreachable(level)
  }
}

function firstLevel(grade: Grade): HealthLevel {
  return grade === 'good' ? 'healthy' : grade === 'impaired' ? 'degraded' : 'suspect'
}

/** The level that a grade stands for in the long run. */
function levelOf(grade: Grade): HealthLevel {
  return grade === 'failing' || grade === 'stuck' ? 'down' : firstLevel(grade)
}

function describe(level: HealthLevel, { grade, findings }: GradedAt): string {
  const why = findings.map(({ text }) => text).join('; ')
  if (grade === 'good') return 'serves, and nothing is wrong'
  return level === 'suspect' && levelOf(grade) === 'down' ? `${why}; not for long enough to count as down` : why
}
