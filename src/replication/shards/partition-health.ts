import {
  type Cluster,
  errorName,
  type PartitionMetadata,
  type TopicMetadata,
  type TopicPartition,
} from '../../kafka/index.ts'

/** A target partition that the map says somebody wrote to. */
export interface WrittenPartition extends TopicPartition {
  /** Of the topic that was written to: a topic of the same name with another id was not. */
  readonly topicId: string
}

export interface UnfitPartition extends WrittenPartition {
  /** The topic is not there: as a rule it was deleted, and nobody waits for it. */
  readonly isGone: boolean
  readonly reason: string
}

export interface ByHealth {
  /** Can take a marker now. */
  readonly healthy: readonly TopicPartition[]
  /** Can't: a transaction over it would not complete. */
  readonly unfit: readonly UnfitPartition[]
}

const UNKNOWN_TOPIC_OR_PARTITION = 3
const LEADER_NOT_AVAILABLE = 5

/**
 * Tells the partitions that can take a marker from those that can't, which have no leader or fewer in-sync replicas
 * than `min.insync.replicas` asks for. What belongs to a topic that has been made anew is in neither list.
 */
export async function sortByHealth(
  cluster: Cluster,
  written: readonly WrittenPartition[],
  signal: AbortSignal,
): Promise<ByHealth> {
  const names = [...new Set(written.map(({ topic }) => topic))]
  if (names.length === 0) return { healthy: [], unfit: [] }
  const { topics } = await cluster.metadata(names, signal)
  const byName = new Map(topics.map((topic) => [topic.name, topic]))
  const minimums = await minimumsInSync(cluster, topics, signal)
  const healthy: TopicPartition[] = []
  const unfit: UnfitPartition[] = []
  for (const one of written) {
    const topic = byName.get(one.topic)
    const errorCode = topic?.errorCode ?? UNKNOWN_TOPIC_OR_PARTITION
    if (errorCode !== 0) {
      unfit.push({ ...one, isGone: errorCode === UNKNOWN_TOPIC_OR_PARTITION, reason: errorName(errorCode) })
    } else if (topic?.topicId === one.topicId) {
      const partition = topic.partitions.find((candidate) => candidate.partition === one.partition)
      const reason = whyUnfit(partition, minimums.get(one.topic) ?? 1)
      if (reason === undefined) healthy.push({ topic: one.topic, partition: one.partition })
      else unfit.push({ ...one, isGone: false, reason })
    }
  }
  return { healthy, unfit }
}

function whyUnfit(partition: PartitionMetadata | undefined, minimum: number): string | undefined {
  if (partition === undefined || partition.leaderId < 0) return errorName(LEADER_NOT_AVAILABLE)
  const { isr, replicas } = partition
  // A broker holds the minimum to at most the number of replicas (measured).
  const needed = Math.min(minimum, replicas.length)
  return isr.length < needed ? `${isr.length} in-sync replicas, it needs ${needed}` : undefined
}

/** `min.insync.replicas` in force, of the topics where it matters: those that lack a replica somewhere. */
async function minimumsInSync(
  cluster: Cluster,
  topics: readonly TopicMetadata[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const lacking = topics.filter(({ partitions }) =>
    partitions.some(({ isr, replicas }) => isr.length < replicas.length),
  )
  if (lacking.length === 0) return new Map()
  const configs = await cluster.describeTopicConfigs(
    lacking.map(({ name }) => name),
    signal,
  )
  return new Map(
    configs.map(({ topic, entries }) => {
      const value = entries.find(({ name }) => name === 'min.insync.replicas')?.value
      return [topic, Number(value ?? 1)] as const
    }),
  )
}
