import { createHash } from 'node:crypto'
import { canonicalJson } from '../core/index.ts'
import type { Json } from './outcome.ts'

/** Evidence too bulky for the document: its key in the authority and the digest of what stands there. */
export interface EvidenceRef {
  readonly key: string
  readonly digest: string
}

/** SHA-256 over the canonical text, in hexadecimal. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}
