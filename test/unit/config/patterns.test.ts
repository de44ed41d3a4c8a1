import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { patternCovers, patternsOverlap } from '../../../src/config/patterns.ts'
import { compileSelection } from '../../../src/replication/index.ts'

const glob = fc
  .array(fc.constantFrom('a', 'b', '*', '?'), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))
const name = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''))
const matches = (pattern: string, text: string) => compileSelection({ include: [pattern], exclude: [] })(text)

test('a name that both patterns take means that they overlap', () => {
  fc.assert(
    fc.property(glob, glob, name, (left, right, text) => {
      if (matches(left, text) && matches(right, text)) expect(patternsOverlap(left, right)).toBe(true)
    }),
  )
})

test('a pattern that covers another takes all of its names', () => {
  fc.assert(
    fc.property(glob, glob, name, (outer, inner, text) => {
      if (patternCovers(outer, inner) && matches(inner, text)) expect(matches(outer, text)).toBe(true)
    }),
  )
})

test.each([
  ['orders.*', 'billing.*', false],
  ['orders.*', '*.created', true],
  ['a?', 'ab', true],
  ['a?', 'abc', false],
  ['/or.*/', 'orders', true],
  ['/or.*/', 'billing', false],
  ['/or.*/', 'b*', 'unknown'],
  ['/or.*/', '*', true],
])('%s and %s overlap: %s', (left, right, expected) => {
  expect(patternsOverlap(left, right)).toBe(expected)
  expect(patternsOverlap(right, left)).toBe(expected)
})
