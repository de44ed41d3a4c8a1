import { type Clock, sleep } from '../../core/index.ts'
import { type Cluster, errorName, type TopicPartition, type TransactionHandle } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'

/**
 * Fences older owners of a shard out of partitions. Both ways put a control record with a newer epoch into each
 * partition's log: from then on the broker refuses the older epoch with INVALID_PRODUCER_EPOCH.
 */

const POLL_MS = 20
const FENCE_DEADLINE_MS = 60_000
const LAST_EPOCH = 32_767
/** Another partition of the request was refused. */
const OPERATION_NOT_ATTEMPTED = 55

export interface FenceContext {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly shard: number
}

/**
 * One empty transaction over the partitions, aborted. EndTxn answers before the markers exist, so the fence is up only when the coordinator says CompleteAbort for our own id and epoch.
 *
 * Faults: KAFKA_PRODUCER_FENCED where a newer owner exists; FENCE_INCOMPLETE after 60 s.
 */
export async function fenceByTransaction(
  context: FenceContext,
  txn: TransactionHandle,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<void> {
  if (partitions.length === 0) return
  const { cluster, clock, shard } = context
  const outcomes = await cluster.addPartitionsToTxn(txn, partitions, signal)
  const isRefused = ({ errorCode }: { errorCode: number }) => errorCode !== 0 && errorCode !== OPERATION_NOT_ATTEMPTED
  const refused = outcomes.find(isRefused) ?? outcomes.find(({ errorCode }) => errorCode !== 0)
  // Partitions are added all or none: where one is refused, there is no transaction to end.
  if (refused !== undefined) {
    throw replicationFaults.fault('TARGET_NOT_READY', {
      what: `${refused.topic}-${refused.partition}`,
      target: cluster.name,
      reason: `the fence was refused with ${errorName(refused.errorCode)}`,
    })
  }
  await cluster.endTxn(txn, 'abort', signal)
  const startedMs = clock.monotonicMs()
  let state = 'unknown'
  while (clock.monotonicMs() - startedMs < FENCE_DEADLINE_MS) {
    const described = await cluster.describeTransaction(txn.transactionalId, signal)
    state = described?.state ?? 'forgotten'
    const isOurs = described?.producerId === txn.producerId && described.producerEpoch === txn.producerEpoch
    if (described !== undefined && !isOurs) {
      throw replicationFaults.fault('SHARD_FENCED', {
        shard,
        target: cluster.name,
        evidence: `producer ${described.producerId} epoch ${described.producerEpoch} now holds ${txn.transactionalId}`,
      })
    }
    if (state === 'CompleteAbort') return
    await sleep(clock, POLL_MS, signal)
  }
  throw replicationFaults.fault('FENCE_INCOMPLETE', {
    shard,
    target: cluster.name,
    transactionalId: txn.transactionalId,
    state,
    afterMs: FENCE_DEADLINE_MS,
  })
}

/**
 * For an owner whose transactional id the broker has forgotten, so that InitProducerId gave us another producer id
 * and fences nobody: abort markers for its producer id, written to every partition directly. They carry the highest
 * epoch there is. The recorded epoch + 1 would not do: a worker that took that epoch by a clean hand-over and stalled
 * before its first entry is on record nowhere, and the coordinator never gives a forgotten producer id out again.
 * Returns once they are appended (WriteTxnMarkers answers after the append).
 */
export async function fenceByMarkers(
  context: FenceContext,
  old: { producerId: bigint; producerEpoch: number },
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<void> {
  if (partitions.length === 0) return
  const { cluster, shard } = context
  const coordinatorEpoch = await largestCoordinatorEpoch(cluster, old.producerId, partitions, signal)
  const marker = { producerId: old.producerId, producerEpoch: LAST_EPOCH, coordinatorEpoch, outcome: 'abort' as const }
  const outcomes = await cluster.writeTxnMarkers(marker, partitions, signal)
  const refused = outcomes.find((outcome) => outcome.errorCode !== 0)
  if (refused === undefined && outcomes.length === partitions.length) return
  const reason =
    refused === undefined
      ? 'not every partition answered'
      : `${refused.topic}-${refused.partition} answered ${errorName(refused.errorCode)}`
  throw replicationFaults.fault('SHARD_UNFENCED', { shard, target: cluster.name, ...old, reason })
}

/** A partition refuses a marker of an older coordinator epoch than the last it has seen for the producer. */
async function largestCoordinatorEpoch(
  cluster: Cluster,
  producerId: bigint,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<number> {
  let largest = 0
  for (const partition of await cluster.describeProducers(partitions, signal)) {
    for (const producer of partition.producers) {
      if (producer.producerId === producerId) largest = Math.max(largest, producer.coordinatorEpoch)
    }
  }
  return largest
}
