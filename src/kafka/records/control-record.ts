import { type BatchHeader, corrupt } from './batch-header.ts'
import { decodeRecords } from './decode-records.ts'

const ABORT = 0
const COMMIT = 1
/** The key of a control record: version (16 bits), type (16 bits). */
const KEY_BYTES = 4

/**
 * What a control batch says: the end of a transaction, or `other` for what has nothing to do with applications
 * (leader changes, snapshots) and for a marker that compaction emptied.
 *
 * @throws RECORDS_CORRUPT
 */
export function readControlType(buffer: Buffer, header: BatchHeader): 'abort' | 'commit' | 'other' {
  const [record] = decodeRecords(buffer, header)
  if (record === undefined) return 'other'
  if (record.key === null || record.key.length < KEY_BYTES) throw corrupt(header.baseOffset, 'its control key is short')
  const type = record.key.readInt16BE(2)
  if (type === ABORT) return 'abort'
  return type === COMMIT ? 'commit' : 'other'
}
