import type { PartitionOutcome, TopicPartition } from './topic-partition.ts'

// What the coordinators of transactions and of groups are asked, and what they answer.

// ---- transactions -------------------------------------------------------------------------------------------------

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface TransactionHandle extends ProducerIdentity {
  readonly transactionalId: string
}

export interface TransactionDescription extends ProducerIdentity {
  /** Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort, Dead. */
  readonly state: string
  readonly partitions: readonly TopicPartition[]
  readonly startTimeMs: number
  readonly timeoutMs: number
}

export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: bigint
  /** As in `TransactionDescription`. */
  readonly state: string
}

export interface PartitionProducers extends PartitionOutcome {
  readonly producers: readonly ActiveProducer[]
}

export interface ActiveProducer extends ProducerIdentity {
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** Start of the open transaction, -1 for none. */
  readonly currentTxnStartOffset: number
}

export interface TxnMarker extends ProducerIdentity {
  readonly outcome: 'commit' | 'abort'
  readonly coordinatorEpoch: number
}

// ---- groups -------------------------------------------------------------------------------------------------------

export interface GroupListings {
  readonly groups: readonly GroupListing[]
  /** Brokers that did not answer, in words: the groups they coordinate are missing from the list. */
  readonly silent: readonly string[]
}

export interface GroupListing {
  readonly groupId: string
  /** Empty, Stable, PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Dead, ... '' where a broker does not say. */
  readonly state: string
  /** classic, consumer, share, streams; '' where a broker does not say. */
  readonly type: string
  readonly protocolType: string
}

export interface GroupOutcome {
  readonly groupId: string
  readonly errorCode: number
}

export interface GroupDescription extends GroupOutcome {
  readonly state: string
  /** '' where there is no such group. */
  readonly protocol: 'classic' | 'consumer' | ''
  readonly members: readonly GroupMember[]
}

export interface GroupMember {
  readonly clientId: string
  /** As the broker saw it, such as `/10.0.0.7`. */
  readonly host: string
  /** None where the group does not assign partitions in the way of consumers, as Connect's workers. */
  readonly assigned: readonly TopicPartition[]
}

export interface GroupOffsets extends GroupOutcome {
  readonly positions: readonly (GroupPosition & { readonly errorCode: number })[]
}

export interface GroupPosition extends TopicPartition {
  readonly offset: number
  /** -1 for none. */
  readonly leaderEpoch: number
  readonly metadata: string | null
}
