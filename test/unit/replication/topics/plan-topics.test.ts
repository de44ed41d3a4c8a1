import { describe, expect, it } from 'vitest'
import type { ConfigEntry } from '../../../../src/kafka/index.ts'
import {
  type ObservedTopics,
  planTopics,
  type SourceTopic,
  type TargetTopic,
  type TopicPair,
} from '../../../../src/replication/topics/plan-topics.ts'
import { planStandbyConfigs } from '../../../../src/replication/topics/standby-configs.ts'

const entries = (configs: Readonly<Record<string, string>>): ConfigEntry[] =>
  Object.entries(configs).map(([name, value]) => ({
    name,
    value,
    source: 'topic',
    isReadOnly: false,
    isSensitive: false,
  }))
const facts = { targetReplicationFactor: 3, targetConfigNames: undefined }
const ready = entries(planStandbyConfigs([], facts))

const source = (over: Partial<SourceTopic> = {}): SourceTopic => ({
  topicId: 'source-id',
  partitions: 2,
  configs: [],
  ...over,
})
const target = (over: Partial<TargetTopic> = {}): TargetTopic => ({
  topicId: 'target-id',
  partitions: 2,
  replicationFactor: 3,
  configs: ready,
  standing: 'ours',
  ...over,
})
const pair = (over: Partial<TopicPair> = {}): TopicPair => ({
  topic: 'orders',
  targetTopic: 'orders',
  source: source(),
  target: target(),
  before: undefined,
  ...over,
})
const plan = (pairs: TopicPair[], over: Partial<ObservedTopics> = {}) =>
  planTopics({
    pairs,
    replicationFactor: -1,
    targetConfigNames: undefined,
    baseline: undefined,
    sourcePartitions: new Map(),
    ...over,
  })
const codes = (planned: ReturnType<typeof plan>) => planned.refusals.map(({ fault }) => fault.code)

describe('planTopics', () => {
  it('does nothing for topics in step and lists a flow a partition', () => {
    const planned = plan([pair()])
    expect(planned).toMatchObject({ creates: [], grows: [], configures: [], refusals: [], reason: '1 topics in step' })
    expect(planned.flows).toEqual([
      {
        topic: 'orders',
        targetTopic: 'orders',
        partition: 0,
        sourceTopicId: 'source-id',
        targetTopicId: 'target-id',
        compactOnly: false,
        isNewTopic: false,
      },
      expect.objectContaining({ partition: 1 }),
    ])
  })

  it('lists the very flows of the pass before where nothing has changed', () => {
    const { flows, wanted } = plan([pair()])
    const before = { flows, wanted: wanted.get('orders') ?? {} }
    const again = plan([pair({ before })]).flows
    expect(again.map((flow, index) => flow === flows[index])).toEqual([true, true])
    const others = [
      pair({ before, source: source({ topicId: 'other' }) }),
      pair({ before, target: target({ topicId: 'other' }) }),
      pair({ before, source: source({ configs: entries({ 'cleanup.policy': 'compact' }) }) }),
      pair({ before, source: source({ partitions: 3 }), target: target({ partitions: 3 }) }),
    ]
    for (const other of others) expect(plan([other]).flows[0]).not.toBe(flows[0])
  })

  it('creates a missing topic with the partitions of the source and standby configs, and lists no flow yet', () => {
    const planned = plan([pair({ target: undefined })], { replicationFactor: 2 })
    expect(planned.creates).toMatchObject([
      {
        targetTopic: 'orders',
        partitions: 2,
        replicationFactor: 2,
        configs: { 'retention.ms': '-1', 'min.insync.replicas': '1' },
      },
    ])
    expect(planned.flows).toEqual([])
    expect(planned.reason).toBe('1 topics: 1 to create')
  })

  it('grows a target with fewer partitions and keeps the flows it has', () => {
    const planned = plan([pair({ source: source({ partitions: 4 }) })])
    expect(planned.grows).toEqual([{ topic: 'orders', targetTopic: 'orders', from: 2, to: 4 }])
    expect(planned.flows).toHaveLength(2)
  })

  it('refuses a target with more partitions', () => {
    const planned = plan([pair({ target: target({ partitions: 3 }) })])
    expect(codes(planned)).toEqual(['TOPIC_TARGET_WIDER'])
    expect(planned.refusals[0]?.fault.message).toContain('has 3 partitions, the source 2')
    expect(planned.flows).toEqual([])
  })

  it('refuses topics that would become one, and only those', () => {
    const planned = plan([
      pair({ topic: 'a', targetTopic: 'copy' }),
      pair({ topic: 'b', targetTopic: 'copy' }),
      pair({ topic: 'c', targetTopic: 'c' }),
    ])
    expect(codes(planned)).toEqual(['TOPIC_NAME_CLASH', 'TOPIC_NAME_CLASH'])
    expect(planned.refusals[0]?.fault.message).toContain('b would be copied to the same target topic copy')
    expect(new Set(planned.flows.map(({ topic }) => topic))).toEqual(new Set(['c']))
  })

  it('refuses a name that the target cannot have, and a source topic without an id', () => {
    const zero = '00000000-0000-0000-0000-000000000000'
    expect(codes(plan([pair({ targetTopic: 'x'.repeat(250) })]))).toEqual(['TOPIC_NAME_INVALID'])
    expect(codes(plan([pair({ source: source({ topicId: zero }) })]))).toEqual(['TOPIC_WITHOUT_ID'])
  })

  it('starts no flow before the essential configs are in force, but does not stop one either', () => {
    const changed = { target: target({ configs: ready.filter(({ name }) => name !== 'retention.ms') }) }
    const first = plan([pair(changed)])
    expect(first.configures).toEqual([{ topic: 'orders', targetTopic: 'orders', changes: { 'retention.ms': '-1' } }])
    expect(first.flows).toEqual([])
    const { flows, wanted } = plan([pair()])
    const later = plan([pair({ ...changed, before: { flows, wanted: wanted.get('orders') ?? {} } })])
    expect(later.flows).toEqual(flows)
  })

  it('starts flows while other configs are still to be changed', () => {
    const configs = ready.filter(({ name }) => name !== 'min.insync.replicas')
    const planned = plan([pair({ target: target({ configs }) })])
    expect(planned.configures[0]?.changes).toEqual({ 'min.insync.replicas': '2' })
    expect(planned.flows).toHaveLength(2)
  })

  it('does not touch a target topic that holds records of unknown origin, and leaves it to the flows to refuse it', () => {
    const planned = plan([pair({ target: target({ standing: 'foreign', configs: [], partitions: 1 }) })])
    expect(planned).toMatchObject({ creates: [], grows: [], configures: [], refusals: [] })
    expect(planned.flows).toHaveLength(1)
  })

  it.each([
    ['source', { source: { unreadable: 'Kafka error 29' } }],
    ['target', { target: { unreadable: 'Kafka error 29' } }],
  ])('keeps the flows of a topic that the %s does not tell about for now', (region, unreadable) => {
    const { flows } = plan([pair()])
    const planned = plan([
      pair({ ...unreadable, before: { flows, wanted: {} } }),
      pair({ topic: 'b', targetTopic: 'b' }),
    ])
    expect(codes(planned)).toEqual(['TOPIC_UNREADABLE'])
    expect(planned.refusals[0]?.fault.message).toContain(`in region ${region}: Kafka error 29`)
    expect(planned.flows.filter(({ topic }) => topic === 'orders')).toEqual(flows)
    expect(planned.flows.filter(({ topic }) => topic === 'b')).toHaveLength(2)
    expect(plan([pair(unreadable)]).flows).toEqual([])
  })

  it('follows a removed override of the source only where it put it there', () => {
    const before = { flows: [], wanted: { 'segment.ms': '5' } }
    const withOverride = target({ configs: [...ready, ...entries({ 'segment.ms': '5', 'flush.ms': '9' })] })
    const planned = plan([pair({ target: withOverride, before })])
    expect(planned.configures[0]?.changes).toEqual({ 'segment.ms': null })
  })

  it('calls partitions new that the first pass had not seen', () => {
    const observe = (topicId: string) =>
      plan([pair({ source: source({ topicId }) })], { baseline: new Map([['source-id', 1]]) }).flows.map(
        ({ isNewTopic }) => isNewTopic,
      )
    expect(observe('source-id')).toEqual([false, true])
    expect(observe('recreated-id')).toEqual([true, true])
  })

  it('does not count a refused topic as there from the first: it is copied from its beginning once it can be', () => {
    const wide = target({ partitions: 3 })
    const sourcePartitions = new Map([['source-id', 2]])
    expect(plan([pair({ target: wide })], { sourcePartitions }).sourcePartitions).toEqual(new Map())
    expect(plan([pair()], { sourcePartitions }).sourcePartitions).toEqual(sourcePartitions)
    expect(plan([pair({ target: undefined })], { sourcePartitions }).sourcePartitions).toEqual(sourcePartitions)
  })

  it('says of a compacted topic that it refuses DeleteRecords', () => {
    const configs = entries({ 'cleanup.policy': 'compact' })
    const wanted = entries(planStandbyConfigs(configs, facts))
    const planned = plan([pair({ source: source({ configs }), target: target({ configs: wanted }) })])
    expect(planned.flows.every(({ compactOnly }) => compactOnly)).toBe(true)
  })
})
