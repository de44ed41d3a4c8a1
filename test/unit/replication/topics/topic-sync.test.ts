import { beforeEach, describe, expect, it } from 'vitest'
import { createEvents, linkName, systemClock } from '../../../../src/core/index.ts'
import type { Cluster, ConfigEntry, NewTopic } from '../../../../src/kafka/index.ts'
import type { ReplicationEvents } from '../../../../src/replication/events.ts'
import type { FlowSpec } from '../../../../src/replication/topics/plan-topics.ts'
import { TopicSync, type TopicSyncOptions } from '../../../../src/replication/topics/topic-sync.ts'

interface HeldTopic {
  topicId: string
  partitions: number
  configs: Record<string, string>
  end: number
}

const DEFAULTS: Record<string, string> = { 'cleanup.policy': 'delete', 'max.message.bytes': '1048588' }
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
class TopicsInMemory {
  readonly topics = new Map<string, HeldTopic>()
  readonly refuseCreate = new Set<string>()
  readonly refuseAlter = new Set<string>()
  readonly name: string
  #ids = 0

  constructor(name: string) {
    this.name = name
  }

  add(name: string, { partitions = 1, configs = {}, end = 0 }: Partial<HeldTopic> = {}): HeldTopic {
    const topic = { topicId: `${this.name}-${++this.#ids}`, partitions, configs: { ...configs }, end }
    this.topics.set(name, topic)
    return topic
  }

  async metadata(topics: 'all' | readonly string[]) {
    const names = topics === 'all' ? [...this.topics.keys()] : topics
    return {
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
        const errorCode = topic === undefined ? 3 : 0
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

const signal = new AbortController().signal
let source: TopicsInMemory
let target: TopicsInMemory
let flows: readonly FlowSpec[]
let told: string[]
let copies: Set<string>

beforeEach(() => {
  source = new TopicsInMemory('eu')
  target = new TopicsInMemory('us')
  flows = []
  told = []
  copies = new Set()
})

function createSync(options: Partial<TopicSyncOptions> = {}): TopicSync {
  const events = createEvents<ReplicationEvents>()
  events.onAny((name, event) => {
    const { topic, targetTopic, code } = event as { topic?: string; targetTopic?: string; code?: string }
    told.push([name, topic ?? targetTopic, code].filter((part) => part !== undefined).join(' '))
  })
  return new TopicSync({
    link: linkName('eu-to-us'),
    source: source.cluster,
    target: target.cluster,
    selection: { include: ['*'], exclude: [] },
    clock: systemClock,
    events,
    isCopy: async (topicId) => copies.has(topicId),
    onFlows: (listed) => {
      flows = listed
    },
    ...options,
  })
}

/** Passes until nothing is left to change. */
async function settle(sync: TopicSync): Promise<void> {
  for (let pass = 0; pass < 10; pass++) {
    const { kind } = await sync.act(sync.decide(await sync.observe(signal)), signal)
    if (kind === 'done') return
  }
  throw new Error('the topics do not settle')
}

const listed = () => flows.map(({ targetTopic, partition }) => `${targetTopic}-${partition}`)

describe('TopicSync', () => {
  it('creates the selected topics, then lists their flows, then rests', async () => {
    source.add('orders', { partitions: 2, configs: { 'segment.ms': '5', 'retention.ms': '1000' } })
    source.add('__consumer_offsets')
    const sync = createSync()
    await settle(sync)
    expect([...target.topics.keys()]).toEqual(['orders'])
    expect(target.topics.get('orders')?.configs).toMatchObject({
      'retention.ms': '-1',
      'segment.ms': '5',
      'min.insync.replicas': '2',
    })
    expect(listed()).toEqual(['orders-0', 'orders-1'])
    expect(told).toEqual(['topic:created orders', 'topic:configured orders'])
  })

  it('names the copies by the pattern of the link', async () => {
    source.add('orders')
    await settle(createSync({ rename: '{source}.{topic}' }))
    expect(listed()).toEqual(['eu.orders-0'])
    expect(flows[0]?.topic).toBe('orders')
  })

  it('tells once of a topic that may not be created, tries on, and lets the others go on', async () => {
    source.add('secret')
    source.add('orders')
    target.refuseCreate.add('secret')
    const sync = createSync()
    await settle(sync)
    await settle(sync)
    expect(listed()).toEqual(['orders-0'])
    expect(told.filter((line) => line.startsWith('topic:refused'))).toEqual([
      'topic:refused secret TOPIC_CREATE_REFUSED',
    ])
    target.refuseCreate.clear()
    await settle(sync)
    expect(listed()).toEqual(['secret-0', 'orders-0'])
  })

  it('follows growth and configs, and calls the added partition new', async () => {
    const held = source.add('orders', { configs: { 'segment.ms': '5' } })
    const sync = createSync()
    await settle(sync)
    held.partitions = 2
    held.configs = { 'flush.ms': '7' }
    await settle(sync)
    expect(target.topics.get('orders')?.partitions).toBe(2)
    expect(target.topics.get('orders')?.configs).toMatchObject({ 'flush.ms': '7' })
    expect(target.topics.get('orders')?.configs).not.toHaveProperty(['segment.ms'])
    expect(flows.map(({ isNewTopic }) => isNewTopic)).toEqual([false, true])
  })

  it('keeps the copy of a deleted topic, and reports a recreated one with its new id', async () => {
    const held = source.add('orders')
    const sync = createSync()
    await settle(sync)
    source.topics.delete('orders')
    await settle(sync)
    expect(flows).toEqual([])
    expect(target.topics.has('orders')).toBe(true)
    const recreated = source.add('orders')
    await settle(sync)
    expect(recreated.topicId).not.toBe(held.topicId)
    expect(flows).toMatchObject([{ sourceTopicId: recreated.topicId, isNewTopic: true }])
  })

  it('does not alter a target topic that holds records unless the offset map knows it', async () => {
    source.add('orders', { partitions: 2 })
    const held = target.add('orders', { end: 7, configs: { 'retention.ms': '1000' } })
    const sync = createSync()
    await settle(sync)
    expect(held).toMatchObject({ partitions: 1, configs: { 'retention.ms': '1000' } })
    copies.add(held.topicId)
    await settle(sync)
    expect(held).toMatchObject({ partitions: 2, configs: { 'retention.ms': '-1' } })
  })

  it('prepares an empty target topic before it lists its flows', async () => {
    source.add('orders')
    target.add('orders', { configs: { 'retention.ms': '1000' } })
    const sync = createSync()
    await sync.act(sync.decide(await sync.observe(signal)), signal)
    expect(flows).toEqual([])
    await settle(sync)
    expect(listed()).toEqual(['orders-0'])
  })

  it('does not start a flow on a target topic that it may not prepare', async () => {
    source.add('orders')
    target.add('orders', { configs: { 'retention.ms': '1000' } })
    target.refuseAlter.add('orders')
    await settle(createSync())
    expect(flows).toEqual([])
    expect(told).toEqual(['topic:refused orders TOPIC_CONFIG_REFUSED'])
  })

  it('refuses a selection that is no pattern before anything starts', () => {
    expect(() => createSync({ selection: { include: ['a b'], exclude: [] } })).toThrow(
      expect.objectContaining({ code: 'SELECTION_INVALID' }),
    )
  })
})
