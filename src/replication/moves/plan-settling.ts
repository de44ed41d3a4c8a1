/**
 * What is to be done about transactions that are open on partitions to be cut. Pure.
 *
 * The fence keeps new transactions off the partitions, but not those that are under way: their producers may commit
 * until the transactional id itself is taken from them. A transaction that its coordinator has begun to end is waited
 * for, because its application may have been told that it is committed. One that is ongoing was never acknowledged as
 * committed: InitProducerId on its id aborts it. WriteTxnMarkers is never used on one that a coordinator knows: the
 * commit that follows would still be acknowledged (measured).
 */
import type { PartitionProducers, TopicPartition, TransactionDescription } from '../../kafka/index.ts'
import { textOf } from './partition-text.ts'

export interface SettlingEvidence {
  readonly partitions: readonly TopicPartition[]
  /** Asked for before the transactions were listed. */
  readonly producers: readonly PartitionProducers[]
  /** Every transaction of the region that is not over, with its id. */
  readonly transactions: readonly OpenTransaction[]
}

export interface OpenTransaction extends TransactionDescription {
  readonly transactionalId: string
}

export interface SettlingPlan {
  /** To be aborted by InitProducerId. */
  readonly end: readonly EndedTransaction[]
  /** Transactional ids whose markers are under way. */
  readonly wait: readonly string[]
  /** Open there, and no coordinator tells of them. */
  readonly unknown: readonly UnknownTransaction[]
}

export interface EndedTransaction {
  readonly transactionalId: string
  readonly producerId: bigint
  /** Partitions outside of those to be cut, which are aborted with it. */
  readonly alsoAborted: readonly TopicPartition[]
}

export interface UnknownTransaction extends TopicPartition {
  readonly producerId: bigint
  readonly startOffset: number
}

const ENDING = new Set(['PrepareCommit', 'PrepareAbort', 'PrepareEpochFence'])
/** Ours end by themselves, and their owners would take it for a successor. */
const OWN = /^__isthmus\./

export function isOpenState(state: string): boolean {
  return state === 'Ongoing' || ENDING.has(state)
}

export function planSettling({ partitions, producers, transactions }: SettlingEvidence): SettlingPlan {
  const selected = new Set(partitions.map(textOf))
  const concerned = transactions.filter((one) => one.partitions.some((at) => selected.has(textOf(at))))
  const isOwn = ({ transactionalId }: OpenTransaction) => OWN.test(transactionalId)
  const ongoing = concerned.filter((one) => one.state === 'Ongoing' && !isOwn(one))
  const ending = concerned.filter((one) => ENDING.has(one.state) || (one.state === 'Ongoing' && isOwn(one)))
  const known = new Set(concerned.flatMap((one) => one.partitions.map((at) => `${one.producerId} ${textOf(at)}`)))
  return {
    end: ongoing.map(({ transactionalId, producerId, partitions: all }) => {
      return { transactionalId, producerId, alsoAborted: all.filter((at) => !selected.has(textOf(at))) }
    }),
    wait: ending.map(({ transactionalId }) => transactionalId),
    unknown: producers.flatMap((at) =>
      at.producers
        .filter(({ producerId, currentTxnStartOffset }) => {
          return currentTxnStartOffset >= 0 && !known.has(`${producerId} ${textOf(at)}`)
        })
        .map(({ producerId, currentTxnStartOffset: startOffset }) => {
          return { topic: at.topic, partition: at.partition, producerId, startOffset }
        }),
    ),
  }
}
