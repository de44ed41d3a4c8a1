import { afterAll, describe, expect, it } from 'vitest'
import { regionName, systemClock as clock, systemRandom as random } from '../../../../src/core/index.ts'
import { startRegion } from '../../../../src/local/index.ts'
import { RawReader } from '../../../../src/replication/flows/raw-reader.ts'
import { cutPartitions, findLeaks } from '../../../../src/replication/moves/cut.ts'
import { makeHangingMemory } from '../../../../src/replication/moves/hanging.ts'
import { readEnds } from '../../../../src/replication/moves/ends.ts'
import { settleTransactions } from '../../../../src/replication/moves/settle.ts'
import { eventually, Side, signal } from '../copy-trial.ts'

// A follower that is frozen stays in sync for as long as a test takes.
const brokerConfig = { 'replica.lag.time.max.ms': '60000', 'offsets.topic.replication.factor': '1' }
const region = await startRegion({ name: regionName('cut'), brokers: 3, brokerConfig, heapMb: 256 })
const side = new Side(region)
const reader = new RawReader(side.cluster, { clock, random })
afterAll(async () => {
  await reader[Symbol.asyncDispose]()
  await side.close()
  await region.stop()
}, 60_000)

/** A topic on all brokers, or on those named by how many. */
async function create(topic: string, replicationFactor = 3) {
  await side.cluster.createTopics([{ topic, partitions: 1, replicationFactor, configs: {} }], signal)
  return eventually(
    `${topic} is there`,
    async () => {
      const { topics, brokers } = await side.cluster.metadata([topic], signal)
      const [partition] = topics[0]?.partitions ?? []
      if (partition === undefined || partition.leaderId < 0 || partition.isr.length < replicationFactor)
        return undefined
      return { at: { topic, topicId: topics[0]?.topicId ?? '', partition: 0 }, partition, brokers }
    },
    () => '',
  )
}

const cutRequest = (name: string, partitions: readonly { topic: string; topicId: string; partition: number }[]) => {
  return { cluster: side.cluster, reader, partitions, transactionalId: `__isthmus.cut.${name}`, clock }
}

function producerOf(transactionalId: string) {
  return side.kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, retry: { retries: 3 } })
}

describe('transactions at a fence', () => {
  it('that are ongoing are aborted, with what they did elsewhere, and can not be committed any more', async () => {
    const { at } = await create('ongoing')
    await create('elsewhere')
    const producer = producerOf('app-ongoing')
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'ongoing', messages: [{ value: 'open' }] })
    await transaction.send({ topic: 'elsewhere', messages: [{ value: 'open' }] })
    const before = await readEnds(side.cluster, [at], signal)
    expect(before).toMatchObject([{ stableEnd: 0, highWatermark: 1, logEnd: 1 }])

    const settling = await settleTransactions(
      { cluster: side.cluster, partitions: [at], withinMs: 20_000, clock },
      signal,
    )
    expect(settling).toMatchObject({
      kind: 'settled',
      ended: [{ transactionalId: 'app-ongoing', alsoAborted: [{ topic: 'elsewhere', partition: 0 }] }],
    })
    expect(await readEnds(side.cluster, [at], signal)).toMatchObject([{ stableEnd: 2, highWatermark: 2 }])
    await expect(transaction.commit()).rejects.toThrow()
    await producer.disconnect()
    const again = await settleTransactions({ cluster: side.cluster, partitions: [at], withinMs: 20_000, clock }, signal)
    expect(again).toEqual({ kind: 'settled', ended: [] })
  }, 60_000)

  it('that have begun to commit are waited for, and committed', async () => {
    // On two brokers: the coordinator does not need the one that is frozen for its own log.
    const { at, partition, brokers } = await create('committing', 2)
    const follower = partition.replicas.find((id) => id !== partition.leaderId) ?? -1
    const index = brokers
      .map(({ nodeId }) => nodeId)
      .sort((a, b) => a - b)
      .indexOf(follower)
    const producer = producerOf('app-committing')
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'committing', messages: [{ value: 'to be committed' }] })
    await region.pauseBroker(index)
    const committing = transaction.commit().then(
      () => 'committed',
      () => 'refused',
    )
    const memory = makeHangingMemory()
    const waiting = await settleTransactions(
      { cluster: side.cluster, partitions: [at], withinMs: 4_000, clock, memory },
      signal,
    )
    expect(waiting.kind).toBe('waiting')
    await region.resumeBroker(index)
    const settled = await settleTransactions(
      { cluster: side.cluster, partitions: [at], withinMs: 30_000, clock, memory },
      signal,
    )
    expect([settled.kind, memory.ended.size]).toEqual(['settled', 0])
    const outcome = await committing
    await producer.disconnect()
    const { kind, cuts } = await cutPartitions({ ...cutRequest('committing', [at]), withinMs: 20_000 }, signal)
    expect([kind, cuts[0]?.cut]).toEqual(['cut', 2])
    // Acknowledged as committed and aborted all the same is what must never be.
    const { aborted } = await reader.read(at, { offset: 0, maxBytes: 65_536, isolation: 'read_committed' }, signal)
    expect([outcome, aborted]).toEqual(['committed', []])
  }, 90_000)
})

describe('a cut', () => {
  it('stands behind what a frozen follower holds back, which a plain end does not', async () => {
    const { at, partition, brokers } = await create('frozen')
    const follower = partition.replicas.find((id) => id !== partition.leaderId) ?? -1
    const index = brokers
      .map(({ nodeId }) => nodeId)
      .sort((a, b) => a - b)
      .indexOf(follower)
    const producer = side.kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 5 } })
    await producer.connect()
    await producer.send({ topic: 'frozen', messages: [{ value: 'replicated' }] })
    await region.pauseBroker(index)
    const late = producer.send({
      topic: 'frozen',
      messages: [1, 2, 3, 4, 5].map((value) => ({ value: `late ${value}` })),
    })
    await eventually(
      'they are appended',
      async () => ((await readEnds(side.cluster, [at], signal))[0]?.logEnd === 6 ? true : undefined),
      () => '',
    )
    expect(await readEnds(side.cluster, [at], signal)).toMatchObject([{ highWatermark: 1, logEnd: 6 }])
    const waiting = await cutPartitions({ ...cutRequest('frozen', [at]), withinMs: 4_000 }, signal)
    expect(waiting).toMatchObject({ kind: 'waiting', cuts: [], pending: [{ topic: 'frozen', partition: 0 }] })

    await region.resumeBroker(index)
    await late
    const cutting = await cutPartitions({ ...cutRequest('frozen', [at]), withinMs: 30_000 }, signal)
    expect(cutting.kind).toBe('cut')
    expect(cutting.cuts).toMatchObject([{ cut: 6 }])
    const again = await cutPartitions({ ...cutRequest('frozen', [at]), withinMs: 30_000 }, signal)
    expect(again).toEqual(cutting)
    expect(findLeaks(cutting.cuts, await readEnds(side.cluster, [at], signal))).toEqual([])

    await producer.send({ topic: 'frozen', messages: [{ value: 'past the fence' }] })
    await producer.disconnect()
    const leaks = findLeaks(cutting.cuts, await readEnds(side.cluster, [at], signal))
    expect(leaks).toMatchObject([{ topic: 'frozen', partition: 0, cut: 6 }])
  }, 90_000)
})
