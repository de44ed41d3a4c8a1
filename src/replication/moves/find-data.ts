import { isControl, isTransactional, lastOffset, readBatches, readControlType } from '../../kafka/index.ts'
import { AbortedTransactions } from '../flows/aborted-transactions.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'

const PIECE_BYTES = 64 * 1024

export interface FoundData {
  /** Offset of the first record of an application that was committed, or is not decided yet. */
  readonly first: number | undefined
  /** Aborted records stand before it: nobody's, and a copy would leave them out. */
  readonly hasAborted: boolean
}

/** What a range of a log holds of applications. */
export async function findData(
  reader: Pick<RawReader, 'read'>,
  ref: PartitionRef,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<FoundData> {
  let hasAborted = false
  for (let at = from; at < to; ) {
    const read = { offset: at, maxBytes: PIECE_BYTES, isolation: 'read_committed' as const }
    const { records, lastStableOffset, aborted } = await reader.read(ref, read, signal)
    const transactions = new AbortedTransactions(aborted)
    const before = at
    for (const header of readBatches(records)) {
      const end = lastOffset(header) + 1
      if (header.baseOffset >= to) return { first: undefined, hasAborted }
      if (isControl(header)) {
        if (readControlType(records, header) === 'abort') transactions.endedBy(header.producerId, end - 1)
      } else if (end > at) {
        const isAborted = isTransactional(header) && transactions.includes(header.producerId, end - 1)
        if (!isAborted) return { first: Math.max(at, header.baseOffset), hasAborted }
        hasAborted = true
      }
      at = Math.max(at, end)
    }
    // Where a transaction is open, nothing behind it can be told.
    if (at === before) return { first: lastStableOffset <= at ? at : undefined, hasAborted }
  }
  return { first: undefined, hasAborted }
}
