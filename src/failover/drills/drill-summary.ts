import type { DrillDocument, DrillLevel, DrillMeasured, DrillOutcome } from './drill-document.ts'

/** The little of a group's drills that every process follows: for statuses, metrics and guards. */
export interface DrillSummary {
  readonly format: 1
  readonly group: string
  /** The newest of each level that has run. */
  readonly last: Readonly<Partial<Record<DrillLevel, LastDrill>>>
  /** How those in the history ended. */
  readonly outcomes: Readonly<Partial<Record<DrillOutcome['kind'], number>>>
  /** When one last passed that moved something; null where none has. */
  readonly passedAt: string | null
}

export interface LastDrill {
  readonly id: string
  readonly outcome: DrillOutcome['kind']
  readonly reason: string
  readonly endedAt: string
  readonly measured: DrillMeasured | null
}

/** Levels that show that a move would succeed. */
const MOVING: ReadonlySet<DrillLevel> = new Set<DrillLevel>(['canary', 'full'])

export const SUMMARIES = 'drill-summaries/'

export function summaryKey(group: string): string {
  return `${SUMMARIES}${group}`
}

/** Pure. `history`: the newest first. */
export function summarise(group: string, history: readonly DrillDocument[]): DrillSummary {
  const last: Partial<Record<DrillLevel, LastDrill>> = {}
  const outcomes: Partial<Record<DrillOutcome['kind'], number>> = {}
  let passedAt: string | null = null
  for (const drill of history) {
    const { id, level, outcome, measured = null } = drill
    if (outcome === undefined) continue
    const at = endOf(drill)
    outcomes[outcome.kind] = (outcomes[outcome.kind] ?? 0) + 1
    last[level] ??= { id, outcome: outcome.kind, reason: outcome.reasons.join('; '), endedAt: at, measured }
    if (outcome.kind === 'passed' && MOVING.has(level) && (passedAt === null || at > passedAt)) passedAt = at
  }
  return { format: 1, group, last, outcomes, passedAt }
}

/** The newest of all levels. */
export function lastOf({ last }: DrillSummary): (LastDrill & { readonly level: DrillLevel }) | undefined {
  const all = Object.entries(last).map(([level, drill]) => ({ ...drill, level: level as DrillLevel }))
  return all.sort((left, right) => (left.endedAt < right.endedAt ? 1 : -1))[0]
}

function endOf({ steps, request }: DrillDocument): string {
  return steps.at(-1)?.at ?? request.at
}
