/** Record batches of message format v2: pure functions over Buffer. */
export {
  type BatchHeader,
  type Codec,
  codecOf,
  hasDeleteHorizon,
  hasHoles,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  readBatch,
} from './batch-header.ts'
export { readControlType } from './control-record.ts'
export { decodeCurrent, type DecodedRecord, decodeRecords, type RecordHeader } from './decode-records.ts'
export { type EncodeOptions, encodeBatch, type NewRecord } from './encode-batch.ts'
export { recordsFaults } from './faults.ts'
export { nextRecord, openRecords, type RecordCursor, timestampOf } from './record-cursor.ts'
export { type OffsetRun, type Repacked, type RepackInput, type RepackOptions, repackBatches } from './repack.ts'
export { canPassThrough, isChecksumValid, type BatchIdentity, rewriteHeader } from './rewrite-header.ts'
export type { TimestampType } from './seal-batch.ts'
