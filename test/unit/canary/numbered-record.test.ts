import { describe, expect, test } from 'vitest'
import { encodeNumbered, readNumbered } from '../../../src/canary/numbered-record.ts'

const PLACE = { stream: 'd7', partition: 2 }

function written(number: number) {
  return encodeNumbered({ ...PLACE, number })
}

describe('a record of the stream', () => {
  test.each([0, 7, 1_000_000])('says that it is number %i', (number) => {
    expect(readNumbered(written(number), PLACE)).toBe(number)
  })

  test.each<[string, (record: { key: Buffer; value: Buffer }) => { key: Buffer | null; value: Buffer | null }]>([
    ['another number', ({ key, value }) => ({ key, value: Buffer.from(value.toString().replace(' 41 ', ' 42 ')) })],
    ['another checksum', ({ key, value }) => ({ key, value: Buffer.from(value.toString().replace(/.$/, 'x')) })],
    ['no number', ({ key }) => ({ key, value: Buffer.from('d7 many') })],
    ['no value', ({ key }) => ({ key, value: null })],
    ['no key', ({ value }) => ({ key: null, value })],
    ['the key of another partition', ({ value }) => ({ key: Buffer.from('d7/1'), value })],
    ['more behind it', ({ key, value }) => ({ key, value: Buffer.concat([value, Buffer.from(' ')]) })],
  ])('with %s is damaged', (_what, damage) => {
    expect(readNumbered(damage(written(41)), PLACE)).toBe('damaged')
  })

  test('of another stream is none of ours, also where its name begins alike', () => {
    for (const stream of ['d', 'd70', 'e7']) {
      expect(readNumbered(encodeNumbered({ stream, partition: 2, number: 1 }), PLACE)).toBeUndefined()
    }
  })
})
