import { createHash } from 'node:crypto'
import { canonicalJson } from '../../core/index.ts'

/** What somebody did, decided or asked for. */
export interface JournalFact {
  /** Who: a controller, or the principal of a request. */
  readonly actor: string
  /** Such as `operation-requested`. */
  readonly kind: string
  readonly group?: string
  readonly operation?: string
  /** JSON. Never a secret. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** A fact at its place in the chain. Each entry's hash covers the one before it, so that no entry can change unseen. */
export interface JournalEntry extends JournalFact {
  readonly format: 1
  /** From 1 on, without gaps. */
  readonly number: number
  /** Of the authority. */
  readonly generation: number
  /** ISO 8601, by the clock of whoever wrote it. */
  readonly at: string
  /** Tells this entry from one with the same words. */
  readonly nonce: string
  /** SHA-256, hexadecimal; 64 zeros before the first entry. */
  readonly previousHash: string
  /** SHA-256 over the canonical JSON of everything else in the entry. */
  readonly hash: string
}

export const JOURNAL_PREFIX = 'journal/'
export const NO_HASH = '0'.repeat(64)
/** The first entry of a restored authority: it goes on where the last copy knew the chain to be. */
export const RESTORED_KIND = 'authority-restored'
const DIGITS = 16

/** Where the chain stands. */
export interface JournalHead {
  readonly number: number
  readonly hash: string
}

export function journalKey(number: number): string {
  return JOURNAL_PREFIX + String(number).padStart(DIGITS, '0')
}

export function sealEntry(entry: Omit<JournalEntry, 'hash'>): JournalEntry {
  return { ...entry, hash: hashOf(entry) }
}

export function hashOf(entry: Omit<JournalEntry, 'hash'> & { readonly hash?: string }): string {
  const { hash: _, ...sealed } = entry
  return createHash('sha256').update(canonicalJson(sealed)).digest('hex')
}
