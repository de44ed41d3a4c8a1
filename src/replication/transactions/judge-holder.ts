import type { ActiveProducer, TopicPartition, TransactionDescription } from '../../kafka/index.ts'

/**
 * Who holds back the last stable offset of a partition, and whether that ends by itself. Pure; the criteria are those
 * of KIP-664 (`kafka-transactions.sh find-hanging`), with one more: a coordinator that tells nothing of a producer
 * proves nothing before `transaction.max.timeout.ms` is over, because ListTransactions leaves out without a word what
 * Isthmus may not describe.
 */
export interface HolderEvidence {
  readonly partition: TopicPartition
  /** What DescribeProducers said of the partition. */
  readonly producers: readonly ActiveProducer[]
  /** By producer id; undefined where no coordinator told of it. */
  readonly transactionOf: (producerId: bigint) => FoundTransaction | undefined
  readonly nowMs: number
  /** The longest a broker lets a transaction last. */
  readonly maxTimeoutMs: number
}

export interface FoundTransaction {
  readonly transactionalId: string
  /** Undefined where the coordinator has forgotten it since it was listed. */
  readonly described: TransactionDescription | undefined
}

/**
 * `open`: its coordinator has it and ends it at its timeout at the latest. `ending`: its markers are under way.
 * `hanging`: no coordinator will ever end it. `unknown`: nothing can be said yet.
 */
export type HolderState = 'open' | 'ending' | 'hanging' | 'unknown'

export interface Holder {
  readonly state: HolderState
  /** A sentence for the operator. */
  readonly reason: string
  /** Null where no producer of the partition has an open transaction. */
  readonly producer: ActiveProducer | null
  readonly transactionalId: string | null
  /** When the transaction began, or was last written to where that is not known; wall clock. */
  readonly openSinceMs: number | null
}

/** Clocks of brokers differ, and a coordinator looks for timed-out transactions every ten seconds. */
const TIMEOUT_SLACK_MS = 60_000

/** States in which the coordinator still owes the partitions their markers. */
const ENDING = new Set(['PrepareCommit', 'PrepareAbort', 'PrepareEpochFence'])

export function judgeHolder(evidence: HolderEvidence): Holder {
  const open = evidence.producers.filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0)
  const producer = open.sort((a, b) => a.currentTxnStartOffset - b.currentTxnStartOffset)[0]
  if (producer === undefined) {
    const reason = 'no producer has an open transaction there: the marker of one is not replicated yet'
    return { state: 'ending', reason, producer: null, transactionalId: null, openSinceMs: null }
  }
  const found = evidence.transactionOf(producer.producerId)
  return found === undefined ? judgeUnlisted(producer, evidence) : judgeFound(producer, found, evidence.partition)
}

function judgeUnlisted(producer: ActiveProducer, { nowMs, maxTimeoutMs }: HolderEvidence): Holder {
  const openSinceMs = producer.lastTimestamp
  const isOverdue = nowMs - openSinceMs > maxTimeoutMs + TIMEOUT_SLACK_MS
  const whose = `of producer ${producer.producerId}`
  return {
    state: isOverdue ? 'hanging' : 'unknown',
    reason: isOverdue
      ? `no coordinator knows the transaction ${whose}, and it is older than any transaction may get`
      : `no coordinator tells of the transaction ${whose}: it hangs, or Isthmus may not DESCRIBE its transactional id`,
    producer,
    transactionalId: null,
    openSinceMs,
  }
}

function judgeFound(producer: ActiveProducer, found: FoundTransaction, at: TopicPartition): Holder {
  const { transactionalId, described } = found
  const whose = `transaction ${transactionalId}`
  const about = { producer, transactionalId, openSinceMs: producer.lastTimestamp }
  if (described === undefined || described.producerId !== producer.producerId) {
    return {
      ...about,
      state: 'hanging',
      reason: `the coordinator of ${whose} has forgotten producer ${producer.producerId}`,
    }
  }
  const isTaking = described.partitions.some(({ topic, partition }) => topic === at.topic && partition === at.partition)
  if (isTaking && described.state === 'Ongoing') {
    return { ...about, state: 'open', openSinceMs: described.startTimeMs, reason: `${whose} is open` }
  }
  if (isTaking && ENDING.has(described.state)) {
    return { ...about, state: 'ending', reason: `${whose} is ending: ${described.state}` }
  }
  const reason = `the coordinator of ${whose} (${described.state}) does not count ${at.topic}-${at.partition} to it`
  return { ...about, state: 'hanging', reason }
}
