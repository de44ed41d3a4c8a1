/**
 * What is to be done about transactions that are open on partitions to be cut. Pure.
 *
 * The fence keeps new transactions off the partitions, but not those that are under way: their producers may commit
 * until the transactional id itself is taken from them. A transaction that its coordinator has begun to end is waited
 * for, because its application may have been told that it is committed. One that is ongoing was never acknowledged as
 * committed: InitProducerId on its id aborts it. WriteTxnMarkers is never used on one that a coordinator knows: the
 * commit that follows would still be acknowledged (measured). For the others see `hanging.ts`.
 */
import type {
  ActiveProducer,
  ProducerIdentity,
  PartitionProducers,
  TopicPartition,
  TransactionDescription,
  TransactionListing,
} from '../../kafka/index.ts'
import { textOf } from './partition-text.ts'

export interface SettlingEvidence {
  readonly partitions: readonly TopicPartition[]
  /** Asked for before the transactions were listed. */
  readonly producers: readonly PartitionProducers[]
  /** All that brokers told of. */
  readonly listed: readonly TransactionListing[]
  /** Of those, what coordinators said of each that is not over, or whose producer has one open there. */
  readonly transactions: readonly DescribedTransaction[]
}

export interface DescribedTransaction extends TransactionDescription {
  readonly transactionalId: string
}

export interface SettlingPlan {
  /** To be aborted by InitProducerId. */
  readonly end: readonly EndedTransaction[]
  /** Their markers are under way. */
  readonly wait: readonly DescribedTransaction[]
  /** Open there, and no coordinator counts the partition to one. */
  readonly unknown: readonly UnknownTransaction[]
}

export interface EndedTransaction {
  readonly transactionalId: string
  readonly producerId: bigint
  /** Partitions outside of those to be cut, which are aborted with it. */
  readonly alsoAborted: readonly TopicPartition[]
}

export interface UnknownTransaction extends TopicPartition, ProducerIdentity {
  readonly startOffset: number
  readonly coordinatorEpoch: number
  /** Of its newest record, milliseconds since 1970. */
  readonly lastTimestampMs: number
  readonly transactionalId: string | null
  /**
   * What coordinators tell of its producer. `over`: that its last transaction was aborted. `unclear`: that none is open,
   * and one may have been committed; a coordinator that is loaded while a partition has no leader skips its marker.
   * `busy`: that it has one open, of which the partition is no part. `nothing`: they have forgotten it, or may not tell.
   * `committed`, `aborted`: what was decided about exactly this one, as the coordinator's log has it.
   */
  readonly told: 'over' | 'unclear' | 'busy' | 'nothing' | 'committed' | 'aborted'
  /** Why the coordinator's log could not be read. */
  readonly gap?: string
}

const ENDING = new Set(['PrepareCommit', 'PrepareAbort', 'PrepareEpochFence'])
/** Ours end by themselves, and their owners would take it for a successor. */
const OWN = /^__isthmus\./

export function isOpenState(state: string): boolean {
  return state === 'Ongoing' || ENDING.has(state)
}

export function planSettling({ partitions, producers, listed, transactions }: SettlingEvidence): SettlingPlan {
  const selected = new Set(partitions.map(textOf))
  const concerned = transactions.filter(({ state, partitions: all }) => {
    return isOpenState(state) && all.some((at) => selected.has(textOf(at)))
  })
  const isOwn = ({ transactionalId }: DescribedTransaction) => OWN.test(transactionalId)
  const ongoing = concerned.filter((one) => one.state === 'Ongoing' && !isOwn(one))
  const known = new Set(concerned.flatMap((one) => one.partitions.map((at) => `${one.producerId} ${textOf(at)}`)))
  return {
    end: ongoing.map(({ transactionalId, producerId, partitions: all }) => {
      return { transactionalId, producerId, alsoAborted: all.filter((at) => !selected.has(textOf(at))) }
    }),
    wait: concerned.filter((one) => ENDING.has(one.state) || (one.state === 'Ongoing' && isOwn(one))),
    unknown: producers.flatMap((at) =>
      at.producers
        .filter(({ producerId, currentTxnStartOffset }) => {
          return currentTxnStartOffset >= 0 && !known.has(`${producerId} ${textOf(at)}`)
        })
        .map((producer) => describeUnknown(at, producer, listed, transactions)),
    ),
  }
}

function describeUnknown(
  { topic, partition }: TopicPartition,
  { producerId, producerEpoch, coordinatorEpoch, currentTxnStartOffset, lastTimestamp }: ActiveProducer,
  listed: readonly TransactionListing[],
  transactions: readonly DescribedTransaction[],
): UnknownTransaction {
  const ofProducer = (one: { readonly producerId: bigint }) => one.producerId === producerId
  const described = transactions.find(ofProducer)
  const isBusy = [...listed, ...transactions].some((one) => ofProducer(one) && isOpenState(one.state))
  return {
    topic,
    partition,
    producerId,
    producerEpoch,
    coordinatorEpoch,
    startOffset: currentTxnStartOffset,
    lastTimestampMs: lastTimestamp,
    transactionalId: described?.transactionalId ?? null,
    told: isBusy ? 'busy' : whatIsTold(described?.state),
  }
}

function whatIsTold(state: string | undefined): UnknownTransaction['told'] {
  if (state === undefined) return 'nothing'
  return state === 'CompleteAbort' ? 'over' : 'unclear'
}
