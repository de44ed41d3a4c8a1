import { expect, test } from 'vitest'
import { normalizeSubject } from '../../../src/api/access/client-certificate.ts'
import { highestRole, includesRole } from '../../../src/api/access/roles.ts'
import { createToken, findToken, isToken, parseHashes } from '../../../src/api/access/token.ts'

test('a token is 256 bits of its own, and its hash says nothing of it', () => {
  const made = Array.from({ length: 100 }, createToken)
  expect(new Set(made.map(({ token }) => token)).size).toBe(100)
  for (const { token, hash } of made) {
    expect(isToken(token)).toBe(true)
    expect(Buffer.from(token.slice('isthmus_'.length), 'base64url')).toHaveLength(32)
    expect(parseHashes(hash)).toEqual([hash])
    expect(hash).not.toContain(token)
  }
})

test('a token is found by any of its hashes, and by nothing else', () => {
  const [first, second, other] = [createToken(), createToken(), createToken()]
  const known = [
    { name: 'ada', role: 'admin' as const, hashes: [first.hash, second.hash], expiresAtMs: null },
    { name: 'none', role: 'admin' as const, hashes: [], expiresAtMs: null },
  ]
  expect(findToken(first.token, known)?.name).toBe('ada')
  expect(findToken(second.token, known)?.name).toBe('ada')
  for (const wrong of [other.token, first.hash, '', `${first.token} `]) expect(findToken(wrong, known)).toBeUndefined()
})

test('a file of hashes may have comments and empty lines, and nothing else', () => {
  const { token, hash } = createToken()
  expect(parseHashes(`# ada, until March\n\n  ${hash}\r\n${hash}\n`)).toEqual([hash, hash])
  expect(parseHashes('')).toEqual([])
  expect(parseHashes(`${hash}\n${token}\n`)).toBeUndefined()
})

test('a role includes those before it', () => {
  expect(includesRole('admin', 'viewer')).toBe(true)
  expect(includesRole('operator', 'operator')).toBe(true)
  expect(includesRole('viewer', 'operator')).toBe(false)
  expect(highestRole(['viewer', 'admin', 'operator'])).toBe('admin')
  expect(highestRole([])).toBeUndefined()
})

test('a subject is the same however it is spaced, but for commas that belong to a name', () => {
  expect(normalizeSubject('CN=ada, OU=on call,  O=Example\\, Inc')).toBe('CN=ada,OU=on call,O=Example\\, Inc')
})
