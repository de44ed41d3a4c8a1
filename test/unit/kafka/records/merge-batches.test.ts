import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeBatches, readBatch, repackBatches } from '../../../../src/kafka/records/index.ts'
import { batches } from './arbitraries.ts'
import { describeModel, modelDecode, modelEncode } from './model.ts'

const WHO = { producerId: 4001n, producerEpoch: 12, baseSequence: 77 }
const LARGE = 1 << 20

/** As they wait to be sent: each without holes, from offset 0, with times of its own. */
const readyBatches = batches({ wild: true, maxBatches: 6 }).map((models) =>
  models.flatMap((model) => {
    const buffer = modelEncode(model)
    const input = { buffer, header: readBatch(buffer, 0)! }
    return repackBatches([input], { fromOffset: 0, identity: WHO })?.batch ?? []
  }),
)

describe('mergeBatches', () => {
  it('equals the records of all, one behind the other', () => {
    let merges = 0
    fc.assert(
      fc.property(readyBatches, fc.constantFrom(200, 2_000, LARGE), (ready, limitBytes) => {
        const merged = mergeBatches(ready, { identity: WHO, limitBytes })
        if (merged === undefined) return
        merges++
        const parts = ready.slice(0, merged.mergedCount).map(modelDecode)
        const expected = parts.flatMap(({ records }) => records).map((record, offset) => ({ ...record, offset }))
        const decoded = modelDecode(merged.batch)
        expect(decoded.records.map(describeModel)).toEqual(expected.map(describeModel))
        expect(decoded).toMatchObject({
          ...WHO,
          codec: parts[0]!.codec,
          baseOffset: 0,
          lastOffset: expected.length - 1,
        })
        expect(merged.recordCount).toBe(expected.length)
        expect(merged.mergedCount).toBeGreaterThanOrEqual(2)
        expect(merged.batch.length).toBeLessThanOrEqual(limitBytes)
      }),
      { numRuns: 300 },
    )
    expect(merges).toBeGreaterThan(50)
  })

  it('ends in front of a batch that does not match its checksum, so that it never signs it', () => {
    const ready = [10, 20, 30].map((timestamp) => one(BigInt(timestamp)))
    ready[2]![70]! ^= 1
    expect(mergeBatches(ready, { identity: WHO, limitBytes: LARGE })?.mergedCount).toBe(2)
    expect(mergeBatches(ready.slice(1), { identity: WHO, limitBytes: LARGE })).toBeUndefined()
  })

  it('counts the bytes before compression: what expands goes alone', () => {
    const large = Buffer.alloc(100_000)
    const ready = [one(1n), one(2n), one(3n, large), one(4n)]
    expect(mergeBatches(ready, { identity: WHO, limitBytes: 50_000 })?.mergedCount).toBe(2)
    expect(mergeBatches(ready.slice(2), { identity: WHO, limitBytes: 50_000 })).toBeUndefined()
  })
})

function one(timestamp: bigint, value = Buffer.from('value of a record that is long enough')): Buffer {
  return modelEncode({
    baseOffset: 0,
    lastOffset: 0,
    codec: 'zstd',
    isLogAppendTime: false,
    isTransactional: false,
    hasDeleteHorizon: false,
    baseTimestamp: timestamp,
    ...WHO,
    records: [{ offset: 0, timestamp, attributes: 0, key: null, value, headers: [] }],
  })
}
