import * as fc from 'fast-check'
import { MODEL_CODECS, type ModelBatch, type ModelRecord } from './model.ts'

const NOON = 1_700_000_000_000n

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))

const headers = fc.oneof(
  { weight: 12, arbitrary: fc.constant([]) },
  {
    weight: 4,
    arbitrary: fc.array(fc.tuple(bytes(12), fc.option(bytes(20))), { maxLength: 4 }),
  },
  // Many headers, and one that is longer than everything else.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 60, max: 130 }), bytes(4), bytes(900))
      .map(([count, key, value]) => [
        ...Array.from({ length: count }, () => [key, null] as const),
        [key, Buffer.concat([value, value, value])] as const,
      ]),
  },
)

/** Near each other, 32 bits and more apart, before 1970, unset. */
const tameTimestamp = fc.oneof(
  fc.integer({ min: -5000, max: 5000 }).map((delta) => NOON + BigInt(delta)),
  fc.bigInt({ min: 0n, max: 2n ** 45n }),
  fc.bigInt({ min: -(2n ** 40n), max: -1n }),
  fc.constant(-1n),
)

/** Whatever 64 bits can hold. */
const wildTimestamp = fc.oneof(
  { weight: 3, arbitrary: tameTimestamp },
  { weight: 1, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)) },
)

const contents = (timestamp: fc.Arbitrary<bigint>) =>
  fc.record({
    timestamp,
    attributes: fc.constantFrom(0, 0, 0, 7),
    key: fc.option(bytes(40), { freq: 3 }),
    value: fc.option(bytes(120), { freq: 4 }),
    headers,
    /** How many offsets are missing before this record. */
    holesBefore: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 300 }) },
    ),
  })

/** Batches of one partition in offset order, with holes anywhere, emptied ones among them. */
export function batches(options: { wild: boolean; maxBatches: number }): fc.Arbitrary<ModelBatch[]> {
  const timestamp = options.wild ? wildTimestamp : tameTimestamp
  const one = fc.record({
    gapBefore: fc.constantFrom(0, 0, 1, 5),
    holesAfter: fc.constantFrom(0, 0, 2),
    codec: fc.constantFrom(...MODEL_CODECS),
    isLogAppendTime: fc.boolean(),
    isTransactional: fc.boolean(),
    hasDeleteHorizon: fc.boolean(),
    baseTimestamp: timestamp,
    appendTime: timestamp,
    producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }),
    producerEpoch: fc.integer({ min: -1, max: 32767 }),
    baseSequence: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    contents: fc.array(contents(timestamp), { maxLength: 12 }),
  })
  return fc
    .tuple(fc.constantFrom(0, 17, 2 ** 40), fc.array(one, { minLength: 1, maxLength: options.maxBatches }))
    .map(([start, parts]) => {
      let next = start
      return parts.map(({ gapBefore, holesAfter, contents, appendTime, ...rest }) => {
        const baseOffset = next + gapBefore
        let offset = baseOffset
        const records = contents.map(({ holesBefore, ...content }): ModelRecord => {
          offset += holesBefore + 1
          return { ...content, offset: offset - 1 }
        })
        const lastOffset = Math.max(offset - 1, baseOffset) + holesAfter
        next = lastOffset + 1
        const maxTimestamp = rest.isLogAppendTime || records.length === 0 ? { maxTimestamp: appendTime } : {}
        return { ...rest, baseOffset, lastOffset, records, ...maxTimestamp }
      })
    })
}

/** One batch that may pass through: without holes, with its producer's timestamps. */
export const passableBatch: fc.Arbitrary<ModelBatch> = batches({ wild: true, maxBatches: 1 })
  .filter(([batch]) => batch!.records.length > 0)
  .map(([batch]) => {
    const { maxTimestamp: _, ...rest } = batch!
    const records = rest.records.map((record, index) => ({ ...record, offset: rest.baseOffset + index }))
    return { ...rest, records, lastOffset: rest.baseOffset + records.length - 1, isLogAppendTime: false }
  })

/** Who sends: over the whole range of each field. */
export const identity = fc.record({
  producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  producerEpoch: fc.integer({ min: 0, max: 32767 }),
  baseSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
})
