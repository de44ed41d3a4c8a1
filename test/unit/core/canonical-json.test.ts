import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../../src/core/index.ts'

test('the order of keys makes no difference, that of a list does', () => {
  expect(canonicalJson({ b: [2, 1], a: { d: null, c: 'é"' } })).toBe('{"a":{"c":"é\\"","d":null},"b":[2,1]}')
})

test('keys that look like numbers are sorted as texts', () => {
  expect(canonicalJson({ 9: 'nine', 10: 'ten', __proto__x: 1 })).toBe('{"10":"ten","9":"nine","__proto__x":1}')
})

test('what JSON leaves out is left out', () => {
  expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}')
})

test('equal values are equal texts that read as the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown
      const text = canonicalJson(plain)
      expect(JSON.parse(text)).toEqual(plain)
      expect(canonicalJson(JSON.parse(text))).toBe(text)
    }),
  )
})
