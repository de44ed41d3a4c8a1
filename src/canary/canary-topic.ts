import { type Clock, sleep } from '../core/index.ts'
import { type Cluster, errorName, type NewTopic } from '../kafka/index.ts'
import { canaryFaults } from './faults.ts'

const UNKNOWN_TOPIC_OR_PARTITION = 3
const TOPIC_ALREADY_EXISTS = 36
const LOOK_EVERY_MS = 200

/** Kept for a day, so that what an earlier drill wrote can still be looked at, and no longer. */
export function canaryTopicOf(topic: string, partitions: number, brokers: number): NewTopic {
  const replicationFactor = Math.min(3, brokers)
  return {
    topic,
    partitions,
    replicationFactor,
    configs: {
      'cleanup.policy': 'delete',
      'retention.ms': String(24 * 3_600_000),
      'segment.bytes': String(16 * 1024 * 1024),
      'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
    },
  }
}

/** Makes the topic of a canary stream where the region does not have it. Fault: CANARY_TOPIC_REFUSED. */
export async function makeCanaryTopic(
  cluster: Pick<Cluster, 'name' | 'metadata' | 'createTopics'>,
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
  signal: AbortSignal,
): Promise<void> {
  const { topics, brokers } = await cluster.metadata([topic], signal)
  if (topics.find(({ name }) => name === topic)?.errorCode !== UNKNOWN_TOPIC_OR_PARTITION) return
  const [made] = await cluster.createTopics([canaryTopicOf(topic, partitions, brokers.length)], signal)
  const code = made?.errorCode ?? -1
  if (code === 0 || code === TOPIC_ALREADY_EXISTS) return
  const reason = `${errorName(code)} ${made?.message ?? ''}`.trim()
  throw canaryFaults.fault('CANARY_TOPIC_REFUSED', { region: cluster.name, topic, reason })
}

/** The number of partitions, once each has a leader; waits for as long as the signal lets it. */
export async function untilCanaryTopic(
  cluster: Pick<Cluster, 'metadata'>,
  topic: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<number> {
  for (;;) {
    const found = (await cluster.metadata([topic], signal)).topics.find(({ name }) => name === topic)
    const { partitions = [] } = found ?? {}
    const isReady = found?.errorCode === 0 && partitions.every(({ leaderId }) => leaderId >= 0)
    if (isReady && partitions.length > 0) return partitions.length
    await sleep(clock, LOOK_EVERY_MS, signal)
  }
}
