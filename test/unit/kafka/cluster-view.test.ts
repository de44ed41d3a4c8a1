import { beforeEach, expect, test } from 'vitest'
import type { ClusterMetadata } from '../../../src/kafka/cluster.ts'
import { ClusterView } from '../../../src/kafka/cluster-view.ts'

let view: ClusterView
beforeEach(() => {
  view = new ClusterView()
  view.apply(metadata('id-1', { leaderId: 1, leaderEpoch: 5 }), 'named')
})

function metadata(topicId: string, leader: { leaderId: number; leaderEpoch: number }): ClusterMetadata {
  const partition = { partition: 0, errorCode: 0, ...leader, replicas: [1, 2], isr: [1, 2] }
  const topic = { name: 'orders', topicId, isInternal: false, errorCode: 0, partitions: [partition] }
  const broker = { nodeId: 1, host: 'a', port: 1, rack: null }
  return { clusterId: 'c', controllerId: 1, brokers: [broker], topics: [topic] }
}

function missing(errorCode: number): ClusterMetadata {
  const topic = { name: 'orders', topicId: '0', isInternal: false, errorCode, partitions: [] }
  return { clusterId: 'c', controllerId: 1, brokers: [], topics: [topic] }
}

test('a broker that has not heard of an election does not take the new leader away', () => {
  view.noteLeader('orders', 0, { leaderId: 2, leaderEpoch: 6 })
  view.apply(metadata('id-1', { leaderId: 1, leaderEpoch: 5 }), 'named')
  expect(view.leaderOf('orders', 0)).toEqual({ leaderId: 2, leaderEpoch: 6 })
})

test('a recreated topic starts again with its epochs', () => {
  view.apply(metadata('id-2', { leaderId: 2, leaderEpoch: 0 }), 'named')
  expect(view.leaderOf('orders', 0)).toEqual({ leaderId: 2, leaderEpoch: 0 })
})

test('why there is no leader is told by code', () => {
  view.apply(metadata('id-1', { leaderId: -1, leaderEpoch: 6 }), 'named')
  expect(view.leaderOf('orders', 0)).toBeUndefined()
  expect(view.codeOf('orders', 0)).toBe(5)
  expect(view.codeOf('orders', 1)).toBe(3)
  expect(view.codeOf('never heard of', 0)).toBe(3)
  view.apply(missing(29), 'named')
  expect(view.codeOf('orders', 0)).toBe(29)
})

test('a topic that a full listing leaves out is forgotten', () => {
  const { topics: _, ...rest } = metadata('id-1', { leaderId: 1, leaderEpoch: 5 })
  view.apply({ ...rest, topics: [] }, 'named')
  expect(view.leaderOf('orders', 0)).toBeDefined()
  view.apply({ ...rest, topics: [] }, 'all')
  expect(view.leaderOf('orders', 0)).toBeUndefined()
})
