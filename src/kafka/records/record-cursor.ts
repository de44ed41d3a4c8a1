/**
 * Steps through the records of a batch by byte ranges: what repack needs, and what decoding starts from. One mutable
 * cursor a batch, no object per record.
 *
 * A record: length, attributes (1 byte), timestamp delta, offset delta, then its body: key, value and headers.
 */
import { type BatchHeader, codecOf, corrupt, HEADER_BYTES, isLogAppendTime } from './batch-header.ts'
import { DEFAULT_LIMIT_BYTES, decompress } from './compression.ts'
import { isFault } from '../../core/index.ts'
import { type ByteReader, readVarint, readVarlong } from './varint.ts'

/** Length, attributes, two deltas, null key, null value, no headers: one byte each. */
const SMALLEST_RECORD_BYTES = 7

export interface RecordCursor extends ByteReader {
  readonly header: BatchHeader
  /** How many records were read so far. */
  index: number
  /** The current record's first byte, its length field included. */
  start: number
  attributes: number
  /** Rounded, and never a safe integer, beyond 2^53. */
  timestampDelta: number
  /** Where the timestamp delta is encoded. */
  timestampDeltaAt: number
  offsetDelta: number
  /** The body is `bytes[bodyAt, end)`. */
  bodyAt: number
  end: number
}

/**
 * The batch's records block, decompressed; a view of `buffer` where it was not compressed.
 *
 * @throws RECORDS_CORRUPT, RECORDS_TOO_LARGE, RECORDS_UNKNOWN_CODEC
 */
export function readRecordsBlock(buffer: Buffer, header: BatchHeader, limitBytes: number): Buffer {
  const block = buffer.subarray(header.position + HEADER_BYTES, header.position + header.sizeBytes)
  // Compaction leaves an emptied batch without even the frame of its codec.
  if (header.recordCount === 0) return block
  const codec = codecOf(header)
  try {
    return decompress(codec, block, limitBytes)
  } catch (error) {
    throw isFault(error) ? error : corrupt(header.baseOffset, `its ${codec} block is malformed`, error)
  }
}

/** A cursor before the first record of a decompressed block. */
export function openCursor(block: Buffer, header: BatchHeader): RecordCursor {
  if (header.recordCount * SMALLEST_RECORD_BYTES > block.length) {
    throw corrupt(header.baseOffset, `its ${block.length} bytes of records can't hold ${header.recordCount}`)
  }
  return {
    bytes: block,
    position: 0,
    header,
    index: 0,
    start: 0,
    attributes: 0,
    timestampDelta: 0,
    timestampDeltaAt: 0,
    offsetDelta: -1,
    bodyAt: 0,
    end: 0,
  }
}

/** A cursor before the first record of a batch, whatever its compression. @throws as `readRecordsBlock` */
export function openRecords(buffer: Buffer, header: BatchHeader): RecordCursor {
  return openCursor(readRecordsBlock(buffer, header, DEFAULT_LIMIT_BYTES), header)
}

/** Of the current record, milliseconds since 1970; rounded beyond 2^53. */
export function timestampOf({ header, timestampDelta }: RecordCursor): number {
  return isLogAppendTime(header) ? header.maxTimestamp : header.baseTimestamp + timestampDelta
}

/**
 * Moves to the next record; false behind the last.
 *
 * @throws RECORDS_CORRUPT
 */
export function nextRecord(cursor: RecordCursor): boolean {
  const { bytes, header } = cursor
  if (cursor.index === header.recordCount) {
    if (cursor.end !== bytes.length) throw corrupt(header.baseOffset, 'bytes follow its last record')
    return false
  }
  const previousDelta = cursor.offsetDelta
  try {
    cursor.start = cursor.end
    cursor.position = cursor.start
    const length = readVarint(cursor)
    cursor.end = cursor.position + length
    cursor.attributes = bytes[cursor.position++] ?? 0
    cursor.timestampDeltaAt = cursor.position
    cursor.timestampDelta = readVarlong(cursor)
    cursor.offsetDelta = readVarint(cursor)
    cursor.bodyAt = cursor.position
  } catch (error) {
    throw corrupt(header.baseOffset, `its record ${cursor.index} is malformed`, error)
  }
  if (cursor.bodyAt > cursor.end || cursor.end > bytes.length) {
    throw corrupt(header.baseOffset, `its record ${cursor.index} has a wrong length`)
  }
  if (cursor.offsetDelta <= previousDelta || cursor.offsetDelta > header.lastOffsetDelta) {
    throw corrupt(header.baseOffset, `its record ${cursor.index} has the offset delta ${cursor.offsetDelta}`)
  }
  cursor.index++
  return true
}
