/**
 * The 61 bytes in front of every record batch of message format v2 (magic 2), and what follows from them alone.
 * Runs once per batch in the pump, so it allocates one plain object of a single shape and never touches the payload.
 * Source: KIP-98, KIP-534 and org.apache.kafka.common.record.DefaultRecordBatch.
 */
import { recordsFaults } from './faults.ts'

// Positions within the batch, in bytes.
export const BASE_OFFSET_AT = 0
export const BATCH_LENGTH_AT = 8
export const PARTITION_LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const RECORD_COUNT_AT = 57
/** Size of the header, and the position of the records block. */
export const HEADER_BYTES = 61
/** The batch length field counts what follows it, not these leading bytes. */
export const LOG_OVERHEAD_BYTES = 12

export const MAGIC_V2 = 2

// Bits of the attributes.
export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME_BIT = 0x08
export const TRANSACTIONAL_BIT = 0x10
export const CONTROL_BIT = 0x20
export const DELETE_HORIZON_BIT = 0x40

const TWO_TO_32 = 4_294_967_296

/** Codecs by their number in the attributes. */
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** How the records block of a batch is compressed. */
export type Codec = (typeof CODECS)[number]

/** A batch header as read from a buffer. Sizes in bytes, timestamps in milliseconds since 1970. */
export interface BatchHeader {
  /** Where the batch begins in the buffer it was read from. */
  readonly position: number
  /** The whole batch, with its 12 leading bytes. */
  readonly sizeBytes: number
  readonly baseOffset: number
  readonly partitionLeaderEpoch: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  /**
   * What the records' timestamp deltas count from: usually the first record's timestamp, with a delete horizon that
   * horizon, in an emptied batch -1. Rounded beyond 2^53.
   */
  readonly baseTimestamp: number
  /** The newest record's timestamp, or the append time of a log-append-time batch. Rounded beyond 2^53. */
  readonly maxTimestamp: number
  /** -1n where the producer was not idempotent. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  /** 0 in a batch that compaction emptied and kept for its producer's sequence. */
  readonly recordCount: number
}

/**
 * Reads the batch header at `position`. Returns undefined where the buffer ends before the batch does: brokers cut off
 * the last batch of a fetch answer (never the first one).
 *
 * @throws RECORDS_OLD_FORMAT, RECORDS_CORRUPT
 */
export function readBatch(buffer: Buffer, position: number): BatchHeader | undefined {
  if (buffer.length - position <= MAGIC_AT) return undefined
  const baseOffset = readInt64(buffer, position + BASE_OFFSET_AT)
  const magic = buffer.readInt8(position + MAGIC_AT)
  const sizeBytes = LOG_OVERHEAD_BYTES + buffer.readInt32BE(position + BATCH_LENGTH_AT)
  if (magic !== MAGIC_V2 || sizeBytes < HEADER_BYTES) throw refuseBatch(baseOffset, magic, sizeBytes)
  if (position + sizeBytes > buffer.length) return undefined
  const lastOffsetDelta = buffer.readInt32BE(position + LAST_OFFSET_DELTA_AT)
  const recordCount = buffer.readInt32BE(position + RECORD_COUNT_AT)
  if (baseOffset < 0 || !Number.isSafeInteger(baseOffset + lastOffsetDelta)) {
    throw corrupt(baseOffset, 'its base offset is out of range')
  }
  if (lastOffsetDelta < 0 || recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    throw corrupt(baseOffset, `it declares ${recordCount} records and a last offset delta of ${lastOffsetDelta}`)
  }
  return {
    position,
    sizeBytes,
    baseOffset,
    partitionLeaderEpoch: buffer.readInt32BE(position + PARTITION_LEADER_EPOCH_AT),
    attributes: buffer.readInt16BE(position + ATTRIBUTES_AT),
    lastOffsetDelta,
    baseTimestamp: readInt64(buffer, position + BASE_TIMESTAMP_AT),
    maxTimestamp: readInt64(buffer, position + MAX_TIMESTAMP_AT),
    producerId: buffer.readBigInt64BE(position + PRODUCER_ID_AT),
    producerEpoch: buffer.readInt16BE(position + PRODUCER_EPOCH_AT),
    baseSequence: buffer.readInt32BE(position + BASE_SEQUENCE_AT),
    recordCount,
  }
}

/**
 * The headers of the whole batches in a fetch answer, in order; one that is cut off at the end is left out.
 *
 * @throws RECORDS_OLD_FORMAT, RECORDS_CORRUPT
 */
export function* readBatches(buffer: Buffer): Generator<BatchHeader, void> {
  for (let position = 0; position < buffer.length; ) {
    const header = readBatch(buffer, position)
    if (header === undefined) return
    position += header.sizeBytes
    yield header
  }
}

/** True for a batch written inside a transaction. */
export function isTransactional(header: BatchHeader): boolean {
  return (header.attributes & TRANSACTIONAL_BIT) !== 0
}

/** True for a batch of the broker's own (transaction markers): no application ever reads it. */
export function isControl(header: BatchHeader): boolean {
  return (header.attributes & CONTROL_BIT) !== 0
}

/** True where every record's timestamp is the batch's `maxTimestamp`, set by the broker. */
export function isLogAppendTime(header: BatchHeader): boolean {
  return (header.attributes & LOG_APPEND_TIME_BIT) !== 0
}

/** True where `baseTimestamp` doubles as the time from which compaction may drop the batch's tombstones (KIP-534). */
export function hasDeleteHorizon(header: BatchHeader): boolean {
  return (header.attributes & DELETE_HORIZON_BIT) !== 0
}

/** True where compaction removed records, anywhere in the batch: brokers refuse such a batch from a client. */
export function hasHoles(header: BatchHeader): boolean {
  return header.lastOffsetDelta + 1 !== header.recordCount
}

/** The offset of the batch's last record as it was written, even if compaction removed that record. */
export function lastOffset(header: BatchHeader): number {
  return header.baseOffset + header.lastOffsetDelta
}

/**
 * How the records block is compressed.
 *
 * @throws RECORDS_UNKNOWN_CODEC
 */
export function codecOf(header: BatchHeader): Codec {
  const codecId = header.attributes & CODEC_MASK
  const codec = CODECS[codecId]
  if (codec === undefined) {
    throw recordsFaults.fault('RECORDS_UNKNOWN_CODEC', { offset: header.baseOffset, codecId })
  }
  return codec
}

/** The codec's number in the attributes. */
export function codecIdOf(codec: Codec): number {
  return CODECS.indexOf(codec)
}

/** Builds RECORDS_CORRUPT; the caller throws it. */
export function corrupt(offset: number, why: string, cause?: unknown): Error {
  return recordsFaults.fault('RECORDS_CORRUPT', { offset, why }, cause)
}

/** Exact up to 2^53, without a bigint. */
function readInt64(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * TWO_TO_32 + buffer.readUInt32BE(position + 4)
}

function refuseBatch(offset: number, magic: number, sizeBytes: number): Error {
  if (magic === 0 || magic === 1) return recordsFaults.fault('RECORDS_OLD_FORMAT', { offset, magic })
  return corrupt(offset, magic === MAGIC_V2 ? `its size of ${sizeBytes} bytes is too small` : `its magic is ${magic}`)
}
