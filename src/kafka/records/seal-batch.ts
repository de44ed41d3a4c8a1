/** Puts a header in front of encoded records: the last step of every batch that Isthmus encodes itself. */
import { invariant } from '../../core/index.ts'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  CRC_AT,
  type Codec,
  codecIdOf,
  HEADER_BYTES,
  LAST_OFFSET_DELTA_AT,
  LOG_APPEND_TIME_BIT,
  LOG_OVERHEAD_BYTES,
  MAGIC_AT,
  MAGIC_V2,
  MAX_TIMESTAMP_AT,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  TRANSACTIONAL_BIT,
} from './batch-header.ts'
import { compress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import type { BatchIdentity } from './rewrite-header.ts'

/** Who sets a record's timestamp: its producer, or the broker on append. */
export type TimestampType = 'create-time' | 'log-append-time'

export interface SealOptions {
  readonly codec: Codec
  readonly identity: BatchIdentity
  /** At least 1; offset deltas run from 0 without holes. */
  readonly recordCount: number
  readonly baseTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly timestampType: TimestampType
  /** @defaultValue false */
  readonly isTransactional?: boolean | undefined
}

/**
 * Makes a batch of `block`: HEADER_BYTES of room, then the encoded records. Where nothing is compressed the header is
 * written into that room and `block` itself is the batch.
 */
export function sealBatch(block: Buffer, options: SealOptions): Buffer {
  invariant(options.recordCount > 0, 'a batch that is sent has records')
  const batch =
    options.codec === 'none'
      ? block
      : Buffer.concat([block.subarray(0, HEADER_BYTES), compress(options.codec, block.subarray(HEADER_BYTES))])
  const timestampBit = options.timestampType === 'log-append-time' ? LOG_APPEND_TIME_BIT : 0
  const transactionalBit = options.isTransactional === true ? TRANSACTIONAL_BIT : 0
  batch.fill(0, BASE_OFFSET_AT, BASE_OFFSET_AT + 8)
  batch.writeInt32BE(batch.length - LOG_OVERHEAD_BYTES, BATCH_LENGTH_AT)
  batch.writeInt32BE(-1, PARTITION_LEADER_EPOCH_AT)
  batch.writeInt8(MAGIC_V2, MAGIC_AT)
  batch.writeInt16BE(codecIdOf(options.codec) | timestampBit | transactionalBit, ATTRIBUTES_AT)
  batch.writeInt32BE(options.recordCount - 1, LAST_OFFSET_DELTA_AT)
  batch.writeBigInt64BE(options.baseTimestamp, BASE_TIMESTAMP_AT)
  batch.writeBigInt64BE(options.maxTimestamp, MAX_TIMESTAMP_AT)
  batch.writeBigInt64BE(options.identity.producerId, PRODUCER_ID_AT)
  batch.writeInt16BE(options.identity.producerEpoch, PRODUCER_EPOCH_AT)
  batch.writeInt32BE(options.identity.baseSequence, BASE_SEQUENCE_AT)
  batch.writeInt32BE(options.recordCount, RECORD_COUNT_AT)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
  return batch
}
