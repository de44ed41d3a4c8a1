import type { Random } from '../core/index.ts'
import type { AuthorityIdentity } from './authority.ts'
import type { DocumentStore, StoredText } from './document-store.ts'
import { readDocument, writeDocument } from './documents.ts'
import { authorityFaults } from './faults.ts'

export const IDENTITY_KEY = 'authority'
const FORMAT = 1

/** The identity document, made where there is none, with the revision that a condition on it names. */
export interface StoredIdentity extends AuthorityIdentity {
  readonly revision: number
}

export async function establishIdentity(
  store: DocumentStore,
  random: Random,
  signal: AbortSignal,
): Promise<StoredIdentity> {
  const found = await store.get(IDENTITY_KEY, signal)
  if (found !== undefined) return readIdentity(found, store.where)
  const conditions = [{ key: IDENTITY_KEY, revision: 0 }]
  const put = writeIdentity({ id: randomHex(random), generation: 1 })
  await store.commit({ conditions, puts: [put] }, signal)
  const made = await store.get(IDENTITY_KEY, signal)
  if (made !== undefined) return readIdentity(made, store.where)
  const facts = { key: IDENTITY_KEY, where: store.where, reason: 'it was removed a moment after it was written' }
  throw authorityFaults.fault('DOCUMENT_UNREADABLE', facts)
}

export function writeIdentity({ id, generation }: AuthorityIdentity): { readonly key: string; readonly text: string } {
  return writeDocument(IDENTITY_KEY, { format: FORMAT, id, generation })
}

export function readIdentity(stored: StoredText, where: string): StoredIdentity {
  const { value, revision } = readDocument(stored, where)
  const { format, id, generation } = (value ?? {}) as { format?: unknown; id?: unknown; generation?: unknown }
  if (format === FORMAT && typeof id === 'string' && Number.isSafeInteger(generation)) {
    return { id, generation: generation as number, revision }
  }
  const reason = `it is not an identity of format ${FORMAT}`
  throw authorityFaults.fault('DOCUMENT_UNREADABLE', { key: IDENTITY_KEY, where, reason })
}

/** 16 hexadecimal digits: to tell things apart, not to keep a secret. */
export function randomHex(random: Random): string {
  return Array.from({ length: 16 }, () => Math.floor(random.next() * 16).toString(16)).join('')
}
