import type { Cluster } from '../../kafka/index.ts'

const TOPICS_PER_CALL = 200

/** Those of the topics that are compacted now. One whose configs cannot be told is not: then every record counts. */
export async function findCompacted(
  cluster: Pick<Cluster, 'describeTopicConfigs'>,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const compacted = new Set<string>()
  for (let at = 0; at < topics.length; at += TOPICS_PER_CALL) {
    const described = await cluster.describeTopicConfigs(topics.slice(at, at + TOPICS_PER_CALL), signal)
    for (const { topic, errorCode, entries } of described) {
      const policy = entries.find(({ name }) => name === 'cleanup.policy')?.value ?? ''
      if (errorCode === 0 && policy.includes('compact')) compacted.add(topic)
    }
  }
  return compacted
}
