/**
 * Faults are data: each room declares one catalogue (code -> message template, retriable, HTTP status, remedy)
 * and throws through it, so that a code never changes meaning and its documentation can be checked against it.
 */
export interface FaultSpec {
  /** Sentence with `{fact}` placeholders. */
  readonly message: string
  /** What the operator can do about it. */
  readonly remedy: string
  /** True where the same call may succeed later without anyone doing anything. */
  readonly retriable: boolean
  /** HTTP status the API answers with. */
  readonly status: number
}

export type FaultFacts = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: string
  readonly remedy: string
  readonly retriable: boolean
  readonly status: number
  readonly facts: FaultFacts

  constructor(code: string, spec: FaultSpec, facts: FaultFacts, cause?: unknown) {
    super(fill(spec.message, facts), cause === undefined ? undefined : { cause })
    this.code = code
    this.remedy = fill(spec.remedy, facts)
    this.retriable = spec.retriable
    this.status = spec.status
    this.facts = facts
  }
}

export interface FaultCatalogue<Code extends string> {
  readonly specs: Readonly<Record<Code, FaultSpec>>
  /** Makes the fault; the caller throws it. */
  fault(code: Code, facts?: FaultFacts, cause?: unknown): Fault
}

export function defineFaults<Code extends string>(specs: Record<Code, FaultSpec>): FaultCatalogue<Code> {
  return { specs, fault: (code, facts = {}, cause) => new Fault(code, specs[code], facts, cause) }
}

/** True for a fault, and, with a code, for that one only. */
export function isFault(error: unknown, code?: string): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code)
}

/**
 * Whether a fault may pass by itself: a retriable one, or a peer that only hung up, as a proxy in front of a dead broker
 * does. Everything else is an answer.
 */
export function mayPass({ retriable, facts }: Fault): boolean {
  return retriable || facts['hungUp'] === true
}

/** One line about any thrown value: message, and the chain of causes. */
export function describeError(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at !== undefined && at !== null && parts.length < 5; ) {
    parts.push(at instanceof Error ? at.message : typeof at === 'string' ? at : JSON.stringify(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': ')
}

function fill(template: string, facts: FaultFacts): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in facts ? String(facts[name]) : whole))
}
