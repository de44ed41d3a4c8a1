import { invariant } from '../core/index.ts'
import type { StoredDocument } from './authority.ts'
import type { StoredText } from './document-store.ts'
import { authorityFaults } from './faults.ts'

/** Of one document, so that several of them and their conditions fit into one request of etcd (1.5 MiB). */
const BYTES_MAX = 512 * 1024

/** Prefixes and pages count on keys that sort alike everywhere. */
const KEY_PATTERN = /^[A-Za-z0-9._/-]{1,200}$/

/** Parses what a store gave. Throws `DOCUMENT_UNREADABLE`. */
export function readDocument({ key, text, revision }: StoredText, where: string): StoredDocument {
  try {
    return { key, value: JSON.parse(text) as unknown, revision }
  } catch (error) {
    throw authorityFaults.fault('DOCUMENT_UNREADABLE', { key, where, reason: 'it is not JSON' }, error)
  }
}

/** Throws `DOCUMENT_TOO_LARGE`. */
export function writeDocument(key: string, value: object): { readonly key: string; readonly text: string } {
  invariant(KEY_PATTERN.test(key), `${key} can be a key of the authority`)
  const text = JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes > BYTES_MAX) throw authorityFaults.fault('DOCUMENT_TOO_LARGE', { key, bytes, bytesMax: BYTES_MAX })
  return { key, text }
}
