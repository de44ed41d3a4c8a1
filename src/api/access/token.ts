import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Role } from './roles.ts'

/**
 * Tokens of the API. A token is 256 bits of randomness, so nobody guesses it, with its hash or without: SHA-256 is
 * enough, and a slow hash such as scrypt would only let strangers keep the process busy. Only hashes are stored.
 */
const PREFIX = 'isthmus_'
const TOKEN = /^isthmus_[A-Za-z0-9_-]{43}$/
export const HASH_PATTERN = '^sha256:[0-9a-f]{64}$'
const HASH = new RegExp(HASH_PATTERN)

export interface NewToken {
  readonly token: string
  /** What the configuration takes. */
  readonly hash: string
}

export function createToken(): NewToken {
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`
  return { token, hash: `sha256:${digest(token).toString('hex')}` }
}

export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** The hashes in a file: one a line, so that an old and a new token can be valid at once. Undefined where one is none. */
export function parseHashes(text: string): readonly string[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  return lines.every((line) => HASH.test(line)) ? lines : undefined
}

/** A token as the configuration names it, with its hashes of this moment. */
export interface KnownToken {
  readonly name: string
  readonly role: Role
  readonly hashes: readonly string[]
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number | null
}

/** The one with this hash. Looks at every hash, so that the time it takes says nothing about any. */
export function findToken(token: string, known: readonly KnownToken[]): KnownToken | undefined {
  const given = digest(token)
  let found: KnownToken | undefined
  for (const one of known) {
    for (const hash of one.hashes) {
      if (timingSafeEqual(given, Buffer.from(hash.slice('sha256:'.length), 'hex'))) found = one
    }
  }
  return found
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
