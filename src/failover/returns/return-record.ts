import type { EvidenceRef } from '../evidence.ts'
import type { Divergence, FaultNote } from '../outcome.ts'

/**
 * The way of a region back to standby. `fencing` is tried from the moment the region was lost; `choosing` waits for a
 * person where the region holds records that the active one lacks.
 */
export type ReturnPhase =
  | 'fencing'
  | 'scanning'
  | 'choosing'
  | 'exporting'
  | 'replaying'
  | 'keeping'
  | 'reseeding'
  | 'rejoining'
  | 'needs-operator'

/**
 * What is done with the records that only the returned region has. `export` writes them out, `replay` also appends them
 * to the active region as late records; then the region is re-seeded. `keep` does both but leaves them where they stand,
 * as an attributed segment. `discard` re-seeds at once.
 */
export interface SalvageChoice {
  readonly kind: 'export' | 'replay' | 'keep' | 'discard'
  readonly by: string
  readonly reason: string
  /** Allows a re-seed to destroy records below the fork that the active region no longer has. */
  readonly losesOlder?: true
}

export interface ReturnRecord {
  readonly id: string
  readonly phase: ReturnPhase
  readonly attempt: number
  /** The epoch against which the region is compared; a move that passes by starts the comparison anew. */
  readonly epoch: number
  /** From the scan; undefined before it. */
  readonly divergence?: Divergence
  readonly choice?: SalvageChoice
  readonly evidence: Readonly<Partial<Record<ReturnPhase, EvidenceRef>>>
  readonly stop?: ReturnStop
  /** Of a step that waits for others, as long as it does. */
  readonly waiting?: ReturnWaiting
}

export interface ReturnWaiting {
  readonly reason: string
  /** ISO 8601. */
  readonly since: string
  /** From when the limit counts: a region that is away does not use it up. */
  readonly limitedSince?: string
}

/** Why a return needs a person. */
export interface ReturnStop {
  readonly at: ReturnPhase
  readonly reason: string
  readonly instructions: string
  readonly fault?: FaultNote
}
