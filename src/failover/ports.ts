import type { Json, Outcome } from './outcome.ts'
import type { EffectName } from './moves/steps.ts'
import type { ReturnEffectName } from './returns/return-steps.ts'
import type { ReturnRecord } from './returns/return-record.ts'
import type { GroupDocument, OperationRecord, Phase } from './state.ts'

/** What carrying out a move needs of the rooms below, as they are passed in. */

/** A lease as its holder knows it; the token grows with every holder, and the store refuses an older one. */
export interface Lease {
  readonly name: string
  readonly holder: string
  readonly token: number
}

export interface AcquiredLease extends Lease {
  /** Nobody had it before, or whoever had it gave it back with nothing under way. */
  readonly isFresh: boolean
}

export interface StoredDocument {
  readonly value: Json
  readonly revision: number
}

/** `unknown`: the write timed out, it may have been accepted or may be yet; the document is read again. */
export type WriteResult =
  | { readonly kind: 'written'; readonly revision: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'lease-lost' }
  | { readonly kind: 'unknown'; readonly reason: string }

export interface WriteOptions {
  /** The revision that the writer has read; the write is refused where another one stands there. */
  readonly expected: number | 'absent'
  /** With a lease, the store refuses the write once the token was superseded. */
  readonly lease?: Lease
}

/**
 * Documents with compare-and-set, and leases. Every call ends by itself within seconds; what could not be answered throws
 * a retriable fault.
 */
export interface AuthorityPort {
  read(key: string, signal: AbortSignal): Promise<StoredDocument | undefined>
  write(key: string, value: Json, options: WriteOptions, signal: AbortSignal): Promise<WriteResult>
  /** The lease, or undefined while another holder has it. */
  acquire(name: string, holder: string, ttlMs: number, signal: AbortSignal): Promise<AcquiredLease | undefined>
  /** False where it is lost for good. */
  renew(lease: Lease, signal: AbortSignal): Promise<boolean>
  release(lease: Lease, signal: AbortSignal): Promise<void>
}

export interface JournalEntry {
  readonly actor: string
  readonly kind: 'effect-started' | 'effect-ended' | 'transition' | 'request'
  readonly group: string
  readonly operation?: string
  readonly facts: Readonly<Record<string, Json>>
}

/** The one chain of entries; returns when the entry is durable. */
export interface JournalPort {
  append(entry: JournalEntry, signal: AbortSignal): Promise<void>
}

/**
 * The right to send one more message: the lease, or a fault once it may have ended. An effect asks before every message
 * that changes something, with nothing awaited in between: a process that was stopped in the middle of an effect must
 * not go on with it when it wakes up.
 */
export type Permit = () => Lease

export interface MoveContext {
  readonly document: GroupDocument
  readonly operation: OperationRecord
  readonly permit: Permit
  /** What an earlier phase of the operation, or the cut of one it superseded, left as evidence. */
  readonly evidenceOf: (phase: Phase) => Promise<Json | undefined>
}

export interface ReturnContext {
  readonly document: GroupDocument
  readonly region: string
  readonly record: ReturnRecord
  readonly permit: Permit
  readonly evidenceOf: (phase: ReturnRecord['phase']) => Promise<Json | undefined>
}

/**
 * What the steps do to regions. Every method is idempotent: it may be called again at any point, by another process, and
 * goes on with what is there. It returns before the signal aborts; what it throws counts as `unknown`, except a fault
 * that is not retriable, which counts as `failed`.
 *
 * Some obligations cannot be seen in the types; the simulation has a broken variant for each.
 * - `fence`, `open` and `rollBack` are done only when every broker of the region was asked and has proved it.
 * - `rollBack` and `open` make a change that the region acknowledges even where nothing is left to lift: a reading cannot
 *   tell that an earlier call will not come into force later.
 * - `rollBack` starts the links into the standbys again that `catchUp` has fenced, and reports those that do not answer
 *   as lost: nothing else would start them.
 * - `reverse` takes the shards of a standby over before it compares, so that no link of the reign before adds to it.
 * - `drain` counts what is replicated on the target, not what was appended there.
 */
export type MoveEffects = Readonly<Record<EffectName, (context: MoveContext, signal: AbortSignal) => Promise<Outcome>>>

/**
 * The same for the return of a lost region. `scan` takes the shards of the region over before it compares anything, so
 * that no link of an earlier reign writes there while it is compared and re-seeded.
 */
export type ReturnEffects = Readonly<
  Record<ReturnEffectName, (context: ReturnContext, signal: AbortSignal) => Promise<Outcome>>
>
