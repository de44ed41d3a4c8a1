import { describe, expect, test } from 'vitest'
import { findInternalOutside } from '../../../../src/controller/evidence/internal-topics.ts'
import {
  findMinIsrTooHigh,
  findUnderReplicated,
  findUnequalCounts,
  selectTopics,
} from '../../../../src/controller/evidence/topic-parity.ts'
import type { TopicConfigs, TopicMetadata } from '../../../../src/kafka/index.ts'

function topic(name: string, partitions = 1, more: { isr?: readonly number[]; leaderId?: number } = {}): TopicMetadata {
  const { isr = [1, 2, 3], leaderId = 1 } = more
  return {
    name,
    topicId: name,
    isInternal: name.startsWith('__'),
    errorCode: 0,
    partitions: Array.from({ length: partitions }, (_, partition) => {
      return { partition, errorCode: 0, leaderId, leaderEpoch: 0, replicas: [1, 2, 3], isr }
    }),
  }
}
const cluster = (...topics: TopicMetadata[]) => ({ clusterId: 'c', controllerId: 1, brokers: [], topics })
const isSelected = (name: string) => name.startsWith('orders')

describe('topics of two regions', () => {
  test('are those of the group that can be described', () => {
    const all = cluster(topic('orders'), topic('payments'), topic('__consumer_offsets'), {
      ...topic('orders.x'),
      errorCode: 29,
    })
    expect(selectTopics(all, isSelected).map(({ name }) => name)).toEqual(['orders'])
  })

  test('are out of sync where a replica or the leader is missing, also those that clients need besides', () => {
    const all = cluster(
      topic('orders', 2, { isr: [1, 2] }),
      topic('payments', 1, { isr: [1] }),
      topic('__consumer_offsets', 1, { isr: [1] }),
      topic('orders.x', 1, { leaderId: -1 }),
      topic('orders.y'),
    )
    expect(findUnderReplicated(all, isSelected)).toEqual(['orders-0', 'orders-1', '__consumer_offsets-0', 'orders.x-0'])
  })

  test('differ in their partition counts where one is missing, too', () => {
    expect(findUnequalCounts([topic('a', 2), topic('b', 3), topic('c')], [topic('a', 2), topic('b', 2)])).toEqual([
      'b (3 and 2)',
      'c (1 and 0)',
    ])
  })

  test('ask for too many replicas by their own setting only', () => {
    const config = (name: string, value: string, source: 'topic' | 'broker'): TopicConfigs => {
      const entry = { name: 'min.insync.replicas', value, source, isReadOnly: false, isSensitive: false }
      return { topic: name, errorCode: 0, entries: [entry] }
    }
    const asked = [config('a', '4', 'topic'), config('b', '3', 'topic'), config('c', '9', 'broker')]
    expect(
      findMinIsrTooHigh(
        asked,
        ['a', 'b', 'c'].map((name) => topic(name)),
      ),
    ).toEqual(['a (4 of 3)'])
    expect(findMinIsrTooHigh(asked, [])).toEqual([])
  })
})

describe('internal topics', () => {
  const find = (groups: readonly (readonly [string, string])[], topics: readonly string[]) =>
    findInternalOutside({
      readers: groups.map(([groupId, protocolType]) => ({ groupId, protocolType })),
      topics,
      isSelected,
    })

  test('of Streams go by the name of the application', () => {
    const topics = ['totals-store-changelog', 'totals-by-repartition', 'other-store-changelog', 'orders-x-changelog']
    expect(
      find(
        [
          ['totals', 'consumer'],
          ['orders-x', 'consumer'],
        ],
        topics,
      ),
    ).toEqual(['totals-store-changelog', 'totals-by-repartition'])
  })

  test('of Connect are the three that belong together, where a connector reads the topics', () => {
    const topics = ['connect-configs', 'connect-offsets', 'connect-status', 'order-status', 'payments-offsets']
    const trio = ['connect-configs', 'connect-offsets', 'connect-status']
    expect(find([['connect-sink', 'consumer']], topics)).toEqual(trio)
    expect(find([['workers', 'connect']], ['w.config', 'w.offset', 'w.status'])).toEqual([
      'w.config',
      'w.offset',
      'w.status',
    ])
    expect(find([['billing', 'consumer']], topics)).toEqual([])
    expect(find([['connect-sink', 'consumer']], topics.slice(1))).toEqual([])
  })
})
