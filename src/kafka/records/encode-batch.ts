import { invariant } from '../../core/index.ts'
import { type Codec, HEADER_BYTES } from './batch-header.ts'
import type { RecordBody } from './packing.ts'
import type { BatchIdentity } from './rewrite-header.ts'
import { sealBatch, type TimestampType } from './seal-batch.ts'
import { varintBytes, writeVarint } from './varint.ts'

/** A record to be written. */
export interface NewRecord {
  /** Milliseconds since 1970: a safe integer. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** None by default. */
  readonly headers?: readonly (readonly [key: Buffer | string, value: Buffer | null])[]
}

/** Options of `encodeBatch`; the identity says who writes. */
export interface EncodeOptions extends BatchIdentity {
  /** At least one. */
  readonly records: readonly NewRecord[]
  readonly codec: Codec
  /** Default `create-time`; brokers refuse the other from clients. */
  readonly timestampType?: TimestampType
  /** Part of a transaction of its producer. @defaultValue false */
  readonly isTransactional?: boolean
}

/** Length, attributes, two deltas, three lengths: more than a record's fixed fields ever take. */
const RECORD_OVERHEAD_BYTES = 5 + 1 + 10 + 5 + 5 + 5 + 5
const HEADER_OVERHEAD_BYTES = 10

/** Encodes records into one batch, base offset 0, ready for Produce. */
export function encodeBatch(options: EncodeOptions): Buffer {
  const { records, codec, timestampType = 'create-time', isTransactional } = options
  const first = records[0]
  invariant(first !== undefined, 'a batch that is sent has records')
  const bound = records.reduce((bytes, record) => bytes + boundBytes(record), HEADER_BYTES)
  const block = Buffer.allocUnsafe(bound)
  let at = HEADER_BYTES
  let maxTimestamp = first.timestamp
  for (const [index, record] of records.entries()) {
    at = writeRecord(block, at, { record, index, timestampDelta: record.timestamp - first.timestamp })
    maxTimestamp = Math.max(maxTimestamp, record.timestamp)
  }
  return sealBatch(block.subarray(0, at), {
    codec,
    identity: options,
    recordCount: records.length,
    baseTimestamp: BigInt(first.timestamp),
    maxTimestamp: BigInt(maxTimestamp),
    timestampType,
    isTransactional,
  })
}

type Contents = Omit<NewRecord, 'timestamp'>

/** A record's body alone: key, value and headers. */
export function encodeBody(contents: Contents): RecordBody {
  const bytes = Buffer.allocUnsafe(boundBytes(contents))
  return { bytes, bodyAt: 0, end: writeBody(bytes, 0, contents) }
}

function writeBody(block: Buffer, start: number, { key, value, headers = [] }: Contents): number {
  let at = writeBytes(block, start, key)
  at = writeBytes(block, at, value)
  at = writeVarint(block, at, headers.length)
  for (const [name, content] of headers) {
    at = writeBytes(block, at, typeof name === 'string' ? Buffer.from(name) : name)
    at = writeBytes(block, at, content)
  }
  return at
}

function boundBytes(record: Contents): number {
  let bytes = RECORD_OVERHEAD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const [key, value] of record.headers ?? []) {
    bytes += HEADER_OVERHEAD_BYTES + Buffer.byteLength(key) + (value?.length ?? 0)
  }
  return bytes
}

interface IndexedRecord {
  readonly record: NewRecord
  readonly index: number
  readonly timestampDelta: number
}

/** The length comes first, so the record is written behind room for the longest length, then moved up. */
function writeRecord(block: Buffer, start: number, { record, index, timestampDelta }: IndexedRecord): number {
  const room = start + 5
  let at = room
  block[at++] = 0
  at = writeVarint(block, at, timestampDelta)
  at = writeVarint(block, at, index)
  at = writeBody(block, at, record)
  const length = at - room
  const lengthBytes = varintBytes(length)
  writeVarint(block, start, length)
  block.copyWithin(start + lengthBytes, room, at)
  return start + lengthBytes + length
}

function writeBytes(block: Buffer, position: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(block, position, -1)
  const at = writeVarint(block, position, bytes.length)
  bytes.copy(block, at)
  return at + bytes.length
}
