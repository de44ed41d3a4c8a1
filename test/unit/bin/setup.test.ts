import { expect, test } from 'vitest'
import { matchesInstalled } from '../../../bin/setup.js'

const lock = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-win32': { version: '2.0.0', optional: true },
  },
}
const installed = (packages: Record<string, unknown>) => JSON.stringify({ packages })

test('every package in its version is installed', () => {
  expect(matchesInstalled(lock, installed({ 'node_modules/a': { version: '1.0.0' } }))).toBe(true)
})

test('a package that is missing or of another version is not', () => {
  expect(matchesInstalled(lock, installed({}))).toBe(false)
  expect(matchesInstalled(lock, installed({ 'node_modules/a': { version: '1.0.1' } }))).toBe(false)
})

test('an optional package may be missing, but not of another version', () => {
  const a = { 'node_modules/a': { version: '1.0.0' } }
  expect(matchesInstalled(lock, installed({ ...a, 'node_modules/b-win32': { version: '1.9.0' } }))).toBe(false)
})

test('without npm’s own record nothing is installed', () => {
  expect(matchesInstalled(lock, undefined)).toBe(false)
})
