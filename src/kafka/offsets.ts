import type {
  EpochEnd,
  EpochQuery,
  ListedOffset,
  ListOffsetsQuery,
  PartitionOutcome,
  TopicPartition,
} from './cluster.ts'
import { brokerTimeoutMs, type ClusterParts } from './cluster-parts.ts'
import { callLeaders, failPartition } from './partition-calls.ts'
import { deleteRecordsApi } from './wire/delete-records.ts'
import { listOffsetsApi } from './wire/list-offsets.ts'
import { offsetForLeaderEpochApi } from './wire/offset-for-leader-epoch.ts'

/** Calls about where logs begin, end and diverge, each answered by the leader of the partition. */
export async function listOffsets(
  parts: ClusterParts,
  query: ListOffsetsQuery,
  signal: AbortSignal,
): Promise<ListedOffset[]> {
  const { isolation, replicaId = -1 } = query
  const [only, ...others] = query.partitions
  if (only !== undefined && others.length === 0) {
    const listed = await parts.gathered.list(query, only, signal)
    if (listed !== undefined) return [listed]
  }
  return callLeaders<ListOffsetsQuery['partitions'][number], ListedOffset>(
    parts,
    {
      items: query.partitions,
      deadlineMs: query.deadlineMs,
      call: (nodeId, partitions, signal) =>
        parts.calls.callNode(nodeId, listOffsetsApi, { isolation, replicaId, partitions }, signal),
      fail: (item, errorCode) => ({ ...failPartition(item, errorCode), offset: -1, timestamp: -1, leaderEpoch: -1 }),
    },
    signal,
  )
}

export async function offsetForLeaderEpoch(
  parts: ClusterParts,
  query: readonly EpochQuery[],
  signal: AbortSignal,
): Promise<EpochEnd[]> {
  const [only, ...others] = query
  if (only !== undefined && others.length === 0) {
    const ended = await parts.gathered.epochEnd(only, signal)
    if (ended !== undefined) return [ended]
  }
  return callLeaders<EpochQuery, EpochEnd>(
    parts,
    {
      items: query,
      call: (nodeId, items, signal) => parts.calls.callNode(nodeId, offsetForLeaderEpochApi, items, signal),
      fail: (item, errorCode) => ({ ...failPartition(item, errorCode), leaderEpoch: -1, endOffset: -1 }),
    },
    signal,
  )
}

export function deleteRecords(
  parts: ClusterParts,
  bounds: readonly (TopicPartition & { readonly offset: number })[],
  signal: AbortSignal,
): Promise<PartitionOutcome[]> {
  return callLeaders<TopicPartition & { readonly offset: number }, PartitionOutcome>(
    parts,
    {
      items: bounds,
      call: (nodeId, items, signal) => {
        const request = { bounds: items, timeoutMs: brokerTimeoutMs(parts) }
        return parts.calls.callNode(nodeId, deleteRecordsApi, request, signal)
      },
      fail: failPartition,
    },
    signal,
  )
}
