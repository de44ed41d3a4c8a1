import { retry } from '../core/index.ts'
import type {
  TxnMarker,
  PartitionOutcome,
  PartitionProducers,
  ProducerIdentity,
  TopicPartition,
  TransactionDescription,
  TransactionHandle,
  TransactionListing,
} from './cluster.ts'
import { CALL_DEADLINE_MS, type ClusterParts } from './cluster-parts.ts'
import { CONCURRENT_TRANSACTIONS, isFencedCode, staleAfter, TRANSACTIONAL_ID_NOT_FOUND } from './errors.ts'
import { callLeaders, failPartition } from './partition-calls.ts'
import { requestFault } from './request-fault.ts'
import { retryProtocol } from './retry-delays.ts'
import { addPartitionsToTxnApi } from './wire/add-partitions-to-txn.ts'
import { describeProducersApi } from './wire/describe-producers.ts'
import { describeTransactionsApi } from './wire/describe-transactions.ts'
import { endTxnApi } from './wire/end-txn.ts'
import { initProducerIdApi } from './wire/init-producer-id.ts'
import { listTransactionsApi } from './wire/list-transactions.ts'
import { writeTxnMarkersApi } from './wire/write-txn-markers.ts'

/**
 * Calls to transaction coordinators, and those that look at or end what producers left in partitions. A repeated
 * InitProducerId costs another epoch, which is safe; AddPartitionsToTxn and EndTxn may be repeated freely.
 */
export async function initProducerId(
  parts: ClusterParts,
  transactionalId: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProducerIdentity> {
  const { producerId, producerEpoch } = await parts.coordinators.call(
    {
      kind: 'transaction',
      key: transactionalId,
      api: initProducerIdApi,
      request: { transactionalId, timeoutMs },
      codeOf: ({ errorCode }) => errorCode,
      deadlineMs: parts.requestTimeoutMs,
    },
    parts.retryContext(signal),
  )
  return { producerId, producerEpoch }
}

export function addPartitionsToTxn(
  parts: ClusterParts,
  txn: TransactionHandle,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  return parts.coordinators.call(
    {
      kind: 'transaction',
      key: txn.transactionalId,
      api: addPartitionsToTxnApi,
      request: { ...txn, partitions },
      codeOf: (outcomes) => outcomes.map(({ errorCode }) => errorCode).find(concernsTransaction) ?? 0,
      deadlineMs: parts.requestTimeoutMs,
    },
    parts.retryContext(signal),
  )
}

/** What the coordinator says of the transaction it repeats for each partition; the rest concerns one partition only. */
function concernsTransaction(code: number): boolean {
  return isFencedCode(code) || code === CONCURRENT_TRANSACTIONS || staleAfter(code) === 'coordinator'
}

export async function endTxn(
  parts: ClusterParts,
  txn: TransactionHandle,
  outcome: 'commit' | 'abort',
  signal: AbortSignal,
): Promise<void> {
  await parts.coordinators.call(
    {
      kind: 'transaction',
      key: txn.transactionalId,
      api: endTxnApi,
      request: { ...txn, outcome },
      codeOf: ({ errorCode }) => errorCode,
      deadlineMs: parts.requestTimeoutMs,
    },
    parts.retryContext(signal),
  )
}

export async function describeTransaction(
  parts: ClusterParts,
  transactionalId: string,
  signal: AbortSignal,
): Promise<TransactionDescription | undefined> {
  const [described] = await parts.coordinators.call(
    {
      kind: 'transaction',
      key: transactionalId,
      api: describeTransactionsApi,
      request: [transactionalId],
      codeOf: ([first]) => (first?.errorCode === TRANSACTIONAL_ID_NOT_FOUND ? 0 : (first?.errorCode ?? 0)),
      deadlineMs: parts.requestTimeoutMs,
    },
    parts.retryContext(signal),
  )
  if (described === undefined || described.errorCode === TRANSACTIONAL_ID_NOT_FOUND) return undefined
  const { producerId, producerEpoch, state, partitions, startTimeMs, timeoutMs } = described
  return { producerId, producerEpoch, state, partitions, startTimeMs, timeoutMs }
}

export async function listTransactions(
  parts: ClusterParts,
  producerIds: readonly bigint[],
  signal: AbortSignal,
): Promise<TransactionListing[]> {
  const { calls, refresh, view, name } = parts
  const listOnce = async (signal: AbortSignal) => {
    await refresh.refresh([], signal)
    const answers = await Promise.all(
      view.brokers.map(({ nodeId }) => calls.callNode(nodeId, listTransactionsApi, producerIds, signal)),
    )
    for (const { errorCode } of answers) if (errorCode !== 0) throw requestFault(name, 'ListTransactions', errorCode)
    return answers.flatMap(({ transactions }) => transactions)
  }
  return retry(listOnce, retryProtocol(CALL_DEADLINE_MS), parts.retryContext(signal))
}

export function describeProducers(
  parts: ClusterParts,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<PartitionProducers[]> {
  return callLeaders<TopicPartition, PartitionProducers>(
    parts,
    {
      items: partitions,
      call: (nodeId, items, signal) => parts.calls.callNode(nodeId, describeProducersApi, items, signal),
      fail: (item, errorCode) => ({ ...failPartition(item, errorCode), producers: [] }),
    },
    signal,
  )
}

export function writeTxnMarkers(
  parts: ClusterParts,
  marker: TxnMarker,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  return callLeaders<TopicPartition, PartitionOutcome>(
    parts,
    {
      items: partitions,
      call: (nodeId, items, signal) =>
        parts.calls.callNode(nodeId, writeTxnMarkersApi, { ...marker, partitions: items }, signal),
      fail: failPartition,
    },
    signal,
  )
}
