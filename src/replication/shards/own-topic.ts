import { type Clock, sleep } from '../../core/index.ts'
import { type Cluster, errorName, isRetriableCode, type NewTopic, type TopicMetadata } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'

const CREATE_DEADLINE_MS = 30_000
const TOPIC_ALREADY_EXISTS = 36

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
