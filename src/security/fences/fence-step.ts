import type { Fault } from '../../core/index.ts'
import type { FenceMeans } from './fence-record.ts'

/** What one attempt came to. Every attempt may be repeated: what is done already is found done. */
export type FenceStep<Evidence> =
  | { readonly kind: 'done'; readonly evidence: Evidence }
  /** With `patienceMs` something runs that may take that long and must not be cut short, such as a command. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly patienceMs?: number }
  /** A call got no answer, or brokers do not agree yet: never a failure, to be repeated until it is settled. */
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'failed'; readonly fault: Fault }

export interface AppliedFence {
  readonly means: FenceMeans
  /** Who is denied; undefined where no ACL is used. */
  readonly mode: 'everyone' | 'enumerated' | undefined
  /** Entries, or topics of `topic-config`, that make up the fence. */
  readonly entries: number
  readonly added: number
  /** Brokers that have it in force. */
  readonly brokers: readonly number[]
  readonly isRecorded: boolean
  readonly tookMs: number
}

export interface LiftedFence {
  /** Fences that were on record. */
  readonly found: number
  readonly removed: number
  /** Entries that stay, because another fence claims them or they stood there before. */
  readonly kept: number
  /** False while a call that got no answer may bring the fence back: it is watched, and taken away again. */
  readonly isQuiet: boolean
}

export const NOTHING_LIFTED: LiftedFence = { found: 0, removed: 0, kept: 0, isQuiet: true }

export function addLifted(one: LiftedFence, other: LiftedFence): LiftedFence {
  return {
    found: one.found + other.found,
    removed: one.removed + other.removed,
    kept: one.kept + other.kept,
    isQuiet: one.isQuiet && other.isQuiet,
  }
}
