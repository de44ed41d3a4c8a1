import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBatch, isChecksumValid, readBatch } from '../../../../src/kafka/records/index.ts'
import { batches, identity } from './arbitraries.ts'
import { MODEL_CODECS, modelDecode } from './model.ts'

const models = batches({ wild: false, maxBatches: 1 })
  .map(([batch]) => batch!.records)
  .filter((records) => records.length > 0)

describe('encodeBatch', () => {
  it('writes what the format says, in every codec', () => {
    fc.assert(
      fc.property(models, identity, fc.constantFrom(...MODEL_CODECS), (records, who, codec) => {
        const batch = encodeBatch({
          ...who,
          codec,
          records: records.map(({ timestamp, ...record }) => ({ ...record, timestamp: Number(timestamp) })),
        })
        expect(modelDecode(batch)).toEqual({
          ...who,
          codec,
          baseOffset: 0,
          lastOffset: records.length - 1,
          isLogAppendTime: false,
          isTransactional: false,
          hasDeleteHorizon: false,
          baseTimestamp: records[0]!.timestamp,
          maxTimestamp: records.reduce((max, { timestamp }) => (timestamp > max ? timestamp : max), -(2n ** 63n)),
          records: records.map((record, offset) => ({ ...record, offset, attributes: 0 })),
        })
        expect(isChecksumValid(batch, readBatch(batch, 0)!)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('takes header keys as text, and marks append time where asked', () => {
    const batch = encodeBatch({
      producerId: 1n,
      producerEpoch: 0,
      baseSequence: 0,
      codec: 'none',
      timestampType: 'log-append-time',
      records: [{ timestamp: 7, key: null, value: null, headers: [['grüße', null]] }],
    })
    const decoded = modelDecode(batch)
    expect(decoded.isLogAppendTime).toBe(true)
    expect(decoded.records[0]!.headers).toEqual([[Buffer.from('grüße'), null]])
  })

  it('refuses to make an empty batch', () => {
    const options = { producerId: 1n, producerEpoch: 0, baseSequence: 0, codec: 'none', records: [] } as const
    expect(() => encodeBatch(options)).toThrow('has records')
  })
})
