import { createHash } from 'node:crypto'
import type { Json } from './outcome.ts'

/** Evidence too bulky for the document: its key in the authority and the digest of what stands there. */
export interface EvidenceRef {
  readonly key: string
  readonly digest: string
}

/** One text for equal values: the keys of objects in order, nothing between them. */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`).join(',')}}`
}

/** SHA-256 over the canonical text, in hexadecimal. */
export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
