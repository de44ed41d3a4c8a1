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
  readBatches,
} from './batch-header.ts'
export { readControlType } from './control-record.ts'
export { nextRecord, openRecords, type RecordCursor, timestampOf } from './record-cursor.ts'
export {
  decodeCurrent,
  type DecodedRecord,
  decodeRecords,
  type RecordContents,
  type RecordHeader,
} from './decode-records.ts'
export { encodeDamagedBatch } from './damaged-batch.ts'
export { type ChangeContents, editContents } from './edit-contents.ts'
export { type EncodeOptions, encodeBatch, type NewRecord } from './encode-batch.ts'
export { recordsFaults } from './faults.ts'
export { type MergedBatch, mergeBatches } from './merge-batches.ts'
export type { EditRecord, OffsetRun, RecordBody, RepackInput } from './packing.ts'
export { type Repacked, type RepackOptions, repackBatches } from './repack.ts'
export { canPassThrough, isChecksumValid, type BatchIdentity, rewriteHeader } from './rewrite-header.ts'
export type { TimestampType } from './seal-batch.ts'
