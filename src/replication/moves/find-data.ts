import { isControl, lastOffset, readBatches } from '../../kafka/index.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'

const PIECE_BYTES = 64 * 1024

/** Offset of the first record of an application in a range of a log, committed or not; undefined where there is none. */
export async function findData(
  reader: RawReader,
  ref: PartitionRef,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  for (let at = from; at < to; ) {
    const { records } = await reader.read(ref, { offset: at, maxBytes: PIECE_BYTES }, signal)
    const before = at
    for (const header of readBatches(records)) {
      const end = lastOffset(header) + 1
      if (end <= at) continue
      if (header.baseOffset >= to) return undefined
      if (!isControl(header)) return Math.max(at, header.baseOffset)
      at = end
    }
    if (at === before) return undefined
  }
  return undefined
}
