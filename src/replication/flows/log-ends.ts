import { type Cluster, errorName, isRetriableCode } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'

/**
 * Ends of a partition's log. Always by ListOffsets, never from a fetch answer: after a leader change ListOffsets
 * refuses with OFFSET_NOT_AVAILABLE until its high watermark is right (measured), a fetch does not.
 */
export async function highWatermark(cluster: Cluster, at: At, signal: AbortSignal): Promise<number> {
  return (await list(cluster, at, { timestamp: -1 }, signal)).offset
}

/** End of what read_committed readers see. */
export async function stableEnd(cluster: Cluster, at: At, signal: AbortSignal): Promise<number> {
  return (await list(cluster, at, { timestamp: -1, isolation: 'read_committed' }, signal)).offset
}

/** What the leader has appended, replicated or not. */
export async function logEnd(cluster: Cluster, at: At, signal: AbortSignal): Promise<number> {
  return (await list(cluster, at, { timestamp: -1, replicaId: -2 }, signal)).offset
}

/** First offset that is still served. */
export async function logStart(cluster: Cluster, at: At, signal: AbortSignal): Promise<number> {
  return (await list(cluster, at, { timestamp: -2 }, signal)).offset
}

/** First offset with a timestamp at or after `timestampMs`; the high watermark where there is none. */
export async function offsetAtTime(
  cluster: Cluster,
  at: At,
  timestampMs: number,
  signal: AbortSignal,
): Promise<number> {
  const { offset } = await list(cluster, at, { timestamp: timestampMs }, signal)
  return offset >= 0 ? offset : highWatermark(cluster, at, signal)
}

interface At {
  readonly topic: string
  readonly partition: number
}

async function list(
  cluster: Cluster,
  { topic, partition }: At,
  what: { timestamp: number; replicaId?: -1 | -2; isolation?: 'read_uncommitted' | 'read_committed' },
  signal: AbortSignal,
): Promise<{ offset: number }> {
  const [listed] = await cluster.listOffsets(
    {
      isolation: what.isolation ?? 'read_uncommitted',
      replicaId: what.replicaId ?? -1,
      partitions: [{ topic, partition, timestamp: what.timestamp }],
    },
    signal,
  )
  if (listed?.errorCode === 0) return listed
  const code = listed?.errorCode ?? -1
  const facts = { what: `${topic}-${partition}`, target: cluster.name, reason: errorName(code) }
  throw isRetriableCode(code) || listed === undefined
    ? replicationFaults.fault('TARGET_NOT_READY', facts)
    : replicationFaults.fault('PARTITION_REFUSED', { ...facts, error: errorName(code) })
}
