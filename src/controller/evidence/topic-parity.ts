import type { ClusterMetadata, TopicConfigs, TopicMetadata } from '../../kafka/index.ts'

/** Pure: what two regions have to have in common for the topics of a group. */

const MIN_ISR = 'min.insync.replicas'

export function selectTopics({ topics }: ClusterMetadata, isSelected: (topic: string) => boolean): TopicMetadata[] {
  return topics.filter(({ name, errorCode, isInternal }) => errorCode === 0 && !isInternal && isSelected(name))
}

/** Of the group's topics, and of those that clients and Isthmus cannot do without. */
export function findUnderReplicated({ topics }: ClusterMetadata, isSelected: (topic: string) => boolean): string[] {
  return topics
    .filter(({ name, isInternal }) => isInternal || name.startsWith('__') || isSelected(name))
    .flatMap(({ name, partitions }) => {
      return partitions
        .filter(({ isr, replicas, leaderId }) => leaderId < 0 || isr.length < replicas.length)
        .map(({ partition }) => `${name}-${partition}`)
    })
}

export function findUnequalCounts(source: readonly TopicMetadata[], target: readonly TopicMetadata[]): string[] {
  const counts = new Map(target.map(({ name, partitions }) => [name, partitions.length]))
  return source.flatMap(({ name, partitions }) => {
    const there = counts.get(name) ?? 0
    return there === partitions.length ? [] : [`${name} (${partitions.length} and ${there})`]
  })
}

/** Topics whose own setting asks for more replicas than the target has. */
export function findMinIsrTooHigh(source: readonly TopicConfigs[], target: readonly TopicMetadata[]): string[] {
  const replicas = new Map(target.map(({ name, partitions }) => [name, partitions[0]?.replicas.length ?? 0]))
  return source.flatMap(({ topic, entries }) => {
    const own = entries.find(({ name, source: from }) => name === MIN_ISR && from === 'topic')
    const has = replicas.get(topic)
    if (own?.value == null || has === undefined || Number(own.value) <= has) return []
    return [`${topic} (${own.value} of ${has})`]
  })
}
