import { expect, test } from 'vitest'
import { isInSequence } from '../../../../src/replication/offset-map/index.ts'

test('a batch is in sequence at the offset that its epoch start gives it', () => {
  expect(isInSequence(40, 40, 0)).toBe(true)
  expect(isInSequence(40, 57, 17)).toBe(true)
  expect(isInSequence(40, 58, 17)).toBe(false)
  expect(isInSequence(40, 39, 0)).toBe(false)
})

test('sequences wrap', () => {
  const start = 1000
  expect(isInSequence(start, start + 2 ** 31 - 1, 2 ** 31 - 1)).toBe(true)
  expect(isInSequence(start, start + 2 ** 31, 0)).toBe(true)
  expect(isInSequence(start, start + 3 * 2 ** 31 + 12, 12)).toBe(true)
})
