import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  canPassThrough,
  decodeRecords,
  isChecksumValid,
  readBatch,
  rewriteHeader,
} from '../../../../src/kafka/records/index.ts'
import { crc32c } from '../../../../src/kafka/records/crc32c.ts'
import { batches, identity, passableBatch } from './arbitraries.ts'
import { readGolden } from './golden.ts'
import { modelDecode, modelEncode } from './model.ts'

describe('rewriteHeader', () => {
  it('gives what encoding with our identity would have given, full checksum included', () => {
    fc.assert(
      fc.property(passableBatch, identity, (model, who) => {
        const buffer = Buffer.concat([Buffer.alloc(5, 0xee), modelEncode(model), Buffer.alloc(5, 0xee)])
        const header = readBatch(buffer, 5)!
        rewriteHeader(buffer, header, who)
        const shift = model.baseOffset
        const expected = modelEncode({
          ...model,
          ...who,
          baseOffset: 0,
          lastOffset: model.lastOffset - shift,
          records: model.records.map((record) => ({ ...record, offset: record.offset - shift })),
          isTransactional: false,
          hasDeleteHorizon: false,
        })
        expected.writeInt32BE(-1, 12)
        expect(buffer.subarray(5, -5).equals(expected)).toBe(true)
        expect(buffer.subarray(0, 5).equals(buffer.subarray(-5))).toBe(true)
        expect(isChecksumValid(buffer, readBatch(buffer, 5)!)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps a right checksum right and a wrong one wrong, over thousands of random batches of any size', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 61, maxLength: 61 }),
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.integer({ min: 0, max: 20_000 }),
        identity,
        (head, pattern, payloadBytes, who) => {
          const right = Buffer.alloc(61 + payloadBytes, pattern)
          right.set(head)
          right.writeBigInt64BE(12n, 0)
          right.writeInt32BE(right.length - 12, 8)
          right[16] = 2
          right.writeInt32BE(10, 23)
          right.writeInt32BE(11, 57)
          right.writeUInt32BE(crc32c(right.subarray(21)), 17)
          const wrong = Buffer.from(right)
          wrong[17]! ^= 1
          for (const buffer of [right, wrong]) rewriteHeader(buffer, readBatch(buffer, 0)!, who)
          expect(right.readUInt32BE(17)).toBe(crc32c(right.subarray(21)))
          expect(isChecksumValid(wrong, readBatch(wrong, 0)!)).toBe(false)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('never repairs a payload that was corrupt before', () => {
    fc.assert(
      fc.property(passableBatch, identity, fc.nat(), fc.integer({ min: 1, max: 255 }), (model, who, where, flip) => {
        const buffer = modelEncode(model)
        // From the record count on: all the bytes that a rewrite leaves alone.
        const header = readBatch(buffer, 0)!
        buffer[57 + (where % (buffer.length - 57))]! ^= flip
        rewriteHeader(buffer, header, who)
        expect(isChecksumValid(buffer, header)).toBe(false)
        expect(() => modelDecode(buffer)).toThrow('checksum')
      }),
      { numRuns: 500 },
    )
  })

  it('leaves record timestamps as they were when it takes a delete horizon off', () => {
    fc.assert(
      fc.property(passableBatch, identity, (model, who) => {
        const buffer = modelEncode({ ...model, hasDeleteHorizon: true })
        rewriteHeader(buffer, readBatch(buffer, 0)!, who)
        const after = modelDecode(buffer)
        expect(after.hasDeleteHorizon).toBe(false)
        expect(after.records.map((record) => record.timestamp)).toEqual(model.records.map((record) => record.timestamp))
      }),
    )
  })
})

describe('canPassThrough', () => {
  it("holds for whole batches with their producer's timestamps, and only from their first offset on", () => {
    fc.assert(
      fc.property(batches({ wild: false, maxBatches: 1 }), fc.integer({ min: -2, max: 2 }), ([model], from) => {
        const header = readBatch(modelEncode(model!), 0)!
        const isWhole = model!.records.length === model!.lastOffset - model!.baseOffset + 1
        const expected = isWhole && !model!.isLogAppendTime && from <= 0
        expect(canPassThrough(header, model!.baseOffset + from)).toBe(expected)
      }),
    )
  })

  it('never holds for a control batch', () => {
    const { batches } = readGolden('transactional')
    expect(batches.map((header) => canPassThrough(header, 0))).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      true,
      false,
    ])
  })
})

describe('isChecksumValid', () => {
  it('holds for what a broker wrote and for nothing that differs by a bit', () => {
    const { log, batches } = readGolden('small-lz4')
    const header = batches[0]!
    expect(isChecksumValid(log, header)).toBe(true)
    for (let at = 21; at < log.length; at++) {
      log[at]! ^= 1
      expect(isChecksumValid(log, header)).toBe(false)
      log[at]! ^= 1
    }
    expect(decodeRecords(log, header)).toHaveLength(40)
  })
})
