/**
 * Makes one batch out of small ones that follow each other without holes, as they stand ready for Produce. A broker
 * takes one batch a partition and request, and serves one request of a connection at a time: many tiny batches would
 * wait for each other.
 */
import { isFault } from '../../core/index.ts'
import { HEADER_BYTES, readBatch } from './batch-header.ts'
import { openInput, type PackedBatch, packInput, type RepackInput, sealPacking, startPacking } from './packing.ts'
import type { RecordCursor } from './record-cursor.ts'
import type { BatchIdentity } from './rewrite-header.ts'

export interface MergeOptions {
  readonly identity: BatchIdentity
  /** Of the merged batch, and of its records before they are compressed. */
  readonly limitBytes: number
}

export interface MergedBatch extends PackedBatch {
  /** So many of the batches, from the first on, are in it: at least two. */
  readonly mergedCount: number
}

/**
 * Merges as many as fit, from the first on, in the codec of the first. Undefined where fewer than two do. One that
 * cannot be read is where it ends: such a batch goes alone, and whoever takes it judges it.
 */
export function mergeBatches(batches: readonly Buffer[], options: MergeOptions): MergedBatch | undefined {
  const { inputs, cursors } = openFitting(batches, options.limitBytes)
  if (inputs.length < 2) return undefined
  try {
    const packing = startPacking(cursors)
    for (const [index, input] of inputs.entries()) {
      packInput(packing, input, cursors[index]!, { baseOffset: packing.count, fromOffset: 0 })
    }
    const merged = sealPacking(packing, options)
    if (merged === undefined || merged.batch.length > options.limitBytes) return undefined
    return { ...merged, mergedCount: inputs.length }
  } catch (error) {
    if (!isFault(error)) throw error
    return undefined
  }
}

function openFitting(batches: readonly Buffer[], limitBytes: number) {
  const inputs: RepackInput[] = []
  const cursors: RecordCursor[] = []
  let leftBytes = limitBytes - HEADER_BYTES
  for (const buffer of batches) {
    const input = openReadable(buffer, leftBytes)
    if (input === undefined || input.cursor.bytes.length > leftBytes) break
    leftBytes -= input.cursor.bytes.length
    inputs.push(input)
    cursors.push(input.cursor)
  }
  return { inputs, cursors }
}

function openReadable(buffer: Buffer, limitBytes: number): (RepackInput & { cursor: RecordCursor }) | undefined {
  try {
    const header = readBatch(buffer, 0)
    return header && { buffer, header, cursor: openInput({ buffer, header }, limitBytes) }
  } catch (error) {
    if (!isFault(error)) throw error
    return undefined
  }
}
