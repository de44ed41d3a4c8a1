import { beforeEach, describe, expect, it } from 'vitest'
import { createEvents, linkName, regionName, systemClock } from '../../../../src/core/index.ts'
import type { CopiedFlow } from '../../../../src/replication/offset-map/index.ts'
import type { ReplicationEvents } from '../../../../src/replication/events.ts'
import { Lineage, type OriginLedger } from '../../../../src/replication/topics/lineage.ts'
import type { FlowSpec } from '../../../../src/replication/topics/plan-topics.ts'
import { ManualClock } from '../flows/flow-fixtures.ts'
import { STANDBY_CONFIGS, TopicsInMemory } from './topics-in-memory.ts'
import { TopicSync, type TopicSyncOptions } from '../../../../src/replication/topics/topic-sync.ts'

const signal = new AbortController().signal
let source: TopicsInMemory
let target: TopicsInMemory
let flows: readonly FlowSpec[]
let told: string[]
let copies: Set<string>
/** What the map of the source says, by topic id. */
let origins: Map<string, CopiedFlow>
let clock: ManualClock

beforeEach(() => {
  source = new TopicsInMemory('eu')
  target = new TopicsInMemory('us')
  flows = []
  told = []
  copies = new Set()
  origins = new Map()
  clock = new ManualClock()
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
    lineage: lineageOf(origins),
    onFlows: (listed) => {
      flows = listed
    },
    ...options,
  })
}

function lineageOf(known: ReadonlyMap<string, CopiedFlow>): Lineage {
  const ledger: OriginLedger = {
    clusterId: 'cluster of eu',
    refresh: async () => undefined,
    originOf: (topicId) => known.get(topicId),
    isKnown: (topicId) => known.has(topicId),
  }
  const [from, to] = [regionName('eu'), regionName('us')]
  const onUnreadable = () => undefined
  return new Lineage({ source: from, target: to, ledgers: new Map([[from, ledger]]), clock, onUnreadable })
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

  it('creates nothing before what it has to wait for is there', async () => {
    source.add('orders')
    let why: string | undefined = 'the standby is not fenced for orders'
    const asked: string[] = []
    const creationGate = async (topics: readonly string[]) => {
      asked.push(...topics)
      return await Promise.resolve(why)
    }
    const sync = createSync({ rename: '{source}.{topic}', creationGate })
    await settle(sync)
    expect([...target.topics.keys()]).toEqual([])
    expect(told).toEqual(['topic:refused orders TOPIC_CREATE_HELD'])
    expect(new Set(asked)).toEqual(new Set(['eu.orders']))
    why = undefined
    await settle(sync)
    expect(listed()).toEqual(['eu.orders-0'])
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

  it('leaves a topic alone that is a copy from the target, and one that may become one', async () => {
    const copy = source.add('orders', { end: 5 })
    const standby = { ...STANDBY_CONFIGS }
    const young = source.add('young', { configs: standby })
    const known = (topicId: string, clusterId: string): CopiedFlow => ({
      key: { source: 'us', topic: 'orders', targetTopic: 'orders', partition: 0 },
      sourceClusterId: clusterId,
      sourceTopicId: 'us-9',
      targetTopicId: topicId,
    })
    origins.set(copy.topicId, known(copy.topicId, 'cluster of us'))
    const sync = createSync()
    await settle(sync)
    expect(listed()).toEqual([])
    expect(sync.refusals[0]?.fault.message).toContain('a copy of us/orders, which is on us')
    expect(told).toEqual(['topic:refused orders TOPIC_WOULD_CYCLE'])

    origins.set(young.topicId, known(young.topicId, 'cluster of elsewhere'))
    await settle(sync)
    expect(listed()).toEqual(['young-0'])
  })

  it('takes a topic that looks like a copy for one of its own after half a minute', async () => {
    source.add('young', { configs: { ...STANDBY_CONFIGS } })
    const sync = createSync()
    await settle(sync)
    expect(listed()).toEqual([])
    await clock.pass(31_000)
    await settle(sync)
    expect(listed()).toEqual(['young-0'])
  })
})

describe('TopicSync that follows deletions', () => {
  const forgotten: string[] = []
  const following = (over: Partial<TopicSyncOptions> = {}): TopicSync =>
    createSync({
      clock,
      deletions: { follow: true, graceMs: 60_000 },
      copies: () =>
        ['orders', 'bills'].map((name) => ({
          key: { source: 'eu', topic: name, targetTopic: name, partition: 0 },
          sourceClusterId: 'cluster of eu',
          sourceTopicId: 'eu-1',
          targetTopicId: target.topics.get(name)?.topicId ?? 'gone',
        })),
      forget: async (flows) => void forgotten.push(...flows.map(({ key }) => key.targetTopic)),
      ...over,
    })

  beforeEach(() => {
    forgotten.length = 0
    for (const name of ['orders', 'bills']) {
      source.add(name)
      target.add(name, { end: 3 })
      copies.add(target.topics.get(name)?.topicId ?? '')
    }
  })

  it('deletes a copy when its source topic has been gone for the grace, and forgets its map', async () => {
    const sync = following()
    await settle(sync)
    source.topics.delete('orders')
    await settle(sync)
    expect(sync.pendingDeletions).toMatchObject([{ targetTopic: 'orders', leftMs: 60_000 }])
    await clock.pass(59_000)
    await settle(sync)
    expect(sync.pendingDeletions).toMatchObject([{ leftMs: 1_000 }])
    expect(target.topics.has('orders')).toBe(true)
    await clock.pass(1_000)
    await settle(sync)
    expect([...target.topics.keys()]).toEqual(['bills'])
    expect(forgotten).toEqual(['orders'])
    expect(sync.pendingDeletions).toEqual([])
    expect(told.filter((line) => line.includes('delet'))).toEqual([
      'topic:deletion-pending orders',
      'topic:deleted orders',
    ])
  })

  it('does not delete the copy of a topic that was made again', async () => {
    const sync = following()
    source.topics.delete('orders')
    await settle(sync)
    source.add('orders')
    await clock.pass(61_000)
    await settle(sync)
    source.topics.delete('orders')
    await settle(sync)
    expect(target.topics.has('orders')).toBe(true)
    expect(sync.pendingDeletions).toMatchObject([{ targetTopic: 'orders', leftMs: 60_000 }])
    expect(told).toContain('topic:deletion-cancelled orders')
  })

  it.each([
    ['a source without any topic', () => source.topics.clear()],
    ['a topic that may no longer be described', () => (source.hidden.add('orders'), undefined)],
    ['a source that is another cluster now', () => ((source.clusterId = 'another'), source.topics.delete('orders'))],
    ['a copy that was made again', () => (source.topics.delete('orders'), target.add('orders'))],
  ])('does not take %s for a deletion', async (_, change) => {
    const stale = target.topics.get('orders')?.topicId ?? ''
    const copy = { key: { source: 'eu', topic: 'orders', targetTopic: 'orders', partition: 0 }, sourceTopicId: 'eu-1' }
    const sync = following({
      copies: () => [{ ...copy, sourceClusterId: 'cluster of eu', targetTopicId: stale }],
    })
    await settle(sync)
    change()
    await settle(sync)
    await clock.pass(61_000)
    await settle(sync)
    expect(target.topics.has('orders')).toBe(true)
    expect(sync.pendingDeletions).toEqual([])
  })

  it('tells that it may not delete, and tries on', async () => {
    const sync = following()
    target.refuseAlter.add('orders')
    source.topics.delete('orders')
    await settle(sync)
    await clock.pass(61_000)
    await settle(sync)
    expect(told).toContain('topic:refused orders TOPIC_DELETE_REFUSED')
    target.refuseAlter.clear()
    await settle(sync)
    expect(target.topics.has('orders')).toBe(false)
  })
})
