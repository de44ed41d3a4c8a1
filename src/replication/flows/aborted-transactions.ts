import type { AbortedTransaction } from '../../kafka/index.ts'

/**
 * Tells which transactional batches of one fetch answer belong to aborted transactions.
 *
 * The broker names, per answer, the aborted transactions that touch the fetched range by producer and first offset.
 * Walking the batches in order, a producer is "aborting" from its transaction's first offset until its abort marker.
 * Same procedure as the Java consumer's (CompletedFetch.consumeAbortedTransactionsUpTo).
 */
export class AbortedTransactions {
  readonly #upcoming: readonly AbortedTransaction[]
  readonly #aborting = new Set<bigint>()
  #next = 0

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#upcoming = aborted.length > 1 ? [...aborted].sort((a, b) => a.firstOffset - b.firstOffset) : aborted
  }

  /** To be called with each transactional data batch, in order. */
  includes(producerId: bigint, lastOffset: number): boolean {
    for (;;) {
      const transaction = this.#upcoming[this.#next]
      if (transaction === undefined || transaction.firstOffset > lastOffset) break
      this.#aborting.add(transaction.producerId)
      this.#next++
    }
    return this.#aborting.has(producerId)
  }

  /** To be called with each abort marker, in order. */
  endedBy(producerId: bigint, markerOffset: number): void {
    this.includes(producerId, markerOffset)
    this.#aborting.delete(producerId)
  }
}
