import { describe, expect, it } from 'vitest'
import type { ConfigEntry } from '../../../../src/kafka/index.ts'
import type { CopiedFlow } from '../../../../src/replication/offset-map/index.ts'
import { planRemoval, type RemovalSight } from '../../../../src/replication/removal/plan-removal.ts'
import { planStandbyConfigs } from '../../../../src/replication/topics/standby-configs.ts'

const entries = (configs: Readonly<Record<string, string>>): ConfigEntry[] =>
  Object.entries(configs).map(([name, value]) => {
    return { name, value, source: 'topic', isReadOnly: false, isSensitive: false }
  })
const own = entries({
  'retention.ms': '1000',
  'segment.ms': '5',
  'min.insync.replicas': '3',
  'cleanup.policy': 'compact',
})
const standby = entries(planStandbyConfigs(own, { targetReplicationFactor: 2, targetConfigNames: undefined }))
const flow = (targetTopic: string, over: Partial<CopiedFlow> = {}): CopiedFlow => ({
  key: { source: 'eu', topic: targetTopic, targetTopic, partition: 0 },
  sourceClusterId: 'eu',
  sourceTopicId: 'source',
  targetTopicId: `id of ${targetTopic}`,
  ...over,
})
const target = (name: string) => [name, { topicId: `id of ${name}`, replicationFactor: 2, configs: standby }] as const
const sight = (over: Partial<RemovalSight> = {}): RemovalSight => ({
  link: 'eu-to-us',
  deleteTopics: false,
  flows: [flow('orders')],
  strays: [],
  source: { topics: new Map([['orders', own]]) },
  target: new Map([target('orders')]),
  ownTopics: ['__isthmus.offset-map', '__isthmus.quarantine'],
  ownTopicsUsedBy: null,
  groups: [],
  ...over,
})
const MAP = ['__isthmus.offset-map']

describe('planRemoval', () => {
  it('never touches a topic whose copy has ended: it may belong to the active region', () => {
    const closedAt = { source: 10, target: 11, isPromoted: true }
    for (const deleteTopics of [true, false]) {
      const { topics } = planRemoval(sight({ deleteTopics, flows: [flow('orders', { closedAt })] }))
      expect(topics).toMatchObject([{ targetTopic: 'orders', action: 'forget', changes: {} }])
    }
  })

  it('gives a copy the configs of its source, as far as the target can have them', () => {
    const { topics, ownTopics, left } = planRemoval(sight({ groups: ['billing'] }))
    expect(topics).toMatchObject([{ targetTopic: 'orders', action: 'restore' }])
    expect(topics[0]?.changes).toMatchObject({
      'retention.ms': '1000',
      'retention.bytes': null,
      'compression.type': null,
      'message.timestamp.after.max.ms': null,
    })
    // Already what they should be: three replicas in sync are more than the copy has.
    expect(topics[0]?.changes).not.toHaveProperty(['min.insync.replicas'])
    expect(topics[0]?.changes).not.toHaveProperty(['cleanup.policy'])
    expect(ownTopics).toEqual(MAP)
    expect(left.map(({ what }) => what)).toEqual([
      'topic orders',
      'consumer group billing',
      'topic __isthmus.quarantine',
      'transactional ids __isthmus.shard-*',
    ])
  })

  it.each([
    ['forget', 'a copy that is gone', { target: new Map() }],
    ['forget', 'a topic that somebody made again', { flows: [flow('orders', { targetTopicId: 'another' })] }],
    ['forget', 'a copy whose source topic is gone', { source: { topics: new Map() } }],
    ['wait', 'a source that does not answer', { source: { why: 'no answer' } }],
    [
      'delete',
      'what is to be deleted, without asking the source',
      { source: { why: 'no answer' }, deleteTopics: true },
    ],
  ] as const)('decides to %s %s', (action, _, over) => {
    const [planned] = planRemoval(sight(over)).topics
    expect(planned?.action).toBe(action)
    expect(planned?.changes).toEqual({})
  })

  it('never deletes a topic that is not the copy any more', () => {
    const flows = [flow('orders', { targetTopicId: 'another' })]
    expect(planRemoval(sight({ flows, deleteTopics: true })).topics[0]?.action).toBe('forget')
  })

  it('keeps the pauses of links, whether or not anything is copied there, and says why', () => {
    const { ownTopics, left } = planRemoval(sight({ ownTopics: [...MAP, '__isthmus.links'], deleteTopics: true }))
    expect(ownTopics).toEqual(MAP)
    const why = 'it says which links are paused, also those that are not known here'
    expect(left).toContainEqual({ what: 'topic __isthmus.links', why })
  })

  it('keeps the map while anything uses it, and says what', () => {
    const used = planRemoval(sight({ ownTopicsUsedBy: 'link other' }))
    expect(used.ownTopics).toEqual([])
    expect(used.left).toContainEqual({ what: 'topic __isthmus.offset-map', why: 'link other' })
    const strays = planRemoval(sight({ strays: [flow('stray')] }))
    expect(strays.ownTopics).toEqual([])
    expect(strays.left.map(({ what }) => what)).toContain('topic stray')
  })
})
