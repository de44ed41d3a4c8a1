/**
 * Record batches by the letter of the format, without any care for speed: every number a bigint, every field an object.
 * Shares no code with the room but the decompressors' and compressors' bytes, so that agreement means something.
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'

export const MODEL_CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type ModelCodec = (typeof MODEL_CODECS)[number]

export interface ModelRecord {
  readonly offset: number
  readonly timestamp: bigint
  readonly attributes: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer, Buffer | null])[]
}

export interface ModelBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly codec: ModelCodec
  readonly isLogAppendTime: boolean
  readonly isTransactional: boolean
  readonly hasDeleteHorizon: boolean
  readonly baseTimestamp: bigint
  /** Computed from the records where left out. */
  readonly maxTimestamp?: bigint
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: readonly ModelRecord[]
}

const int = (bytes: number, value: number | bigint): Buffer => {
  const wide = Buffer.alloc(8)
  wide.writeBigInt64BE(BigInt.asIntN(64, BigInt(value)))
  return wide.subarray(8 - bytes)
}

export const modelVarint = (value: number | bigint): Buffer => {
  const bytes: number[] = []
  const signed = BigInt(value)
  let left = BigInt.asUintN(64, signed < 0n ? -2n * signed - 1n : 2n * signed)
  for (; left > 127n; left /= 128n) bytes.push(Number(left % 128n) + 128)
  return Buffer.from([...bytes, Number(left)])
}

const sized = (bytes: Buffer | null): Buffer =>
  bytes === null ? modelVarint(-1) : Buffer.concat([modelVarint(bytes.length), bytes])

/** One line a record: cheaper to compare than the objects. */
export function describeModel(record: ModelRecord): string {
  const hex = (bytes: Buffer | null): string => bytes?.toString('hex') ?? 'null'
  const headers = record.headers.map(([key, value]) => `${hex(key)}=${hex(value)}`)
  const { offset, timestamp, attributes, key, value } = record
  return [offset, timestamp, attributes, hex(key), hex(value), ...headers].join(' ')
}

/** Bit by bit. */
export function modelCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78
  }
  return ~crc >>> 0
}

export function modelEncode(batch: ModelBatch): Buffer {
  const encoded = batch.records.map((record) => {
    const body = Buffer.concat([
      int(1, record.attributes),
      modelVarint(BigInt.asIntN(64, record.timestamp - batch.baseTimestamp)),
      modelVarint(record.offset - batch.baseOffset),
      sized(record.key),
      sized(record.value),
      modelVarint(record.headers.length),
      ...record.headers.flatMap(([key, value]) => [sized(key), sized(value)]),
    ])
    return Buffer.concat([modelVarint(body.length), body])
  })
  const block = Buffer.concat(encoded)
  const attributes =
    (batch.records.length === 0 ? 0 : MODEL_CODECS.indexOf(batch.codec)) +
    (batch.isLogAppendTime ? 8 : 0) +
    (batch.isTransactional ? 16 : 0) +
    (batch.hasDeleteHorizon ? 64 : 0)
  const newest = batch.records.reduce((max, { timestamp }) => (timestamp > max ? timestamp : max), -(2n ** 63n))
  const covered = Buffer.concat([
    int(2, attributes),
    int(4, batch.lastOffset - batch.baseOffset),
    int(8, batch.baseTimestamp),
    int(8, batch.maxTimestamp ?? newest),
    int(8, batch.producerId),
    int(2, batch.producerEpoch),
    int(4, batch.baseSequence),
    int(4, batch.records.length),
    batch.records.length === 0 ? block : modelCompress(batch.codec, block),
  ])
  return Buffer.concat([
    int(8, batch.baseOffset),
    int(4, covered.length + 9),
    int(4, 7),
    int(1, 2),
    int(4, modelCrc32c(covered)),
    covered,
  ])
}

/** Decodes what `modelEncode` could have written; throws an Error for a checksum that does not match. */
export function modelDecode(bytes: Buffer): ModelBatch {
  const covered = bytes.subarray(21)
  if (modelCrc32c(covered) !== bytes.readUInt32BE(17)) throw new Error('checksum')
  if (bytes.readInt32BE(8) !== bytes.length - 12 || bytes[16] !== 2) throw new Error('length or magic')
  const attributes = bytes.readInt16BE(21)
  const codec = MODEL_CODECS[attributes & 7]!
  const count = bytes.readInt32BE(57)
  const baseOffset = Number(bytes.readBigInt64BE(0))
  const baseTimestamp = bytes.readBigInt64BE(27)
  const block = count === 0 ? Buffer.alloc(0) : modelDecompress(codec, bytes.subarray(61))
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(block[at++]!)
      value += (byte % 128n) << shift
      if (byte < 128n) return BigInt.asIntN(64, value % 2n === 0n ? value / 2n : -(value + 1n) / 2n)
    }
  }
  const field = (): Buffer | null => {
    const length = Number(varint())
    if (length === -1) return null
    at += length
    return block.subarray(at - length, at)
  }
  const records = Array.from({ length: count }, (): ModelRecord => {
    const end = Number(varint()) + at
    const recordAttributes = block[at++]!
    const timestamp = BigInt.asIntN(64, baseTimestamp + varint())
    const offset = baseOffset + Number(varint())
    const [key, value] = [field(), field()]
    const headers = Array.from({ length: Number(varint()) }, () => [field()!, field()] as const)
    if (at !== end) throw new Error('record length')
    return { offset, timestamp, attributes: recordAttributes, key, value, headers }
  })
  if (at !== block.length) throw new Error('trailing bytes')
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(23),
    codec,
    isLogAppendTime: (attributes & 8) !== 0,
    isTransactional: (attributes & 16) !== 0,
    hasDeleteHorizon: (attributes & 64) !== 0,
    baseTimestamp,
    maxTimestamp: bytes.readBigInt64BE(35),
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    records,
  }
}

function modelCompress(codec: ModelCodec, block: Buffer): Buffer {
  if (codec === 'gzip') return gzipSync(block)
  if (codec === 'zstd') return zstdCompressSync(block)
  return Buffer.from(compressionsAlgorithms[codec].compressSync(block))
}

function modelDecompress(codec: ModelCodec, block: Buffer): Buffer {
  if (codec === 'gzip') return gunzipSync(block)
  if (codec === 'zstd') return zstdDecompressSync(block)
  return Buffer.from(compressionsAlgorithms[codec].decompressSync(block))
}
