import type { JournalEntry } from '../../authority/index.ts'
import type { Phase } from '../state.ts'

/** A phase as it was entered; the same phase again after it was left is another step. */
export interface MoveStep<Name extends string = Phase> {
  readonly phase: Name
  /** ISO 8601, by the clock of whoever entered it. */
  readonly at: string
  /** The controller that entered it, or the person who asked. */
  readonly by: string
  readonly reason: string
  /** What its last call came to; null where none has ended. */
  readonly outcome: string | null
}

/** What somebody asked for, the order included. */
export interface Intervention {
  readonly at: string
  readonly by: string
  readonly what: string
}

/**
 * The steps of a move, from the entries of its trace. Pure. An entry is written before the change that it tells of, and
 * again when that met another one: repetitions of the step at hand are left out.
 */
export function stepsOfMove(entries: readonly JournalEntry[]): MoveStep[] {
  const steps: MoveStep[] = []
  for (const { kind, at, actor: by, facts } of entries) {
    const reason = textOf(facts['reason']) ?? ''
    const last = steps.at(-1)
    if (kind === 'request') {
      if (last === undefined) steps.push({ phase: 'requested', at, by, reason, outcome: null })
      else if (last.phase === 'needs-operator') pushAgain(steps, { at, by, reason })
      continue
    }
    const phase = textOf(facts['phase']) as Phase | undefined
    if (kind === 'transition' && phase !== undefined && phase !== last?.phase) {
      steps.push({ phase, at, by, reason, outcome: null })
    }
    if (kind === 'effect-ended') noteOutcome(steps, facts)
  }
  return steps
}

/** A person lets it go on where it stood; an acknowledged step is left at once by the next entry. */
function pushAgain(steps: MoveStep[], { at, by, reason }: Pick<MoveStep, 'at' | 'by' | 'reason'>): void {
  const stood = steps.at(-2)
  if (stood !== undefined) steps.push({ phase: stood.phase, at, by, reason, outcome: null })
}

/** On the step at hand. */
export function noteOutcome(steps: MoveStep<string>[], facts: JournalEntry['facts']): void {
  const last = steps.at(-1)
  if (last === undefined) return
  const outcome = textOf(facts['outcome'])
  const reason = textOf(facts['reason']) ?? ''
  steps[steps.length - 1] = { ...last, outcome: outcome === 'done' ? reason : `${outcome ?? 'ended'}: ${reason}` }
}

/** What people asked for, the order of a move included. Pure. */
export function interventionsIn(entries: readonly JournalEntry[]): Intervention[] {
  const requests = entries.filter(({ kind }) => kind === 'request')
  return requests.map(({ at, actor: by, facts }) => ({ at, by, what: textOf(facts['reason']) ?? '' }))
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
