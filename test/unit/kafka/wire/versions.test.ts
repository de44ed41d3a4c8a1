import { expect, test } from 'vitest'
import { chooseVersion } from '../../../../src/kafka/wire/versions.ts'

const broker = (key: number, min: number, max: number) => new Map([[key, { min, max }]])

test('the highest version that both sides know is spoken', () => {
  expect(chooseVersion('Fetch', broker(1, 4, 15))).toBe(15)
  expect(chooseVersion('Fetch', broker(1, 4, 99))).toBe(17)
  expect(chooseVersion('EndTxn', broker(26, 0, 5))).toBe(3)
})

test('abort markers are written in the lowest version', () => {
  expect(chooseVersion('WriteTxnMarkers', broker(27, 1, 2))).toBe(1)
  expect(chooseVersion('WriteTxnMarkers', broker(27, 2, 2))).toBe(2)
})

test('no version is spoken where the ranges do not meet or the API is missing', () => {
  expect(chooseVersion('Fetch', broker(1, 4, 12))).toBeUndefined()
  expect(chooseVersion('Metadata', broker(1, 4, 12))).toBeUndefined()
})
