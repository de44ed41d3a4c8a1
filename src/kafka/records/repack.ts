/**
 * Makes one batch that a client may send out of batches that cannot pass as they are: drops records outside a range of
 * source offsets, closes the holes of compaction, turns append times into the records' own timestamps, and edits.
 * `packing.ts` says how the bytes move. Each input's own checksum is proved before its bytes are signed anew.
 */
import type { Codec } from './batch-header.ts'
import { DEFAULT_LIMIT_BYTES } from './compression.ts'
import {
  type EditRecord,
  type OffsetRun,
  openInput,
  type PackedBatch,
  packInput,
  type RepackInput,
  sealPacking,
  startPacking,
} from './packing.ts'
import type { BatchIdentity } from './rewrite-header.ts'

export interface RepackOptions {
  /** Records below this source offset are dropped. */
  readonly fromOffset: number
  /** Records at or above this source offset are dropped: for splitting a batch. Default: none. */
  readonly untilOffset?: number | undefined
  readonly identity: BatchIdentity
  /** Default: the codec of the first input that gives a record. */
  readonly codec?: Codec | undefined
  /** Asked once for each record in range, in order. Default: every record stays as it is. */
  readonly edit?: EditRecord | undefined
  /** Largest decompressed size of all inputs together. Default 256 MiB. */
  readonly limitBytes?: number
}

export interface Repacked extends PackedBatch {
  /** At least one, maximal; the first begins with the first record kept. */
  readonly runs: readonly OffsetRun[]
  /** The source offset of the last record kept. */
  readonly lastSourceOffset: number
}

/**
 * Repacks batches of one partition, in offset order, into one. Undefined where no record is left. Batches without
 * records are fine; control batches are the caller's to drop.
 *
 * @throws RECORDS_CORRUPT, RECORDS_TOO_LARGE, RECORDS_UNKNOWN_CODEC
 */
export function repackBatches(inputs: readonly RepackInput[], options: RepackOptions): Repacked | undefined {
  let leftBytes = options.limitBytes ?? DEFAULT_LIMIT_BYTES
  const cursors = inputs.map((input) => {
    const cursor = openInput(input, leftBytes)
    leftBytes -= cursor.bytes.length
    return cursor
  })
  const packing = startPacking(cursors)
  for (const [index, input] of inputs.entries()) packInput(packing, input, cursors[index]!, options)
  const packed = sealPacking(packing, options)
  return packed && { ...packed, runs: packing.runs, lastSourceOffset: packing.lastSourceOffset }
}
