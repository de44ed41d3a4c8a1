import { type Cluster, errorName, type TopicPartition } from '../../kafka/index.ts'
import { textOf } from './partition-text.ts'

/** Where the log of a partition ends, or the code with which it is not told. */
export interface PartitionEnds extends TopicPartition {
  readonly errorCode: number
  /** Below it everything is replicated. */
  readonly highWatermark: number
  /** What the leader has appended, replicated or not. */
  readonly logEnd: number
  /** Below it no transaction is open. */
  readonly stableEnd: number
}

/** Of many partitions at once; each answers for itself. */
export async function readEnds(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<PartitionEnds[]> {
  const latest = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: -1 }))
  const ask = async (isolation: 'read_uncommitted' | 'read_committed', replicaId: -1 | -2) => {
    const listed = await cluster.listOffsets({ isolation, replicaId, partitions: latest, deadlineMs: 2_000 }, signal)
    return new Map(listed.map((one) => [textOf(one), one]))
  }
  // In this order: what one of them misses because it came later can only make the partition look less settled.
  const stable = await ask('read_committed', -1)
  const high = await ask('read_uncommitted', -1)
  const appended = await ask('read_uncommitted', -2)
  return partitions.map(({ topic, partition }) => {
    const text = textOf({ topic, partition })
    const answers = [stable.get(text), high.get(text), appended.get(text)]
    const failed = answers.find((answer) => answer?.errorCode !== 0)
    const [stableEnd = -1, highWatermark = -1, logEnd = -1] = answers.map((answer) => answer?.offset)
    const errorCode = answers.includes(undefined) ? -1 : (failed?.errorCode ?? 0)
    return { topic, partition, errorCode, highWatermark, logEnd, stableEnd }
  })
}

/** Why the end of a partition is not final, in words; undefined where all that was appended is replicated. */
export function explainUnreplicated({ errorCode, highWatermark, logEnd }: PartitionEnds): string | undefined {
  if (errorCode !== 0) return `its end is not told: ${errorName(errorCode)}`
  return logEnd > highWatermark ? `${logEnd - highWatermark} appended offsets are not replicated` : undefined
}
