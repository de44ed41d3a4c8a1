import { expect, test } from 'vitest'
import { findInRegion, REGION_FINDINGS, type RegionSeen } from '../../../../src/controller/doctor/region-findings.ts'
import type { BrokerVersions, TopicConfigs, TopicMetadata } from '../../../../src/kafka/index.ts'
import { API_VERSIONS } from '../../../../src/kafka/wire/versions.ts'

const HOUR_MS = 3_600_000
const everything: BrokerVersions = new Map(Object.values(API_VERSIONS).map(({ key, min, max }) => [key, { min, max }]))
const without = (name: keyof typeof API_VERSIONS): BrokerVersions => {
  return new Map([...everything].filter(([key]) => key !== API_VERSIONS[name].key))
}
const broker = (address: string, versions: BrokerVersions | undefined = everything) => {
  return { address, versions, reason: versions === undefined ? 'connection refused' : '' }
}
const topic = (name: string, replicas = 3) => {
  const partition = {
    partition: 0,
    errorCode: 0,
    leaderId: 1,
    leaderEpoch: 0,
    replicas: [1, 2, 3].slice(0, replicas),
    isr: [1],
  }
  return { name, topicId: '', errorCode: 0, isInternal: false, partitions: [partition] } as unknown as TopicMetadata
}
const configs = (name: string, values: Readonly<Record<string, string>> = {}): TopicConfigs => {
  const all = {
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'false',
    'cleanup.policy': 'delete',
    'retention.ms': String(168 * HOUR_MS),
    ...values,
  }
  const entries = Object.entries(all).map(([key, value]) => {
    return { name: key, value, source: 'topic' as const, isReadOnly: false, isSensitive: false }
  })
  return { topic: name, errorCode: 0, entries }
}
const good: RegionSeen = {
  region: 'west',
  trouble: undefined,
  brokers: [broker('b1:9092'), broker('b2:9092')],
  topics: [topic('orders')],
  configs: [configs('orders')],
  keepMsOf: () => 24 * HOUR_MS,
}

test('nothing is found in a region where all is well', () => {
  expect(findInRegion(good)).toEqual([])
})

const CASES: readonly (readonly [id: string, severity: string, seen: Partial<RegionSeen>, evidence: string])[] = [
  ['region-unreachable', 'error', { trouble: 'no answer in 5000 ms' }, 'no answer in 5000 ms'],
  [
    'listener-unreachable',
    'warning',
    { brokers: [broker('b1:9092'), { address: 'b2:9092', versions: undefined, reason: 'connection refused' }] },
    'b2:9092: connection refused',
  ],
  [
    'broker-too-old',
    'error',
    { brokers: [broker('b1:9092', without('DescribeProducers')), broker('b2:9092', without('DescribeProducers'))] },
    'b1:9092 lacks DescribeProducers, b2:9092 lacks DescribeProducers',
  ],
  [
    'broker-versions-mixed',
    'warning',
    { brokers: [broker('b1:9092'), broker('b2:9092', without('ConsumerGroupDescribe')), broker('b3:9092')] },
    '2 versions: b1:9092, b3:9092 and b2:9092',
  ],
  ['replication-factor-one', 'warning', { topics: [topic('orders'), topic('bills', 1)] }, 'topics: bills'],
  ['min-insync-one', 'warning', { configs: [configs('orders', { 'min.insync.replicas': '1' })] }, 'topics: orders'],
  [
    'unclean-election',
    'warning',
    { configs: [configs('orders', { 'unclean.leader.election.enable': 'true' })] },
    'topics: orders',
  ],
  [
    'retention-short',
    'warning',
    { configs: [configs('orders', { 'retention.ms': String(6 * HOUR_MS) })] },
    'topics: orders (6 of 24 h)',
  ],
]

test.each(CASES)('%s (%s) is found alone', (id, severity, seen, evidence) => {
  expect(findInRegion({ ...good, ...seen })).toMatchObject([{ id, severity, region: 'west', group: null, evidence }])
})

test('every finding of a region is shown here', () => {
  expect(Object.keys(REGION_FINDINGS).sort()).toEqual(CASES.map(([id]) => id).sort())
})

test.each([
  ['is compacted only', { 'cleanup.policy': 'compact', 'retention.ms': '1' }],
  ['keeps everything', { 'retention.ms': '-1' }],
  ['keeps just enough', { 'retention.ms': String(24 * HOUR_MS) }],
])('a topic that %s is kept long enough', (_what, values) => {
  expect(findInRegion({ ...good, configs: [configs('orders', values)] })).toEqual([])
})

test('a topic that is not copied from here may keep what it likes, and one replica is told once', () => {
  const short = [configs('orders', { 'retention.ms': '1' })]
  expect(findInRegion({ ...good, configs: short, keepMsOf: () => undefined })).toEqual([])
  const single = { topics: [topic('orders', 1)], configs: [configs('orders', { 'min.insync.replicas': '1' })] }
  expect(findInRegion({ ...good, ...single }).map(({ id }) => id)).toEqual(['replication-factor-one'])
})

test('settings that nobody tells are not taken for good', () => {
  const evidence = 'settings of topics: no answer in 5000 ms'
  expect(findInRegion({ ...good, configs: 'no answer in 5000 ms' })).toMatchObject([{ id: 'could-not-look', evidence }])
})

test('of many names a few are shown', () => {
  const many = Array.from({ length: 14 }, (_, at) => topic(`t${at}`, 1))
  expect(findInRegion({ ...good, topics: many, configs: [] })[0]?.evidence).toMatch(/^topics: t0, .*t9 and 4 more$/)
})
