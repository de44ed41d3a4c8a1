import type { Admin, ITopicConfig, Kafka } from 'kafkajs'
import { describeError, isFault, sleep, systemClock } from '../../core/index.ts'
import { workloadFaults } from './faults.ts'

/** Names of the topics of the workload, by their part in it. */
export const TOPICS = {
  readings: 'sensors.readings',
  weather: 'weather.observations',
  aggregates: 'sensors.aggregates',
  alerts: 'sensors.alerts',
  deadLetter: 'sensors.dead-letter',
  changelog: 'sensors.analytics-changelog',
} as const

/** Names of the consumer groups of the workload. */
export const GROUPS = { analytics: 'sensor-analytics', weatherWatch: 'weather-watch' } as const

export interface WorkloadTopic {
  readonly topic: string
  readonly partitions: number
  readonly configs: Readonly<Record<string, string>>
}

const DAY_MS = 86_400_000
const LED_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 100

/**
 * Every topic with its partitions and configs. The changelog has as many partitions as the readings: the state built
 * from partition `n` of the readings is kept in partition `n` of the changelog.
 */
export const WORKLOAD_TOPICS: readonly WorkloadTopic[] = [
  { topic: TOPICS.readings, partitions: 8, configs: { 'retention.ms': String(7 * DAY_MS) } },
  { topic: TOPICS.weather, partitions: 4, configs: { 'retention.ms': String(7 * DAY_MS) } },
  {
    topic: TOPICS.aggregates,
    partitions: 4,
    configs: { 'cleanup.policy': 'compact,delete', 'retention.ms': String(30 * DAY_MS) },
  },
  { topic: TOPICS.alerts, partitions: 2, configs: { 'retention.ms': String(30 * DAY_MS) } },
  { topic: TOPICS.deadLetter, partitions: 1, configs: { 'retention.ms': String(30 * DAY_MS) } },
  {
    topic: TOPICS.changelog,
    partitions: 8,
    configs: { 'cleanup.policy': 'compact', 'segment.ms': '600000', 'min.cleanable.dirty.ratio': '0.3' },
  },
]

export interface CreateTopicsOptions {
  /** -1 takes the default of the brokers. @defaultValue -1 */
  readonly replicationFactor?: number
}

/**
 * Creates the topics that do not exist yet; those that exist are left as they are. With three replicas or more the
 * topics get `min.insync.replicas=2`, because a value in a broker's file may not be in force.
 *
 * @throws `WORKLOAD_UNREACHABLE`, `WORKLOAD_TOPICS_REFUSED`
 */
export async function createWorkloadTopics(
  kafka: Kafka,
  options: CreateTopicsOptions = {},
  signal?: AbortSignal,
): Promise<void> {
  const replicationFactor = options.replicationFactor ?? -1
  const admin = kafka.admin()
  try {
    const existing = await listTopics(admin)
    signal?.throwIfAborted()
    const topics = WORKLOAD_TOPICS.filter((topic) => !existing.has(topic.topic)).map((topic) =>
      toTopicConfig(topic, replicationFactor),
    )
    if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: false })
    await untilLed(admin, signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (isFault(error)) throw error
    throw workloadFaults.fault('WORKLOAD_TOPICS_REFUSED', { problem: describeError(error) }, error)
  } finally {
    await admin.disconnect()
  }
}

/** kafkajs's own wait gives up where a broker has not yet heard of a topic that another one has just created. */
async function untilLed(admin: Admin, signal = new AbortController().signal): Promise<void> {
  const topics = WORKLOAD_TOPICS.map(({ topic }) => topic)
  const startedMs = systemClock.monotonicMs()
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics })
      return
    } catch (error) {
      if (systemClock.monotonicMs() - startedMs > LED_WITHIN_MS) throw error
    }
    await sleep(systemClock, LOOK_EVERY_MS, signal)
  }
}

async function listTopics(admin: Admin): Promise<Set<string>> {
  try {
    await admin.connect()
    return new Set(await admin.listTopics())
  } catch (error) {
    const facts = { part: 'the set-up of the workload', problem: describeError(error) }
    throw workloadFaults.fault('WORKLOAD_UNREACHABLE', facts, error)
  }
}

function toTopicConfig({ topic, partitions, configs }: WorkloadTopic, replicationFactor: number): ITopicConfig {
  const all = replicationFactor >= 3 ? { ...configs, 'min.insync.replicas': '2' } : configs
  const configEntries = Object.entries(all).map(([name, value]) => ({ name, value }))
  return { topic, numPartitions: partitions, replicationFactor, configEntries }
}
