import { type Cluster, errorName, type TopicMetadata, type TopicPartition } from '../kafka/index.ts'

/** A partition by name and id. */
export interface PartitionRef extends TopicPartition {
  readonly topicId: string
}

type Bound = 'start' | 'end' | 'stable-end' | 'newest'

/** `newest`: of the record with the largest timestamp. */
const ASKED: Readonly<Record<Bound, { readonly timestamp: number; readonly isolation?: 'read_committed' }>> = {
  start: { timestamp: -2 },
  end: { timestamp: -1 },
  'stable-end': { timestamp: -1, isolation: 'read_committed' },
  newest: { timestamp: -3 },
}

/** What a region says of its partitions, by `topic-partition`; those without an answer are missing. */
export async function listBounds(
  cluster: Pick<Cluster, 'listOffsets'>,
  bound: Bound,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<Map<string, { readonly offset: number; readonly timestamp: number }>> {
  if (partitions.length === 0) return new Map()
  const { timestamp, isolation = 'read_uncommitted' } = ASKED[bound]
  const asked = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }))
  const listed = await cluster.listOffsets({ isolation, partitions: asked }, signal)
  return new Map(listed.flatMap((one) => (one.errorCode === 0 ? [[placeOf(one), one] as const] : [])))
}

export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/** The partitions of a topic; throws where the region does not tell them. */
export function partitionsOf({ name: topic, topicId, errorCode, partitions }: TopicMetadata): PartitionRef[] {
  if (errorCode !== 0) throw new Error(`${topic} is not told: ${errorName(errorCode)}`)
  return partitions.map(({ partition }) => ({ topic, topicId, partition }))
}
