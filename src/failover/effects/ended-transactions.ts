import type { Settling } from '../../replication/index.ts'

type Ended = Settling['ended'][number]

/** As evidence has it: JSON knows no 64-bit numbers. */
export interface EndedTransaction extends Omit<Ended, 'producerId'> {
  readonly producerId: string
}

/**
 * Transactions that an operation has ended, over all calls of its step: the call that finds none open any more is mostly
 * not the one that ended them. Of the newest operation only; what another controller ended before is in its journal.
 */
export class EndedTransactions {
  #operation = ''
  #ended = new Map<string, EndedTransaction>()

  /** All of them, those of this call included. */
  note(operation: string, ended: readonly Ended[]): EndedTransaction[] {
    if (operation !== this.#operation) this.#ended = new Map()
    this.#operation = operation
    for (const one of ended) this.#ended.set(one.transactionalId, { ...one, producerId: String(one.producerId) })
    return [...this.#ended.values()]
  }
}
