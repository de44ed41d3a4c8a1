import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import type { GroupJoin } from '../../src/kafka/index.ts'
import type { MetadataResponse } from '../../src/kafka/wire/metadata.ts'
import type { DescribedTransaction } from '../../src/kafka/wire/describe-transactions.ts'
import { API_VERSIONS, type ApiName } from '../../src/kafka/wire/versions.ts'
import { writeGolden } from './golden.ts'
import { makeBatch } from './hand-made-batch.ts'
import { putQuota, putScramUser } from './principals.ts'
import { RawClient } from './raw-exchange.ts'
import { WIRE_APIS } from './wire-apis.ts'

/**
 * Captures the golden bytes anew from a real, empty, single broker with an authorizer to which ANONYMOUS is a super user
 * (the fixtures kept are of 4.3.1):
 *
 *     ISTHMUS_TEST_BOOTSTRAP=127.0.0.1:19192 node test/support/capture-golden.ts
 *
 * Read the difference of the fixtures before you keep it: `output` is what the readers say, so it is only as right as
 * whoever looked at it.
 */
const bootstrap = process.env['ISTHMUS_TEST_BOOTSTRAP'] ?? '127.0.0.1:9092'
const [host = '', port = ''] = bootstrap.split(':')
const client = await RawClient.connect(host, Number(port))
const TOPIC = 'golden'
const GROUP = 'golden-group'

async function capture<Output>(name: ApiName, inputOf: (version: number) => unknown): Promise<Output> {
  const { min, max } = API_VERSIONS[name]
  let last: unknown
  for (let version = min; version <= max; version++) {
    const input = inputOf(version)
    const { request, response, output } = await client.exchange(WIRE_APIS[name], version, input as never)
    writeGolden({
      api: name,
      version,
      input,
      request: request.toString('hex'),
      response: response.toString('hex'),
      output,
    })
    last = output
    console.log(name, version)
  }
  return last as Output
}

async function abortOneTransaction(): Promise<void> {
  const context = { clock: systemClock, random: systemRandom }
  const kafka = createKafkaJs({ name: 'golden', bootstrap: [bootstrap], context })
  const producer = kafka.producer({ transactionalId: 'golden-aborted', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: TOPIC, messages: [{ value: 'aborted', partition: 0 }] })
  await transaction.abort()
  await producer.disconnect()
}

/** Described last, so that the answer holds what the others left. */
async function captureAcls(): Promise<void> {
  const binding = {
    resource: 'topic',
    name: 'golden',
    pattern: 'prefixed',
    principal: 'User:*',
    host: '*',
    operation: 'write',
    permission: 'deny',
  }
  const group = { ...binding, resource: 'group', pattern: 'literal', operation: 'read', permission: 'allow' }
  await capture('CreateAcls', () => [binding, group, { ...binding, name: '' }])
  await capture('DeleteAcls', (version) => [version === 2 ? group : { ...group, host: '10.0.0.1' }])
  await capture('DescribeAcls', (version) => (version === 2 ? { resource: 'topic', permission: 'deny' } : {}))
}

/** Brokers store what is salted as it is, and check no more than its form. */
async function captureAccounts(): Promise<void> {
  const credential = {
    user: 'golden-made',
    mechanism: 'SCRAM-SHA-512',
    iterations: 8_192,
    salt: Buffer.alloc(24, 1),
    saltedPassword: Buffer.alloc(64, 2),
  }
  await capture('AlterUserScramCredentials', () => [credential, { ...credential, user: 'golden-weak', iterations: 1 }])
  const values = [{ key: 'producer_byte_rate', value: 2_000_000 }]
  const user = { type: 'user', name: null }
  await capture('AlterClientQuotas', () => [
    { entity: [user, { type: 'client-id', name: 'golden' }], values },
    { entity: [user], values: [{ key: 'unheard_of', value: 1 }] },
  ])
}

/** With a user and a quota to be found. */
async function captureLooks(): Promise<void> {
  await putScramUser({ address: bootstrap }, 'golden')
  await putQuota({ address: bootstrap }, 'golden', 1_000_000)
  await sleep(500)
  await capture('DescribeCluster', () => null)
  await capture('DescribeLogDirs', () => null)
  await capture('DescribeUserScramCredentials', () => null)
  await capture('DescribeClientQuotas', () => null)
}

await capture('ApiVersions', () => ({ softwareName: 'isthmus', softwareVersion: '1' }))
await capture('CreateTopics', (version) => ({
  topics: [
    { topic: `golden-${version}`, partitions: 1, replicationFactor: -1, configs: { 'retention.ms': '-1' } },
    { topic: 'not a name', partitions: 1, replicationFactor: 1, configs: {} },
  ],
  timeoutMs: 5_000,
}))
await client.exchange(WIRE_APIS.CreateTopics, 7, {
  topics: [{ topic: TOPIC, partitions: 2, replicationFactor: 1, configs: {} }],
  timeoutMs: 5_000,
} as never)
await sleep(500)
const metadata = await capture<MetadataResponse>('Metadata', () => ({ topics: [TOPIC, 'golden-missing'] }))
const topicId = metadata.topics.find(({ name }) => name === TOPIC)?.topicId ?? ''
await capture('CreatePartitions', (version) => ({ topic: 'golden-5', count: version, timeoutMs: 5_000 }))
await capture('Produce', () => ({
  timeoutMs: 5_000,
  batches: [
    { topic: TOPIC, topicId, partition: 0, batch: makeBatch({ values: ['one', 'two'], timestampMs: Date.now() }) },
    { topic: TOPIC, topicId, partition: 9, batch: makeBatch({ values: ['nowhere'] }) },
  ],
}))
await abortOneTransaction()
await sleep(500)
await capture('Fetch', (version) => ({
  maxWaitMs: 10,
  minBytes: 1,
  maxBytes: 1_000_000,
  isolation: version % 2 === 0 ? 'read_uncommitted' : 'read_committed',
  rack: 'a',
  partitions: [
    { topicId, partition: 0, currentLeaderEpoch: 0, fetchOffset: 8, lastFetchedEpoch: -1, maxBytes: 100_000 },
    { topicId, partition: 1, currentLeaderEpoch: -1, fetchOffset: 77, lastFetchedEpoch: -1, maxBytes: 100_000 },
  ],
}))
await capture('ListOffsets', () => ({
  replicaId: -2,
  isolation: 'read_uncommitted',
  partitions: [
    { topic: TOPIC, partition: 0, timestamp: -1 },
    { topic: TOPIC, partition: 1, timestamp: -2 },
    { topic: TOPIC, partition: 9, timestamp: 1_700_000_000_000 },
  ],
}))
await capture('OffsetForLeaderEpoch', () => [{ topic: TOPIC, partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }])
await capture('FindCoordinator', () => ({ kind: 'transaction', keys: ['golden-txn'] }))
const producer = await capture<object>('InitProducerId', () => ({ transactionalId: 'golden-txn', timeoutMs: 60_000 }))
const txn = { transactionalId: 'golden-txn', ...producer }
await capture('AddPartitionsToTxn', () => ({ ...txn, partitions: [{ topic: TOPIC, partition: 1 }] }))
await capture<DescribedTransaction[]>('DescribeTransactions', () => ['golden-txn', 'golden-none'])
await capture('ListTransactions', () => [(producer as { producerId: bigint }).producerId])
await capture('EndTxn', () => ({ ...txn, outcome: 'abort' }))
await sleep(500)
await capture('WriteTxnMarkers', (version) => ({
  ...producer,
  producerEpoch: version,
  coordinatorEpoch: 0,
  outcome: 'abort',
  partitions: [{ topic: TOPIC, partition: 1 }],
}))
await capture('DescribeProducers', () => [
  { topic: TOPIC, partition: 0 },
  { topic: TOPIC, partition: 1 },
])
await client.exchange(WIRE_APIS.FindCoordinator, 5, { kind: 'group', keys: [GROUP] } as never)
await sleep(2_000)
await capture('OffsetCommit', (version) => ({
  groupId: GROUP,
  positions: [{ topic: TOPIC, partition: 0, offset: version, leaderEpoch: -1, metadata: 'from the source' }],
}))
await capture('OffsetFetch', () => [GROUP, 'golden-none'])
await capture('OffsetDelete', () => ({
  groupId: GROUP,
  partitions: [
    { topic: TOPIC, partition: 0 },
    { topic: 'golden-missing', partition: 0 },
  ],
}))
const member = { groupId: 'golden-members', instanceId: 'golden-1', protocolType: 'golden', protocol: 'parts' }
const joined = await capture<GroupJoin>('JoinGroup', () => ({
  ...member,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  memberId: '',
  metadata: Buffer.from('held'),
}))
const { generation, memberId } = joined
const assignments = [{ memberId, assignment: Buffer.from('assigned') }]
await capture('SyncGroup', () => ({ ...member, generation, memberId, assignments }))
await capture('Heartbeat', () => ({ ...member, generation, memberId }))
await capture('LeaveGroup', () => ({ ...member, memberId }))
await capture('ListGroups', () => null)
await capture('DescribeGroups', () => [GROUP, 'golden-none'])
await capture('ConsumerGroupDescribe', () => [GROUP])
await capture('DeleteGroups', () => [GROUP, 'golden-none'])
await capture('DescribeQuorum', () => null)
await captureLooks()
await captureAccounts()
await capture('DescribeConfigs', () => ({ kind: 'topic', names: ['golden-5', 'golden-missing'] }))
await capture('IncrementalAlterConfigs', () => ({
  topic: 'golden-5',
  changes: { 'retention.ms': null, 'max.message.bytes': '2000000' },
}))
await capture('DeleteRecords', () => ({ bounds: [{ topic: TOPIC, partition: 0, offset: 2 }], timeoutMs: 5_000 }))
await capture('DeleteTopics', () => ({ topics: ['golden-5', 'golden-missing'], timeoutMs: 5_000 }))
await captureAcls()
client.close()
