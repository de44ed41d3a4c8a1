/**
 * Pass-through: makes a batch that some producer wrote into one that our producer may send, by changing header bytes in
 * place. The payload stays untouched and unread, and the producer's own checksum keeps guarding it: the checksum is
 * moved along with the header's change (see crc32c.ts) and never computed anew, so a payload that was corrupt before
 * still fails its checksum afterwards, at the target's broker.
 *
 * Taking the delete-horizon bit off leaves every timestamp right: record timestamps are `baseTimestamp` plus their
 * delta with and without the bit, and nothing requires the base to be the first record's timeidentity.
 */
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  type BatchHeader,
  CRC_AT,
  DELETE_HORIZON_BIT,
  hasHoles,
  isControl,
  isLogAppendTime,
  PARTITION_LEADER_EPOCH_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  TRANSACTIONAL_BIT,
} from './batch-header.ts'
import { crc32c, rawCrc32c, shiftCrc32c } from './crc32c.ts'

/** Who writes a batch: `baseSequence` is the first record's sequence in this epoch. */
export interface BatchIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** The checksummed bytes that a rewrite may change: from the attributes up to the record count. */
const CHANGING_BYTES = RECORD_COUNT_AT - ATTRIBUTES_AT

/** Reused by every rewrite: the header's bytes before, then their difference. */
const difference = Buffer.alloc(CHANGING_BYTES)

/**
 * True where the batch may be sent by `rewriteHeader` alone: an application's batch without holes, starting at or above
 * `fromOffset`, with the producer's timestamps. Everything else is dropped (control batches) or goes through
 * `repackBatches`.
 */
export function canPassThrough(header: BatchHeader, fromOffset: number): boolean {
  return !isControl(header) && !hasHoles(header) && header.baseOffset >= fromOffset && !isLogAppendTime(header)
}

/**
 * Rewrites the batch in place: base offset 0, leader epoch -1, the transactional and delete-horizon bits off, the given
 * identity, and the checksum moved along. `header` is as it was before and describes the old batch.
 */
export function rewriteHeader(buffer: Buffer, header: BatchHeader, identity: BatchIdentity): void {
  const { position } = header
  const start = position + ATTRIBUTES_AT
  buffer.copy(difference, 0, start, start + CHANGING_BYTES)
  buffer.writeInt16BE(header.attributes & ~(TRANSACTIONAL_BIT | DELETE_HORIZON_BIT), start)
  buffer.writeBigInt64BE(identity.producerId, position + PRODUCER_ID_AT)
  buffer.writeInt16BE(identity.producerEpoch, position + PRODUCER_EPOCH_AT)
  buffer.writeInt32BE(identity.baseSequence, position + BASE_SEQUENCE_AT)
  for (let at = 0; at < CHANGING_BYTES; at++) difference[at]! ^= buffer[start + at]!
  const unchangedBytes = header.sizeBytes - RECORD_COUNT_AT
  const crc = buffer.readUInt32BE(position + CRC_AT) ^ shiftCrc32c(rawCrc32c(difference), unchangedBytes)
  buffer.writeInt32BE(crc, position + CRC_AT)
  // The checksum does not cover these two: brokers set them on every append.
  buffer.fill(0, position + BASE_OFFSET_AT, position + BASE_OFFSET_AT + 8)
  buffer.writeInt32BE(-1, position + PARTITION_LEADER_EPOCH_AT)
}

/** True where the batch's bytes match its checksum. Reads the whole batch. */
export function isChecksumValid(buffer: Buffer, header: BatchHeader): boolean {
  const { position, sizeBytes } = header
  const covered = buffer.subarray(position + ATTRIBUTES_AT, position + sizeBytes)
  return crc32c(covered) === buffer.readUInt32BE(position + CRC_AT)
}
