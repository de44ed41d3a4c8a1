import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c, rawCrc32c, shiftCrc32c } from '../../../../src/kafka/records/crc32c.ts'
import { modelCrc32c } from './model.ts'

describe('crc32c', () => {
  it('gives the check value of the standard', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  it('equals a division bit by bit', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32c(bytes) === modelCrc32c(bytes)))
  })
})

describe('shiftCrc32c', () => {
  it('equals appending zero bytes one by one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 3000 }), (bytes, zeros) => {
        const extended = Buffer.concat([bytes, Buffer.alloc(zeros)])
        expect(shiftCrc32c(rawCrc32c(bytes), zeros)).toBe(rawCrc32c(extended))
      }),
      { numRuns: 500 },
    )
  })

  it('adds up, at every power of two and up to the largest batch', () => {
    const crc = rawCrc32c(Buffer.from('isthmus'))
    for (let power = 1; power <= 30; power++) {
      const half = 2 ** (power - 1)
      expect(shiftCrc32c(crc, 2 ** power)).toBe(shiftCrc32c(shiftCrc32c(crc, half), half))
    }
    expect(shiftCrc32c(crc, 2 ** 31 - 1)).toBe(shiftCrc32c(shiftCrc32c(crc, 2 ** 30), 2 ** 30 - 1))
  })

  it('carries the difference of two messages over what they share', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 36, maxLength: 36 }),
        fc.uint8Array({ minLength: 36, maxLength: 36 }),
        fc.uint8Array({ maxLength: 500 }),
        (before, after, rest) => {
          const difference = before.map((byte, index) => byte ^ after[index]!)
          const moved = crc32c(Buffer.concat([before, rest])) ^ shiftCrc32c(rawCrc32c(difference), rest.length)
          expect(moved >>> 0).toBe(crc32c(Buffer.concat([after, rest])))
        },
      ),
      { numRuns: 500 },
    )
  })
})
