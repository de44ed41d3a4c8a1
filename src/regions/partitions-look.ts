import type { PartitionMetadata, ProbeChannel, TopicMetadata } from '../kafka/index.ts'
import type { PartitionList, PartitionsFinding } from './sample.ts'

/**
 * All partitions of a region as one broker has them. `min.insync.replicas` is asked for only where a replica is out of
 * sync, which is seldom, so a look at a region that is well is one request.
 */
const MIN_ISR = 'min.insync.replicas'
const TOPICS_PER_REQUEST = 500
/** With more topics than this out of sync, those beyond are not compared with their setting. */
const TOPICS_MAX = 10_000
const EXAMPLES_MAX = 5

export type PartitionCounts = Omit<PartitionsFinding, 'atMs'>

export async function lookAtPartitions(channel: ProbeChannel): Promise<PartitionCounts> {
  const { topics, brokers } = await channel.metadata('all')
  const names = topics.filter((topic) => topic.partitions.some(isOutOfSync)).map(({ name }) => name)
  const minIsr = new Map<string, number>()
  for (let at = 0; at < Math.min(names.length, TOPICS_MAX); at += TOPICS_PER_REQUEST) {
    const described = await channel.topicSettings(names.slice(at, at + TOPICS_PER_REQUEST), [MIN_ISR])
    for (const { topic, entries } of described) {
      const value = Number(entries.find(({ name }) => name === MIN_ISR)?.value)
      if (Number.isInteger(value)) minIsr.set(topic, value)
    }
  }
  const live = new Set(brokers.map(({ nodeId }) => nodeId))
  return countPartitions(topics, minIsr, live)
}

/** Pure. A topic without a known `min.insync.replicas` counts as one with 1. */
export function countPartitions(
  topics: readonly TopicMetadata[],
  minIsr: ReadonlyMap<string, number>,
  liveBrokers: ReadonlySet<number>,
): PartitionCounts {
  const offline = new Lister()
  const underMinIsr = new Lister()
  const underReplicated = new Lister()
  const missing = new Set<number>()
  let partitions = 0
  for (const topic of topics) {
    partitions += topic.partitions.length
    for (const partition of topic.partitions) {
      const name = `${topic.name}-${partition.partition}`
      if (partition.leaderId < 0) offline.add(name)
      if (partition.isr.length < (minIsr.get(topic.name) ?? 1)) underMinIsr.add(name)
      if (isOutOfSync(partition)) underReplicated.add(name)
      for (const replica of partition.replicas) if (!liveBrokers.has(replica)) missing.add(replica)
    }
  }
  return {
    topics: topics.length,
    partitions,
    offline: offline.list,
    underMinIsr: underMinIsr.list,
    underReplicated: underReplicated.list,
    missingBrokers: [...missing].sort((one, other) => one - other),
  }
}

function isOutOfSync({ isr, replicas }: PartitionMetadata): boolean {
  return isr.length < replicas.length
}

class Lister {
  #count = 0
  readonly #examples: string[] = []

  add(name: string): void {
    if (this.#count++ < EXAMPLES_MAX) this.#examples.push(name)
  }

  get list(): PartitionList {
    return { count: this.#count, examples: this.#examples }
  }
}
