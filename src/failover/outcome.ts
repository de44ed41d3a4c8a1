import type { RegionName } from '../core/index.ts'

/** A value that survives JSON unchanged: what evidence, documents and journal entries are made of. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A fault as documents and journals carry it. */
export interface FaultNote {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

/**
 * What one call of an effect came to. `waiting`: it is under way, ask again. `unknown`: the call timed out or its answer
 * was lost, so it may have come into force or may yet; it is asked again until it is settled, and is never taken for a
 * failure. `failed`: it was refused, and nothing of it will come into force later.
 */
export type Outcome =
  | { readonly kind: 'done'; readonly reason: string; readonly evidence?: Json; readonly findings?: Findings }
  /** With `patienceMs` the step is given that much time, whatever its own limit: what runs must not be cut short. */
  | {
      readonly kind: 'waiting'
      readonly reason: string
      readonly progress?: Progress
      readonly patienceMs?: number
      readonly held?: Held
      /** From `catchUp`: who gives what, for every process that copies. */
      readonly donors?: readonly Donor[]
    }
  /** `isCutShort`: its time was over, which says nothing of why. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly isCutShort?: boolean }
  | { readonly kind: 'failed'; readonly fault: FaultNote }

/** Of a return that waits for others: the group shows the reason, and after `limitMs`, if any, a person is asked. */
export interface Held {
  readonly limitMs: number | null
  readonly instructions: string
}

/** A survivor that has more than the region which is to become active, and of which topics, by their names there. */
export interface Donor {
  readonly region: RegionName
  readonly topics: readonly string[]
}

/** What of an outcome goes into the group's document: the little that later steps decide by. */
export interface Findings {
  /** From `fence`: how it is known to hold. */
  readonly fence?: 'proved' | 'command'
  /** From `reverse` and `rollBack`: what each other region turned out to be. */
  readonly roles?: Readonly<Record<string, FoundRole>>
  /** From the scan of a returned region. */
  readonly divergence?: Divergence
  /** Something that did not stop the step and that the operator has to know. */
  readonly warning?: string
}

export interface FoundRole {
  readonly role: 'standby' | 'lost' | 'returning'
  readonly reason: string
}

/** How much stands on a returned region that the active one lacks, and what of that lies below the fork. */
export interface Divergence {
  readonly records: number
  readonly partitions: number
  /** Records below the fork that only the returned region has: they stop a re-seed, which would destroy them. */
  readonly onlyHere: number
}

/** How far a long step is, in units that the step names in its reason. */
export interface Progress {
  readonly done: number
  readonly total: number
}

/** A sentence about an outcome. */
export function explainOutcome(outcome: Outcome): string {
  return outcome.kind === 'failed' ? `${outcome.fault.message} (${outcome.fault.code})` : outcome.reason
}
