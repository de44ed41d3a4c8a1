import { expect, test } from 'vitest'
import type { TopicMetadata } from '../../../src/kafka/index.ts'
import { canaryLeaders, HEALTH_TOPIC, healthTopic } from '../../../src/regions/canary.ts'
import { countPartitions } from '../../../src/regions/partitions-look.ts'
import { beginReading, judgeVoters, worstReading } from '../../../src/regions/quorum-look.ts'

function topic(name: string, ...partitions: [leaderId: number, isr: number[], leaderEpoch?: number][]): TopicMetadata {
  return {
    name,
    topicId: `id-of-${name}`,
    isInternal: false,
    errorCode: 0,
    partitions: partitions.map(([leaderId, isr, leaderEpoch = 1], partition) => {
      return { partition, errorCode: 0, leaderId, leaderEpoch, replicas: [1, 2, 3], isr }
    }),
  }
}

test('partitions are counted against their own min.insync.replicas and the live brokers', () => {
  const topics = [topic('a', [1, [1, 2, 3]], [2, [2]]), topic('b', [-1, [3]], [1, [1, 2]])]
  expect(countPartitions(topics, new Map([['a', 2]]), new Set([1, 2]))).toEqual({
    topics: 2,
    partitions: 4,
    offline: { count: 1, examples: ['b-0'] },
    underMinIsr: { count: 1, examples: ['a-1'] },
    underReplicated: { count: 3, examples: ['a-1', 'b-0', 'b-1'] },
    missingBrokers: [3],
  })
})

test('of many partitions a few are named', () => {
  const many = topic('a', ...Array.from({ length: 20 }, (): [number, number[]] => [-1, []]))
  const { offline } = countPartitions([many], new Map(), new Set([1, 2, 3]))
  expect(offline).toEqual({ count: 20, examples: ['a-0', 'a-1', 'a-2', 'a-3', 'a-4'] })
})

const voter = (nodeId: number, lastFetchMs: number, lastCaughtUpMs = lastFetchMs) => {
  return { nodeId, logEndOffset: 9, lastFetchMs, lastCaughtUpMs }
}

test('voters are judged by the time of their leader, whatever the time is here', () => {
  const quorum = {
    leaderId: 2,
    leaderEpoch: 5,
    voters: [voter(1, 86_000), voter(2, -1, 97_000), voter(3, 96_900)],
    observers: [],
  }
  expect(judgeVoters(quorum, 10_000)).toEqual({
    kind: 'ok',
    value: { leaderId: 2, leaderEpoch: 5, voters: [1, 2, 3], lagging: [1] },
  })
  expect(judgeVoters({ ...quorum, leaderId: -1 }, 10_000)).toMatchObject({ kind: 'failed', reason: 'it has no leader' })
})

test('the offset of a clock is known up to half the time of the answer', () => {
  let wallMs = 1_000
  const clock = { nowMs: () => wallMs, monotonicMs: () => 0, setTimer: () => ({ cancel: () => undefined }) }
  const reading = beginReading(clock)
  wallMs = 1_400
  expect(reading.read(6_200)).toEqual({ offsetMs: 5_000, uncertaintyMs: 201 })
})

test('of several clocks the one that is surely furthest off counts', () => {
  const vague = { offsetMs: 900, uncertaintyMs: 850 }
  const sure = { offsetMs: -300, uncertaintyMs: 10 }
  expect(worstReading([vague, sure])).toBe(sure)
  expect(worstReading([])).toBeUndefined()
})

test('the leader of a canary is the one of the newest epoch that anybody knows', () => {
  const answer = (...topics: TopicMetadata[]) => ({ clusterId: 'c', controllerId: 1, brokers: [], topics })
  const leaders = canaryLeaders([
    answer(topic(HEALTH_TOPIC, [1, [1], 7], [2, [2], 3])),
    answer(topic(HEALTH_TOPIC, [3, [3], 8], [1, [1], 2])),
    answer(topic('other', [1, [1], 9])),
  ])
  expect([...leaders].map(([partition, { leaderId }]) => [partition, leaderId])).toEqual([
    [0, 3],
    [1, 2],
  ])
})

test.each([
  [1, { partitions: 1, replicationFactor: 1 }, '1'],
  [2, { partitions: 2, replicationFactor: 2 }, '1'],
  [3, { partitions: 3, replicationFactor: 3 }, '2'],
  [80, { partitions: 50, replicationFactor: 3 }, '2'],
])('the topic of the canaries fits %i brokers', (brokers, shape, minIsr) => {
  expect(healthTopic(brokers)).toMatchObject({ ...shape, configs: { 'min.insync.replicas': minIsr } })
})
