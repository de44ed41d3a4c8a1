import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isFault, systemClock, systemRandom } from '../../../src/core/index.ts'
import {
  type Cluster,
  type ClusterOptions,
  createKafkaJs,
  openCluster,
  type ProducerIdentity,
  type TransactionHandle,
} from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { makeBatch } from '../../support/hand-made-batch.ts'

const context = { clock: systemClock, random: systemRandom }
const NOBODY = '127.0.0.1:1'
const OUT_OF_ORDER_SEQUENCE = 45
const INVALID_PRODUCER_EPOCH = 47

describe('one real broker', () => {
  let region: LocalRegion
  let options: ClusterOptions
  let cluster: Cluster
  beforeAll(async () => {
    region = await startRegion({ name: 'kafka-cluster', brokers: 1 })
    options = { name: 'eu', bootstrap: region.bootstrap, context }
    cluster = openCluster(options)
  }, 120_000)
  afterAll(async () => {
    await cluster.close()
    await region.stop()
  })

  const signal = () => AbortSignal.timeout(30_000)

  async function createTopic(partitions = 2): Promise<{ topic: string; topicId: string }> {
    const topic = `room-${randomUUID()}`
    const outcomes = await cluster.createTopics([{ topic, partitions, replicationFactor: -1, configs: {} }], signal())
    expect(outcomes).toEqual([{ topic, errorCode: 0, message: null }])
    // Metadata may name the leader before the leader itself has heard of it; listed offsets say that it has.
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, timestamp: -1 }))
    const listed = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions: all }, signal())
    expect(listed.map(({ errorCode }) => errorCode)).toEqual(all.map(() => 0))
    const { topics } = await cluster.metadata([topic], signal())
    return { topic, topicId: topics[0]?.topicId ?? '' }
  }

  async function anyBroker(): Promise<number> {
    return (await cluster.metadata([], signal())).brokers[0]?.nodeId ?? -1
  }

  async function produce(topic: { topic: string; topicId: string }, batch: Buffer, partition = 0) {
    const leaderId = cluster.leaderOf(topic.topic, partition)?.leaderId ?? -1
    const channel = await cluster.openChannel(leaderId, signal())
    try {
      const answer = await channel.produce({ timeoutMs: 5_000, batches: [{ ...topic, partition, batch }] })
      return answer.partitions[0]
    } finally {
      await channel.close()
    }
  }

  async function logEnd(topic: string, partition = 0): Promise<number | undefined> {
    const partitions = [{ topic, partition, timestamp: -1 }]
    const [end] = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal())
    return end?.offset
  }

  async function fence(handle: TransactionHandle, partitions: { topic: string; partition: number }[]): Promise<void> {
    expect(await cluster.addPartitionsToTxn(handle, partitions, signal())).toEqual(
      partitions.map((partition) => ({ ...partition, errorCode: 0 })),
    )
    await cluster.endTxn(handle, 'abort', signal())
    for (;;) {
      const transaction = await cluster.describeTransaction(handle.transactionalId, signal())
      if (transaction?.state === 'CompleteAbort') return
    }
  }

  function idempotent(identity: ProducerIdentity, baseSequence: number, values: string[]): Buffer {
    return makeBatch({ ...identity, baseSequence, values })
  }

  test('metadata names topics by id and missing ones by code', async () => {
    const { topic, topicId } = await createTopic()
    const { clusterId, brokers, topics } = await cluster.metadata([topic, 'room-missing'], signal())
    expect(clusterId).not.toBe('')
    expect(brokers).toHaveLength(1)
    expect(topicId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const summary = topics.map(({ name, errorCode, partitions }) => ({ name, errorCode, count: partitions.length }))
    expect(summary).toContainEqual({ name: 'room-missing', errorCode: 3, count: 0 })
    expect(summary).toContainEqual({ name: topic, errorCode: 0, count: 2 })
    expect(cluster.leaderOf(topic, 1)).toEqual({ leaderId: brokers[0]?.nodeId, leaderEpoch: 0 })
    expect(cluster.leaderOf(topic, 2)).toBeUndefined()
    const all = await cluster.metadata('all', signal())
    expect(all.topics.map(({ name }) => name)).toContain(topic)
  })

  test('a batch comes back from the log with the offset that was acknowledged', async () => {
    const topic = await createTopic()
    const batch = makeBatch({ values: ['one', 'two', 'three'] })
    expect(await produce(topic, batch)).toMatchObject({ topic: topic.topic, partition: 0, errorCode: 0, baseOffset: 0 })
    expect(await produce(topic, batch)).toMatchObject({ errorCode: 0, baseOffset: 3 })

    const channel = await cluster.openChannel(cluster.leaderOf(topic.topic, 0)?.leaderId ?? -1, signal())
    const answer = await channel.fetch({
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 1_000_000,
      isolation: 'read_committed',
      rack: '',
      partitions: [
        {
          topicId: topic.topicId,
          partition: 0,
          currentLeaderEpoch: 0,
          fetchOffset: 3,
          lastFetchedEpoch: -1,
          maxBytes: 100_000,
        },
      ],
    })
    const [fetched] = answer.partitions
    expect(fetched).toMatchObject({ errorCode: 0, highWatermark: 6, lastStableOffset: 6, logStartOffset: 0 })
    expect(fetched?.records.readBigInt64BE(0)).toBe(3n)
    // Behind base offset, length and leader epoch the broker keeps every byte of the producer.
    expect(fetched?.records.subarray(16).equals(batch.subarray(16))).toBe(true)
    await channel.close()
  })

  test('requests on a channel are answered in the order in which they were made', async () => {
    const topic = await createTopic(1)
    const identity = await cluster.initProducerId(`txn-${randomUUID()}`, 60_000, signal())
    const leaderId = cluster.leaderOf(topic.topic, 0)?.leaderId ?? -1
    const channel = await cluster.openChannel(leaderId, signal(), { inflightMax: 50 })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        channel.produce({
          timeoutMs: 5_000,
          batches: [{ ...topic, partition: 0, batch: idempotent(identity, i, [String(i)]) }],
        }),
      ),
    )
    expect(answers.map(({ partitions }) => partitions[0]?.baseOffset)).toEqual(answers.map((_, i) => i))
    await channel.close()
    expect(channel.isOpen).toBe(false)
  })

  test('a channel that is closed rejects what is in flight and then tells its owner', async () => {
    const { topicId } = await createTopic(1)
    const channel = await cluster.openChannel(await anyBroker(), signal())
    const heard: string[] = []
    const closed = new Promise<void>((resolve) => {
      channel.onClose(() => {
        heard.push('closed')
        resolve()
      })
    })
    const partition = { topicId, partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, lastFetchedEpoch: -1 }
    const waiting = channel
      .fetch({
        maxWaitMs: 20_000,
        minBytes: 1,
        maxBytes: 1_000,
        isolation: 'read_uncommitted',
        rack: '',
        partitions: [{ ...partition, maxBytes: 1_000 }],
      })
      .catch((error: unknown) => {
        heard.push(isFault(error) ? error.code : 'not a fault')
      })
    await channel.close()
    await Promise.all([waiting, closed])
    expect(heard).toEqual(['KAFKA_CONNECTION_LOST', 'closed'])
    await expect(channel.produce({ timeoutMs: 1, batches: [] })).rejects.toThrow(/was lost/)
  })

  test('offsets are listed by end, start, log end and timestamp, each partition with its own code', async () => {
    const topic = await createTopic(1)
    await produce(topic, makeBatch({ values: ['a', 'b'], timestampMs: 1_000 }))
    await produce(topic, makeBatch({ values: ['c'], timestampMs: 5_000 }))
    const at = (timestamp: number) => ({ topic: topic.topic, partition: 0, timestamp })
    const isolation = 'read_uncommitted'
    const offsetAt = async (timestamp: number, replicaId?: -2) => {
      const query = { isolation, partitions: [at(timestamp)], ...(replicaId && { replicaId }) } as const
      return (await cluster.listOffsets(query, signal()))[0]?.offset
    }
    expect(await offsetAt(-1)).toBe(3)
    expect(await offsetAt(-1, -2)).toBe(3)
    expect(await offsetAt(-2)).toBe(0)
    expect(await offsetAt(-3)).toBe(2)
    expect(await offsetAt(2_000)).toBe(2)
    expect(await offsetAt(6_000)).toBe(-1)
    const mixed = [at(-1), { topic: 'room-missing', partition: 0, timestamp: -1 }]
    const outcomes = await cluster.listOffsets({ isolation, partitions: mixed, deadlineMs: 0 }, signal())
    expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([0, 3])
  })

  test('an epoch ends where its log ends', async () => {
    const topic = await createTopic(1)
    await produce(topic, makeBatch({ values: ['a', 'b'] }))
    const query = { topic: topic.topic, partition: 0, currentLeaderEpoch: 0, leaderEpoch: 0 }
    expect(await cluster.offsetForLeaderEpoch([query], signal())).toEqual([
      { topic: topic.topic, partition: 0, errorCode: 0, leaderEpoch: 0, endOffset: 2 },
    ])
  })

  test('an empty aborted transaction writes a marker and fences the epoch before', async () => {
    const topic = await createTopic(1)
    const partitions = [{ topic: topic.topic, partition: 0 }]
    const transactionalId = `txn-${randomUUID()}`
    const first = await cluster.initProducerId(transactionalId, 60_000, signal())
    expect(await produce(topic, idempotent(first, 0, ['mine']))).toMatchObject({ errorCode: 0, baseOffset: 0 })

    const second = await cluster.initProducerId(transactionalId, 60_000, signal())
    expect(second).toEqual({ producerId: first.producerId, producerEpoch: first.producerEpoch + 1 })
    await fence({ transactionalId, ...second }, partitions)
    expect(await logEnd(topic.topic)).toBe(2)

    expect(await produce(topic, idempotent(first, 1, ['late']))).toMatchObject({ errorCode: INVALID_PRODUCER_EPOCH })
    await expect(cluster.addPartitionsToTxn({ transactionalId, ...first }, partitions, signal())).rejects.toSatisfy(
      (error) => isFault(error, 'KAFKA_PRODUCER_FENCED'),
    )
    expect(await produce(topic, idempotent(second, 5, ['hole']))).toMatchObject({ errorCode: OUT_OF_ORDER_SEQUENCE })
    expect(await produce(topic, idempotent(second, 0, ['mine again']))).toMatchObject({ errorCode: 0, baseOffset: 2 })

    const [known] = await cluster.describeProducers(partitions, signal())
    expect(known?.producers).toMatchObject([{ ...second, lastSequence: 0, currentTxnStartOffset: -1 }])
    expect(await cluster.describeTransaction(transactionalId, signal())).toMatchObject({
      ...second,
      state: 'CompleteAbort',
      partitions: [],
    })
    expect(await cluster.describeTransaction('room-unknown', signal())).toBeUndefined()
    expect(await cluster.listTransactions([second.producerId], signal())).toEqual([
      { transactionalId, producerId: second.producerId, state: 'CompleteAbort' },
    ])
    expect(await cluster.listTransactions([second.producerId + 1_000n], signal())).toEqual([])
  })

  test('an abort marker by hand fences a producer that its coordinator has forgotten', async () => {
    const topic = await createTopic(2)
    const partitions = [{ topic: topic.topic, partition: 0 }]
    const old = await cluster.initProducerId(`txn-${randomUUID()}`, 60_000, signal())
    expect(await produce(topic, idempotent(old, 0, ['mine']))).toMatchObject({ errorCode: 0 })

    const marker = {
      outcome: 'abort' as const,
      producerId: old.producerId,
      producerEpoch: old.producerEpoch + 1,
      coordinatorEpoch: 0,
    }
    expect(await cluster.writeTxnMarkers(marker, partitions, signal())).toEqual([
      { topic: topic.topic, partition: 0, errorCode: 0 },
    ])
    expect(await logEnd(topic.topic)).toBe(2)
    expect(await produce(topic, idempotent(old, 1, ['late']))).toMatchObject({ errorCode: INVALID_PRODUCER_EPOCH })
  })

  test('an abort marker for a producer that the partition never saw is written and fences it too', async () => {
    const topic = await createTopic(1)
    const partitions = [{ topic: topic.topic, partition: 0 }]
    const old = await cluster.initProducerId(`txn-${randomUUID()}`, 60_000, signal())
    const marker = {
      outcome: 'abort' as const,
      producerId: old.producerId,
      producerEpoch: old.producerEpoch + 1,
      coordinatorEpoch: 0,
    }
    expect(await cluster.writeTxnMarkers(marker, partitions, signal())).toMatchObject([{ errorCode: 0 }])
    expect(await logEnd(topic.topic)).toBe(1)
    expect(await produce(topic, idempotent(old, 0, ['late']))).toMatchObject({ errorCode: INVALID_PRODUCER_EPOCH })
  })

  test('positions of an empty group are committed and read back; the group is listed and described', async () => {
    const { topic } = await createTopic(2)
    const groupId = `group-${randomUUID()}`
    const positions = [
      { topic, partition: 0, offset: 7, leaderEpoch: -1, metadata: 'from the source' },
      { topic, partition: 1, offset: 0, leaderEpoch: -1, metadata: '' },
    ]
    const unknown = { topic: 'room-missing', partition: 0, offset: 1, leaderEpoch: -1, metadata: '' }
    const committed = await cluster.commitGroupOffsets(groupId, [...positions, unknown], signal())
    expect(committed.map(({ errorCode }) => errorCode)).toEqual([0, 0, 3])
    const [read, none] = await cluster.fetchGroupOffsets([groupId, 'room-none'], signal())
    expect(read?.positions.toSorted((a, b) => a.partition - b.partition)).toEqual(
      positions.map((position) => ({ ...position, errorCode: 0 })),
    )
    expect(none).toEqual({ groupId: 'room-none', errorCode: 0, positions: [] })
    const listed = await cluster.listGroups(signal())
    expect(listed.silent).toEqual([])
    expect(listed.groups).toContainEqual({
      groupId,
      state: 'Empty',
      type: 'classic',
      protocolType: '',
    })
    expect(await cluster.describeGroups([groupId, 'room-none'], signal())).toEqual([
      { groupId, errorCode: 0, state: 'Empty', protocol: 'classic', members: [] },
      { groupId: 'room-none', errorCode: 0, state: 'Dead', protocol: '', members: [] },
    ])
  })

  test('a group with a member refuses positions from outside and says who its members are', async () => {
    const { topic } = await createTopic(1)
    const groupId = `group-${randomUUID()}`
    const consumer = createKafkaJs(options).consumer({ groupId, allowAutoTopicCreation: false })
    const joined = new Promise<void>((resolve) => consumer.on('consumer.group_join', () => resolve()))
    await consumer.connect()
    await consumer.subscribe({ topic })
    await consumer.run({ eachMessage: async () => undefined })
    await joined
    const member = {
      clientId: expect.any(String),
      host: expect.stringMatching(/^\//),
      assigned: [{ topic, partition: 0 }],
    }
    expect(await cluster.describeGroups([groupId], signal())).toEqual([
      { groupId, errorCode: 0, state: 'Stable', protocol: 'classic', members: [member] },
    ])
    const position = { topic, partition: 0, offset: 1, leaderEpoch: -1, metadata: '' }
    expect(await cluster.commitGroupOffsets(groupId, [position], signal())).toEqual([
      { topic, partition: 0, errorCode: 25 },
    ])
    await consumer.disconnect()
  })

  test('configs are read with their source, changed and reset', async () => {
    const { topic } = await createTopic(1)
    const retention = async () => {
      const [configs] = await cluster.describeTopicConfigs([topic], signal())
      return configs?.entries.find(({ name }) => name === 'retention.ms')
    }
    expect(await retention()).toMatchObject({ source: 'default' })
    await cluster.alterTopicConfigs(topic, { 'retention.ms': '60000', 'max.message.bytes': '2000000' }, signal())
    await expect.poll(retention).toMatchObject({ value: '60000', source: 'topic' })
    await cluster.alterTopicConfigs(topic, { 'retention.ms': null }, signal())
    await expect.poll(retention).toMatchObject({ source: 'default' })
    await expect(cluster.alterTopicConfigs(topic, { 'retention.ms': 'soon' }, signal())).rejects.toSatisfy(
      (error) => isFault(error, 'KAFKA_REQUEST_FAILED') && error.facts['name'] === 'INVALID_CONFIG',
    )
    const [missing] = await cluster.describeTopicConfigs(['room-missing'], signal())
    expect(missing).toEqual({ topic: 'room-missing', errorCode: 3, entries: [] })
    const broker = await cluster.describeBrokerConfigs(await anyBroker(), signal())
    expect(broker.find(({ name }) => name === 'offsets.topic.replication.factor')).toMatchObject({ value: '1' })
  })

  test('topics grow, lose their first records, and go', async () => {
    const topic = await createTopic(1)
    await produce(topic, makeBatch({ values: ['a', 'b', 'c'] }))
    const bounds = [
      { topic: topic.topic, partition: 0, offset: 2 },
      { topic: topic.topic, partition: 5, offset: 1 },
    ]
    const deleted = await cluster.deleteRecords(bounds, signal())
    expect(deleted.map(({ errorCode }) => errorCode)).toEqual([0, 3])
    const partitions = [{ topic: topic.topic, partition: 0, timestamp: -2 }]
    const [start] = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal())
    expect(start?.offset).toBe(2)

    await cluster.createPartitions(topic.topic, 3, signal())
    await expect(cluster.createPartitions(topic.topic, 2, signal())).rejects.toSatisfy(
      (error) => isFault(error) && error.facts['name'] === 'INVALID_PARTITIONS',
    )
    const other = '00000000-0000-4000-8000-000000000001'
    expect(await cluster.deleteTopicById(other, signal())).toMatchObject({ errorCode: 100 })
    const outcomes = await cluster.deleteTopics([topic.topic, 'room-missing'], signal())
    expect(outcomes.map(({ errorCode }) => errorCode)).toEqual([0, 3])
  })

  test('a TLS region on a plaintext listener is told so', async () => {
    await using encrypted = openCluster({ ...options, tls: {} })
    await expect(encrypted.metadata([], signal())).rejects.toSatisfy(
      (error) => isFault(error, 'KAFKA_TLS_FAILED') && error.message.includes('does not speak TLS'),
    )
  })

  test('credentials on a listener without SASL are refused', async () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'isthmus', password: 'wrong' } as const
    await using authenticated = openCluster({ ...options, sasl })
    await expect(authenticated.metadata([], signal())).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED' })
  })

  test('a closed cluster refuses calls, and the process may end', async () => {
    const script = new URL('../../support/open-and-close.ts', import.meta.url)
    const { stdout } = await promisify(execFile)(process.execPath, [script.pathname, ...region.bootstrap], {
      timeout: 60_000,
    })
    expect(stdout.trim().split('\n')).toEqual(['KAFKA_CONNECTION_LOST', 'KAFKA_CLOSED'])
  })
})

test('a port where nobody listens is unreachable, with the reason', async () => {
  await using cluster = openCluster({ name: 'eu', bootstrap: [NOBODY], context })
  await expect(cluster.metadata('all', AbortSignal.timeout(10_000))).rejects.toSatisfy(
    (error) => isFault(error, 'KAFKA_UNREACHABLE') && error.message.includes('ECONNREFUSED'),
  )
})
