import { type Clock, sleep } from '../../core/index.ts'
import { type Cluster, errorName, isRetriableCode, type NewTopic, type TopicMetadata } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'

/** Which links into the region are paused. */
export const LINKS_TOPIC = '__isthmus.links'

const CREATE_DEADLINE_MS = 30_000
const TOPIC_ALREADY_EXISTS = 36

/** Leaves room below the 100 MiB that a broker takes in one request. */
const KEPT_BATCH_BYTES = 64 * 1024 * 1024

/** For records that may be nowhere else: they stay until somebody deletes the topic. */
export const KEPT_FOR_EVER: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'max.message.bytes': String(KEPT_BATCH_BYTES),
  'segment.bytes': String(4 * KEPT_BATCH_BYTES),
}

/** A topic of Isthmus: replicated as the region's others, and nothing that was acknowledged is lost to one broker. */
export function ownTopic({
  topic,
  partitions,
  brokers,
  configs,
}: Pick<NewTopic, 'topic' | 'partitions' | 'configs'> & { readonly brokers: number }): NewTopic {
  return {
    topic,
    partitions,
    replicationFactor: -1,
    configs: {
      'min.insync.replicas': brokers >= 3 ? '2' : '1',
      'unclean.leader.election.enable': 'false',
      'compression.type': 'producer',
      'message.timestamp.type': 'CreateTime',
      ...configs,
    },
  }
}

/** Finds a topic of Isthmus on a target, or creates it, and waits until it has its leaders. Faults: TARGET_NOT_READY. */
export async function ensureOwnTopic(
  cluster: Cluster,
  { make, clock }: { readonly make: (brokers: number) => NewTopic; readonly clock: Clock },
  signal: AbortSignal,
): Promise<TopicMetadata> {
  const { topic: name } = make(1)
  const startedMs = clock.monotonicMs()
  let reason = 'no answer yet'
  while (clock.monotonicMs() - startedMs < CREATE_DEADLINE_MS) {
    const metadata = await cluster.metadata([name], signal)
    const topic = metadata.topics.find((candidate) => candidate.name === name)
    if (topic !== undefined && topic.errorCode === 0 && topic.partitions.every((one) => one.leaderId >= 0)) return topic
    if (topic === undefined || topic.errorCode === 3) {
      const outcome = (await cluster.createTopics([make(metadata.brokers.length)], signal))[0]
      if (outcome !== undefined && outcome.errorCode !== 0 && outcome.errorCode !== TOPIC_ALREADY_EXISTS) {
        reason = `${errorName(outcome.errorCode)} ${outcome.message ?? ''}`
        if (!isRetriableCode(outcome.errorCode)) break
      }
    } else {
      reason = topic.errorCode === 0 ? 'a partition has no leader' : errorName(topic.errorCode)
    }
    await sleep(clock, 200, signal)
  }
  throw replicationFaults.fault('TARGET_NOT_READY', { what: `topic ${name}`, target: cluster.name, reason })
}
