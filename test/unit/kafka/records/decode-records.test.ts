import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from '../../../../src/core/index.ts'
import { decodeRecords, hasHoles, isControl, readBatch, readControlType } from '../../../../src/kafka/records/index.ts'
import { batches } from './arbitraries.ts'
import { describeRecord, readGolden } from './golden.ts'
import { describeModel, modelEncode } from './model.ts'

describe('decodeRecords', () => {
  it('decodes what was encoded by the letter of the format', () => {
    fc.assert(
      fc.property(batches({ wild: false, maxBatches: 1 }), ([model]) => {
        const buffer = Buffer.concat([Buffer.alloc(3), modelEncode(model!), Buffer.alloc(9)])
        const header = readBatch(buffer, 3)!
        const decoded = decodeRecords(buffer, header)
        const seen = decoded.map((record) => ({ ...record, attributes: 0, timestamp: BigInt(record.timestamp) }))
        const expected = model!.records.map((record) => {
          const timestamp = model!.isLogAppendTime ? model!.maxTimestamp! : record.timestamp
          return { ...record, attributes: 0, timestamp }
        })
        expect(seen.map(describeModel)).toEqual(expected.map(describeModel))
      }),
      { numRuns: 200 },
    )
  })

  it('gives views, not copies', () => {
    const { log, batches } = readGolden('small-none')
    const record = decodeRecords(log, batches[0]!).find(({ value }) => value !== null && value.length > 0)!
    expect(record.value!.buffer).toBe(log.buffer)
  })

  it('throws a fault for every damaged byte or decodes something, whatever the byte', () => {
    const { log, batches } = readGolden('small-none')
    const unexpected: unknown[] = []
    for (let at = 61; at < log.length; at++) {
      for (const flip of [0x01, 0xff]) {
        log[at]! ^= flip
        try {
          decodeRecords(log, batches[0]!)
        } catch (error) {
          if (!isFault(error, 'RECORDS_CORRUPT')) unexpected.push(error)
        }
        log[at]! ^= flip
      }
    }
    expect(unexpected).toEqual([])
  })

  it('refuses a count of records that the block does not hold', () => {
    const { log, batches } = readGolden('small-zstd')
    for (const recordCount of [1, 39, 41, 2_000_000_000]) {
      const lastOffsetDelta = Math.max(39, recordCount - 1)
      expect(() => decodeRecords(log, { ...batches[0]!, recordCount, lastOffsetDelta })).toThrow(
        expect.objectContaining({ code: 'RECORDS_CORRUPT' }),
      )
    }
  })

  it('passes the limit of the decompressed size on', () => {
    const { log, batches } = readGolden('large-lz4')
    expect(() => decodeRecords(log, batches[0]!, 100_000)).toThrow(
      expect.objectContaining({ code: 'RECORDS_TOO_LARGE' }),
    )
  })
})

describe('what a broker wrote', () => {
  const names = ['none', 'gzip', 'snappy', 'lz4', 'zstd'].map((codec) => `small-${codec}`)
  const large = ['gzip', 'snappy', 'lz4', 'zstd'].map((codec) => `large-${codec}`)
  it.each([...names, ...large, 'log-append-time', 'transactional', 'compacted'])(
    'decodes to what the Java consumer read: %s',
    (name) => {
      const { log, batches, records } = readGolden(name)
      const decoded = batches.filter((header) => !isControl(header)).flatMap((header) => decodeRecords(log, header))
      expect(decoded.map(describeRecord)).toEqual(records)
      expect(records.length).toBeGreaterThan(3)
    },
  )

  it('tells commits from aborts', () => {
    const { log, batches } = readGolden('transactional')
    const types = batches.filter(isControl).map((header) => readControlType(log, header))
    expect(types).toEqual(['commit', 'abort', 'commit', 'abort'])
  })

  it('has the oddities that the other tests count on', () => {
    const { batches } = readGolden('compacted')
    expect(batches.some((header) => header.recordCount === 0)).toBe(true)
    expect(batches.some((header) => (header.attributes & 0x40) !== 0)).toBe(true)
    expect(batches.filter((header) => hasHoles(header) && header.recordCount > 0).length).toBeGreaterThan(1)
  })
})

describe('readControlType', () => {
  it('knows nothing of markers other than the end of a transaction', () => {
    const { log, batches } = readGolden('transactional')
    const marker = batches.find(isControl)!
    // Attributes, deltas, key length, key version, then the type's low byte.
    log[marker.position + 61 + 8] = 2
    expect(readControlType(log, marker)).toBe('other')
  })

  it('takes an emptied batch for none', () => {
    const { log, batches } = readGolden('compacted')
    expect(readControlType(log, batches.find(({ recordCount }) => recordCount === 0)!)).toBe('other')
  })
})
