import type { Cluster, ConfigEntry, NewTopic } from '../../../../src/kafka/index.ts'
import { planStandbyConfigs } from '../../../../src/replication/topics/standby-configs.ts'

interface HeldTopic {
  topicId: string
  partitions: number
  configs: Record<string, string>
  end: number
}

const DEFAULTS: Record<string, string> = { 'cleanup.policy': 'delete', 'max.message.bytes': '1048588' }
export const STANDBY_CONFIGS = planStandbyConfigs([], { targetReplicationFactor: 3, targetConfigNames: undefined })
/** A broker lists every config it knows, set or not. */
const CONFIG_NAMES = [
  'cleanup.policy',
  'compression.type',
  'flush.ms',
  'max.message.bytes',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'min.insync.replicas',
  'retention.bytes',
  'retention.ms',
  'segment.ms',
  'unclean.leader.election.enable',
]

/** The topics of one region in memory, as far as the topic sync asks for them. */
export class TopicsInMemory {
  readonly topics = new Map<string, HeldTopic>()
  readonly refuseCreate = new Set<string>()
  readonly refuseAlter = new Set<string>()
  /** Topics that exist and may not be described. */
  readonly hidden = new Set<string>()
  readonly name: string
  clusterId: string
  #ids = 0

  constructor(name: string) {
    this.name = name
    this.clusterId = `cluster of ${name}`
  }

  add(name: string, { partitions = 1, configs = {}, end = 0 }: Partial<HeldTopic> = {}): HeldTopic {
    const topic = { topicId: `${this.name}-${++this.#ids}`, partitions, configs: { ...configs }, end }
    this.topics.set(name, topic)
    return topic
  }

  async metadata(topics: 'all' | readonly string[]) {
    const names = topics === 'all' ? [...this.topics.keys()].filter((name) => !this.hidden.has(name)) : topics
    return {
      clusterId: this.clusterId,
      topics: names.map((name) => {
        const topic = this.topics.get(name)
        const partitions = Array.from({ length: topic?.partitions ?? 0 }, (_none, partition) => ({
          partition,
          errorCode: 0,
          leaderId: 1,
          leaderEpoch: 0,
          replicas: [1, 2, 3],
          isr: [1, 2, 3],
        }))
        const errorCode = this.hidden.has(name) ? 29 : topic === undefined ? 3 : 0
        return { name, topicId: topic?.topicId ?? '', isInternal: name.startsWith('__consumer'), errorCode, partitions }
      }),
    }
  }

  async describeTopicConfigs(topics: readonly string[]) {
    return topics.map((topic) => {
      const own = this.topics.get(topic)?.configs ?? {}
      const entries = CONFIG_NAMES.map((name): ConfigEntry => {
        const value = own[name]
        const rest = { isReadOnly: false, isSensitive: false }
        return {
          name,
          value: value ?? DEFAULTS[name] ?? '0',
          source: value === undefined ? 'default' : 'topic',
          ...rest,
        }
      })
      return { topic, errorCode: 0, entries }
    })
  }

  async listOffsets({ partitions }: { partitions: readonly { topic: string; partition: number }[] }) {
    return partitions.map((one) => ({
      ...one,
      errorCode: 0,
      offset: this.topics.get(one.topic)?.end ?? -1,
      timestamp: -1,
      leaderEpoch: 0,
    }))
  }

  async createTopics(topics: readonly NewTopic[]) {
    return topics.map(({ topic, partitions, configs }) => {
      if (this.refuseCreate.has(topic)) return { topic, errorCode: 29, message: 'not allowed' }
      this.add(topic, { partitions, configs })
      return { topic, errorCode: 0, message: null }
    })
  }

  async deleteTopics(topics: readonly string[]) {
    return topics.map((topic) => {
      if (this.refuseAlter.has(topic)) return { topic, errorCode: 29, message: 'not allowed' }
      this.topics.delete(topic)
      return { topic, errorCode: 0, message: null }
    })
  }

  async createPartitions(topic: string, count: number) {
    const held = this.topics.get(topic)
    if (held !== undefined) held.partitions = count
  }

  async alterTopicConfigs(topic: string, changes: Record<string, string | null>) {
    if (this.refuseAlter.has(topic)) throw new Error('not allowed')
    const held = this.topics.get(topic)
    for (const [name, value] of Object.entries(changes)) {
      if (held !== undefined && value === null) delete held.configs[name]
      else if (held !== undefined && value !== null) held.configs[name] = value
    }
  }

  get cluster(): Cluster {
    return this as unknown as Cluster
  }
}
