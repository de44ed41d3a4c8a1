import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRecords,
  isChecksumValid,
  isControl,
  type Repacked,
  type RepackOptions,
  readBatch,
  repackBatches,
} from '../../../../src/kafka/records/index.ts'
import { batches, identity } from './arbitraries.ts'
import { describeRecord, readGolden } from './golden.ts'
import { describeModel, MODEL_CODECS, type ModelBatch, type ModelRecord, modelDecode, modelEncode } from './model.ts'

const WHO = { producerId: 4001n, producerEpoch: 12, baseSequence: 77 }

function repackModels(models: readonly ModelBatch[], options: RepackOptions): Repacked | undefined {
  const buffer = Buffer.concat(models.map(modelEncode))
  let position = 0
  const inputs = models.map(() => {
    const header = readBatch(buffer, position)!
    position += header.sizeBytes
    return { buffer, header }
  })
  return repackBatches(inputs, options)
}

/** What a reader of the batches sees, below and above the bounds left out. */
function keepRecords(models: readonly ModelBatch[], fromOffset: number, untilOffset: number): ModelRecord[] {
  return models.flatMap((model) =>
    model.records
      .filter(({ offset }) => offset >= fromOffset && offset < untilOffset)
      .map((record) => ({ ...record, timestamp: model.isLogAppendTime ? model.maxTimestamp! : record.timestamp })),
  )
}

/** Bounds at, between and beyond the records. */
const bounded = (wild: boolean) =>
  batches({ wild, maxBatches: 5 }).chain((models) => {
    const first = models[0]!.baseOffset
    const last = models.at(-1)!.lastOffset
    const within = fc.integer({ min: Math.max(first - 2, 0), max: last + 2 })
    return fc.record({
      models: fc.constant(models),
      fromOffset: fc.oneof(fc.constant(0), within),
      untilOffset: fc.oneof(fc.constant(undefined), within),
      codec: fc.option(fc.constantFrom(...MODEL_CODECS), { nil: undefined }),
      who: identity,
    })
  })

function checkAgainstModel(wild: boolean, numRuns: number): void {
  fc.assert(
    fc.property(bounded(wild), ({ models, fromOffset, untilOffset, codec, who }) => {
      const kept = keepRecords(models, fromOffset, untilOffset ?? Number.POSITIVE_INFINITY)
      const repacked = repackModels(models, {
        fromOffset,
        identity: who,
        ...(untilOffset === undefined ? {} : { untilOffset }),
        ...(codec === undefined ? {} : { codec }),
      })
      if (kept.length === 0) {
        expect(repacked).toBeUndefined()
        return
      }
      const decoded = modelDecode(repacked!.batch)
      const giver = models.find(({ records }) => records.some((record) => record.offset === kept[0]!.offset))!
      expect(decoded).toMatchObject({
        ...who,
        codec: codec ?? giver.codec,
        baseOffset: 0,
        lastOffset: kept.length - 1,
        isLogAppendTime: false,
        isTransactional: false,
        hasDeleteHorizon: false,
        maxTimestamp: kept.reduce((max, { timestamp }) => (timestamp > max ? timestamp : max), -(2n ** 63n)),
      })
      expect(decoded.records.map(describeModel)).toEqual(
        kept.map((record, offset) => describeModel({ ...record, offset })),
      )
      expect(repacked!.recordCount).toBe(kept.length)
      expect(repacked!.lastSourceOffset).toBe(kept.at(-1)!.offset)
      expectRuns(repacked!, kept)
    }),
    { numRuns },
  )
}

/** Expanded, the runs give every source offset; and no two neighbours could have been one. */
function expectRuns({ runs, recordCount }: Repacked, kept: readonly ModelRecord[]): void {
  const expanded = Array.from({ length: recordCount }, (_, index) => {
    const run = runs.findLast((candidate) => candidate.index <= index)!
    return run.sourceOffset + index - run.index
  })
  expect(expanded).toEqual(kept.map(({ offset }) => offset))
  for (const [index, run] of runs.slice(1).entries()) {
    const before = runs[index]!
    expect(run.sourceOffset - before.sourceOffset).toBeGreaterThan(run.index - before.index)
  }
}

describe('repackBatches', () => {
  it('equals decoding, filtering and encoding', () => checkAgainstModel(false, 200))

  it('keeps timestamps exact over all 64 bits', () => checkAgainstModel(true, 200))

  it('finds the largest timestamp where a delta wraps around 64 bits', () => {
    const [last, first] = [2n ** 63n - 1n, -(2n ** 63n)]
    const record = { attributes: 0, key: null, value: null, headers: [] }
    const model: ModelBatch = {
      baseOffset: 0,
      lastOffset: 2,
      codec: 'none',
      isLogAppendTime: false,
      isTransactional: false,
      hasDeleteHorizon: false,
      baseTimestamp: last,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      records: [
        { ...record, timestamp: last, offset: 0 },
        { ...record, timestamp: first, offset: 2 },
      ],
    }
    const repacked = repackModels([model], { fromOffset: 0, identity: WHO })
    expect(modelDecode(repacked!.batch).maxTimestamp).toBe(last)
  })

  it('names runs across holes and batches', () => {
    const record = { timestamp: 1n, attributes: 0, key: null, value: null, headers: [] }
    const batch = (baseOffset: number, lastOffset: number, offsets: readonly number[]): ModelBatch => ({
      baseOffset,
      lastOffset,
      codec: 'none',
      isLogAppendTime: false,
      isTransactional: false,
      hasDeleteHorizon: false,
      baseTimestamp: 1n,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
      records: offsets.map((offset) => ({ ...record, offset })),
    })
    const models = [
      batch(100, 104, [100, 101, 104]),
      batch(105, 106, [105, 106]),
      batch(110, 111, []),
      batch(112, 112, [112]),
    ]
    expect(repackModels(models, { fromOffset: 101, identity: WHO })).toMatchObject({
      recordCount: 5,
      runs: [
        { sourceOffset: 101, index: 0 },
        { sourceOffset: 104, index: 1 },
        { sourceOffset: 112, index: 4 },
      ],
      lastSourceOffset: 112,
    })
  })

  it('refuses a payload that does not match its checksum, so that it never signs it', () => {
    const { log, batches } = readGolden('small-none')
    const at = 61 + 30
    log[at]! ^= 1
    const input = { buffer: log, header: batches[0]! }
    expect(() => repackBatches([input], { fromOffset: 5, identity: WHO })).toThrow(
      expect.objectContaining({ code: 'RECORDS_CORRUPT', message: expect.stringContaining('checksum') }),
    )
  })

  it('bounds the decompressed size of all inputs together', () => {
    const { log, batches } = readGolden('large-zstd')
    const input = { buffer: log, header: batches[0]! }
    const options = { fromOffset: 0, identity: WHO, limitBytes: 500_000 }
    expect(repackBatches([input], options)?.recordCount).toBe(4)
    expect(() => repackBatches([input, input], options)).toThrow(expect.objectContaining({ code: 'RECORDS_TOO_LARGE' }))
  })

  it('refuses inputs that are out of order', () => {
    const { log, batches } = readGolden('small-gzip')
    const input = { buffer: log, header: batches[0]! }
    expect(() => repackBatches([input, input], { fromOffset: 0, identity: WHO })).toThrow(
      expect.objectContaining({ code: 'RECORDS_CORRUPT' }),
    )
  })

  it('takes control batches for a defect of its caller', () => {
    const { log, batches } = readGolden('transactional')
    const inputs = batches.map((header) => ({ buffer: log, header }))
    expect(() => repackBatches(inputs, { fromOffset: 0, identity: WHO })).toThrow('impossible')
  })

  it('has nothing to give where no batch has a record', () => {
    const { log, batches } = readGolden('compacted')
    const inputs = batches.filter(({ recordCount }) => recordCount === 0).map((header) => ({ buffer: log, header }))
    expect(repackBatches(inputs, { fromOffset: 0, identity: WHO })).toBeUndefined()
  })

  it.each(['compacted', 'log-append-time', 'transactional', 'large-snappy', 'large-lz4'])(
    'makes one batch of a whole segment that reads as the Java consumer read it: %s',
    (name) => {
      const { log, batches, records } = readGolden(name)
      const inputs = batches.filter((header) => !isControl(header)).map((header) => ({ buffer: log, header }))
      const { batch, runs } = repackBatches(inputs, { fromOffset: 0, identity: WHO })!
      const header = readBatch(batch, 0)!
      expect(isChecksumValid(batch, header)).toBe(true)
      const decoded = decodeRecords(batch, header).map((record) => {
        const run = runs.findLast(({ index }) => index <= record.offset)!
        return describeRecord({ ...record, offset: run.sourceOffset + record.offset - run.index })
      })
      expect(decoded).toEqual(records)
    },
  )
})
