import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  readVarint,
  readVarlong,
  readWideVarlong,
  varintBytes,
  writeVarint,
  writeWideVarlong,
} from '../../../../src/kafka/records/varint.ts'
import { modelVarint } from './model.ts'

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const int32 = fc.integer()
const edges = [0, 1, 6, 7, 13, 14, 20, 27, 28, 30, 31, 32, 34, 35, 47, 48, 49, 52]
  .flatMap((power) => [2 ** power - 1, 2 ** power, 2 ** power + 1])
  .flatMap((value) => [value, -value])
  .map((value) => value + 0)
  .filter(Number.isSafeInteger)
const safe = fc.oneof(fc.maxSafeInteger(), int32, fc.constantFrom(...edges)).map((value) => value + 0)

const reader = (bytes: Buffer) => ({ bytes, position: 0 })

describe('variable-length numbers', () => {
  it('write safe integers as the format says', () => {
    fc.assert(
      fc.property(safe, (value) => {
        const bytes = Buffer.alloc(12)
        const end = writeVarint(bytes, 1, value)
        expect(bytes.subarray(1, end)).toEqual(modelVarint(value))
      }),
      { numRuns: 2000, examples: edges.map((value) => [value]) },
    )
  })

  it('read back what was written, and move on by as much', () => {
    fc.assert(
      fc.property(safe, (value) => {
        const at = reader(modelVarint(value))
        expect(readVarlong(at)).toBe(value)
        expect(at.position).toBe(at.bytes.length)
      }),
      { numRuns: 2000, examples: edges.map((value) => [value]) },
    )
    fc.assert(fc.property(int32, (value) => readVarint(reader(modelVarint(value))) === value))
  })

  it('are exact over all 64 bits as bigint, and never pass for safe integers when rounded', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const bytes = Buffer.alloc(12)
        const end = writeWideVarlong(bytes, 0, value)
        expect(bytes.subarray(0, end)).toEqual(modelVarint(value))
        expect(readWideVarlong(reader(bytes))).toBe(value)
        const rounded = readVarlong(reader(bytes))
        expect(rounded).toBe(Number(value))
        expect(Number.isSafeInteger(rounded)).toBe(Number.isSafeInteger(Number(value)))
      }),
      { examples: [[2n ** 53n], [-(2n ** 53n)], [2n ** 63n - 1n], [-(2n ** 63n)], [2n ** 53n + 1n]] },
    )
  })

  it('have a size that is known before they are written', () => {
    fc.assert(fc.property(int32, (value) => varintBytes(value) === modelVarint(value).length))
  })

  it('that end too early or run on too long are refused', () => {
    expect(() => readVarint(reader(Buffer.from([0x80, 0x80])))).toThrow('ends before')
    expect(() => readVarint(reader(Buffer.alloc(9, 0x80)))).toThrow('longer than 5 bytes')
    expect(() => readVarlong(reader(Buffer.alloc(20, 0x80)))).toThrow('longer than 10 bytes')
  })
})
