import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  codecOf,
  hasDeleteHorizon,
  hasHoles,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  readBatch,
  readBatches,
} from '../../../../src/kafka/records/index.ts'
import { batches } from './arbitraries.ts'
import { modelEncode } from './model.ts'

const oneBatch = modelEncode({
  baseOffset: 40,
  lastOffset: 42,
  codec: 'none',
  isLogAppendTime: false,
  isTransactional: false,
  hasDeleteHorizon: false,
  baseTimestamp: 5n,
  producerId: 9n,
  producerEpoch: 1,
  baseSequence: 3,
  records: [40, 41, 42].map((offset) => ({
    offset,
    timestamp: 5n,
    attributes: 0,
    key: null,
    value: null,
    headers: [],
  })),
})

describe('readBatch', () => {
  it('reads every field of batches one behind the other', () => {
    fc.assert(
      fc.property(batches({ wild: true, maxBatches: 4 }), (models) => {
        const encoded = models.map(modelEncode)
        const buffer = Buffer.concat([Buffer.alloc(3), ...encoded])
        let position = 3
        for (const [index, model] of models.entries()) {
          const header = readBatch(buffer, position)!
          expect(header).toMatchObject({
            position,
            sizeBytes: encoded[index]!.length,
            baseOffset: model.baseOffset,
            partitionLeaderEpoch: 7,
            baseTimestamp: Number(model.baseTimestamp),
            producerId: model.producerId,
            producerEpoch: model.producerEpoch,
            baseSequence: model.baseSequence,
            recordCount: model.records.length,
          })
          expect(lastOffset(header)).toBe(model.lastOffset)
          expect(isTransactional(header)).toBe(model.isTransactional)
          expect(isLogAppendTime(header)).toBe(model.isLogAppendTime)
          expect(hasDeleteHorizon(header)).toBe(model.hasDeleteHorizon)
          expect(isControl(header)).toBe(false)
          expect(codecOf(header)).toBe(model.records.length === 0 ? 'none' : model.codec)
          expect(hasHoles(header)).toBe(model.records.length !== model.lastOffset - model.baseOffset + 1)
          position += header.sizeBytes
        }
        expect(readBatch(buffer, position)).toBeUndefined()
      }),
    )
  })

  it('walks the whole batches of an answer, however the last one is cut off', () => {
    const walk = (buffer: Buffer) => Array.from(readBatches(buffer), ({ position }) => position)
    const two = Buffer.concat([oneBatch, oneBatch])
    expect(walk(two)).toEqual([0, oneBatch.length])
    for (const cut of [1, 20, oneBatch.length - 1]) expect(walk(two.subarray(0, -cut))).toEqual([0])
    expect(walk(Buffer.alloc(0))).toEqual([])
  })

  it('answers undefined wherever the buffer is cut', () => {
    for (let length = 0; length < oneBatch.length; length++) {
      expect(readBatch(oneBatch.subarray(0, length), 0)).toBeUndefined()
    }
    expect(readBatch(oneBatch, 0)).toBeDefined()
  })

  it.each([0, 1])('refuses message format v%i and says what to do', (magic) => {
    const old = Buffer.from(oneBatch)
    old[16] = magic
    expect(() => readBatch(old, 0)).toThrow(
      expect.objectContaining({ code: 'RECORDS_OLD_FORMAT', remedy: expect.stringContaining('rewrite the topic') }),
    )
  })

  it.each([
    ['an unknown magic', (bytes: Buffer) => bytes.writeInt8(3, 16)],
    ['a size below the header', (bytes: Buffer) => bytes.writeInt32BE(48, 8)],
    ['a negative size', (bytes: Buffer) => bytes.writeInt32BE(-20, 8)],
    ['a negative base offset', (bytes: Buffer) => bytes.writeBigInt64BE(-1n, 0)],
    ['an offset that is no safe integer', (bytes: Buffer) => bytes.writeBigInt64BE(2n ** 53n - 2n, 0)],
    ['a negative last offset delta', (bytes: Buffer) => bytes.writeInt32BE(-1, 23)],
    ['a negative record count', (bytes: Buffer) => bytes.writeInt32BE(-1, 57)],
    ['more records than offsets', (bytes: Buffer) => bytes.writeInt32BE(4, 57)],
  ])('refuses %s', (_, damage) => {
    const damaged = Buffer.from(oneBatch)
    damage(damaged)
    expect(() => readBatch(damaged, 0)).toThrow(expect.objectContaining({ code: 'RECORDS_CORRUPT' }))
  })
})

it('names a codec that Kafka does not define', () => {
  const unknown = Buffer.from(oneBatch)
  unknown.writeInt16BE(5, 21)
  expect(() => codecOf(readBatch(unknown, 0)!)).toThrow(expect.objectContaining({ code: 'RECORDS_UNKNOWN_CODEC' }))
})
