import type { JournalEntryBody, PlanBody } from '../../api/contract/index.ts'

export interface TimelineStep {
  readonly phase: string
  readonly state: 'past' | 'present' | 'to-come'
  /** When it was entered, ISO 8601; null of one that is to come. */
  readonly at: string | null
  /** Until the next one was entered; null of the present one and of those to come. */
  readonly tookSeconds: number | null
  /** What it came to; of the present one why it was entered, of one that is to come what it will do. */
  readonly words: string
}

/** The steps of a move out of its journal, the oldest first, and those of its plan that are still to come. Pure. */
export function buildTimeline(
  entries: readonly JournalEntryBody[],
  { phase, isOver, planned }: { readonly phase: string; readonly isOver: boolean; readonly planned: PlanBody['steps'] },
): TimelineStep[] {
  const entered = entries
    .filter(({ kind, facts }) => kind === 'transition' && typeof facts['phase'] === 'string')
    .map(({ at, facts }) => ({ at, phase: String(facts['phase']), words: textOf(facts['reason']) }))
    .filter((one, index, all) => one.phase !== all[index - 1]?.phase)
  const past = entered.map((one, index): TimelineStep => {
    const next = entered[index + 1]
    const isPresent = next === undefined && !isOver
    const tookSeconds = next === undefined ? null : Math.max(0, Date.parse(next.at) - Date.parse(one.at)) / 1_000
    return {
      ...one,
      words: isPresent ? one.words : (next?.words ?? ''),
      state: isPresent ? 'present' : 'past',
      tookSeconds,
    }
  })
  const at = planned.findIndex((one) => one.phase === phase)
  const rest = isOver || at < 0 ? [] : planned.slice(at + 1)
  return [
    ...past,
    ...rest.map((one): TimelineStep => {
      return { phase: one.phase, state: 'to-come', at: null, tookSeconds: null, words: one.does }
    }),
  ]
}

/** Behind it nothing is rolled back. Pure. */
export function isCommitted(entries: readonly JournalEntryBody[]): boolean {
  return entries.some(({ kind, facts }) => kind === 'effect-started' && facts['effect'] === 'promote')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
