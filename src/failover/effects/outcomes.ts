import type { Fault } from '../../core/index.ts'
import type { FenceStep } from '../../security/index.ts'
import type { FaultNote, Json, Outcome } from '../outcome.ts'

const NAMED_MAX = 5

export function noteOf({ code, message, remedy }: Fault): FaultNote {
  return { code, message, remedy }
}

/** What a fence that is not done says of itself, as an outcome. */
export function outcomeOf(step: Exclude<FenceStep<unknown>, { kind: 'done' }>): Outcome {
  return step.kind === 'failed' ? { kind: 'failed', fault: noteOf(step.fault) } : step
}

/** What is evidence by its type, and JSON by what it is made of. */
export function toJson(value: object): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

/** The first few of a list, for a sentence. */
export function firstOf(names: readonly string[]): string {
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : ''
  return `${names.slice(0, NAMED_MAX).join(', ')}${more}`
}
