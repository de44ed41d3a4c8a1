import type { FoundDiffering, GuardContext } from './evidence.ts'

/** How much a guard weighs in a kind of move. */
export type GuardWeight = 'required' | 'warning' | 'skipped'

export interface Guard {
  readonly name: string
  /** What holds when it passes. */
  readonly holds: string
  /** In switchovers and failbacks; in failovers the region that is left may not answer. */
  readonly lossless: GuardWeight
  readonly failover: GuardWeight
  readonly isOverridable: boolean
  readonly remedy: string
  judge(context: GuardContext): Judgement
}

/** Undefined where it could not be found out. */
export interface Judgement {
  readonly isGood: boolean | undefined
  readonly evidence: string
  /** True where this finding stops nothing, although the guard is required. */
  readonly isTolerable?: boolean
}

export const UNKNOWN: Judgement = { isGood: undefined, evidence: 'could not be found out' }

/** Good where nothing is listed. */
export function judgeList(wrong: readonly string[] | undefined, what: string): Judgement {
  if (wrong === undefined) return UNKNOWN
  if (wrong.length === 0) return { isGood: true, evidence: `no ${what}` }
  const shown = wrong.slice(0, 10).join(', ')
  const more = wrong.length > 10 ? ` and ${wrong.length - 10} more` : ''
  return { isGood: false, evidence: `${what}: ${shown}${more}` }
}

/** Good where nothing was found; only what `stops` is more than told. */
export function judgeFound(found: FoundDiffering | undefined, what: string): Judgement {
  if (found === undefined) return UNKNOWN
  const { stops, notes } = found
  return { ...judgeList([...stops, ...notes], what), isTolerable: stops.length === 0 }
}

/** Good where the value is known and the comparison holds. */
export function judgeValue<Value>(
  value: Value | undefined,
  isGood: (value: Value) => boolean,
  explain: (value: Value) => string,
): Judgement {
  return value === undefined ? UNKNOWN : { isGood: isGood(value), evidence: explain(value) }
}
