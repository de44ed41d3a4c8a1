import { type BatchHeader, corrupt } from './batch-header.ts'
import { DEFAULT_LIMIT_BYTES } from './compression.ts'
import { nextRecord, openCursor, type RecordCursor, readRecordsBlock, timestampOf } from './record-cursor.ts'
import { type ByteReader, readVarint } from './varint.ts'

/** A header's key and value. Keys stay bytes: two keys that differ only in invalid UTF-8 are different headers. */
export type RecordHeader = readonly [key: Buffer, value: Buffer | null]

/** What an application puts into a record. */
export interface RecordContents {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** In order, repetitions included. */
  readonly headers: readonly RecordHeader[]
}

/** A record with views into the batch's (decompressed) bytes, not copies. */
export interface DecodedRecord extends RecordContents {
  readonly offset: number
  /** Milliseconds since 1970, -1 where the producer set none; rounded beyond 2^53. */
  readonly timestamp: number
}

/** Shared by all records without headers. */
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([])

/**
 * Decodes all records of a batch, in order. Does not look at the checksum (`isChecksumValid` does), nor whether the
 * batch is a control batch.
 *
 * @param limitBytes largest decompressed size; 256 MiB by default.
 * @throws RECORDS_CORRUPT, RECORDS_TOO_LARGE, RECORDS_UNKNOWN_CODEC
 */
export function decodeRecords(
  buffer: Buffer,
  header: BatchHeader,
  limitBytes: number = DEFAULT_LIMIT_BYTES,
): DecodedRecord[] {
  const cursor = openCursor(readRecordsBlock(buffer, header, limitBytes), header)
  const records: DecodedRecord[] = []
  while (nextRecord(cursor)) records.push(decodeCurrent(cursor))
  return records
}

/**
 * The record at which a cursor stands.
 *
 * @throws RECORDS_CORRUPT
 */
export function decodeCurrent(cursor: RecordCursor): DecodedRecord {
  const { header } = cursor
  cursor.position = cursor.bodyAt
  try {
    return decodeRecord(cursor, timestampOf(cursor))
  } catch (error) {
    throw corrupt(header.baseOffset, `its record ${cursor.index - 1} is malformed`, error)
  }
}

function decodeRecord(cursor: RecordCursor, timestamp: number): DecodedRecord {
  return { offset: cursor.header.baseOffset + cursor.offsetDelta, timestamp, ...readContents(cursor, cursor.end) }
}

/** Reads a record's body, which ends at `end`. Throws where it is malformed. */
export function readContents(reader: ByteReader, end: number): RecordContents {
  const key = readBytes(reader)
  const value = readBytes(reader)
  const headers = readHeaders(reader)
  if (reader.position !== end) throw new RangeError('its fields do not fill its length')
  return { key, value, headers }
}

function readHeaders(reader: ByteReader): readonly RecordHeader[] {
  const count = readVarint(reader)
  if (count === 0) return NO_HEADERS
  if (count < 0) throw new RangeError('it has a negative number of headers')
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) {
    const key = readBytes(reader)
    if (key === null) throw new RangeError('it has a header without a key')
    headers.push([key, readBytes(reader)])
  }
  return headers
}

function readBytes(reader: ByteReader): Buffer | null {
  const length = readVarint(reader)
  if (length < 0) return null
  const end = reader.position + length
  if (end > reader.bytes.length) throw new RangeError('a field ends behind its block')
  const bytes = reader.bytes.subarray(reader.position, end)
  reader.position = end
  return bytes
}
