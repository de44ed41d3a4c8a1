import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { type Cluster, openCluster } from '../../../src/kafka/index.ts'
import { type LocalRegion, startRegion } from '../../../src/local/index.ts'
import { makeBatch } from '../../support/hand-made-batch.ts'

const COORDINATOR_NOT_AVAILABLE = 15
const TOPIC = 'moving'
const PARTITIONS = [0, 1, 2].map((partition) => ({ topic: TOPIC, partition }))

/** A call gives its partitions 10 s; a coordinator's move may take longer on a busy machine. */
async function untilAvailable<Outcome extends { errorCode: number }>(
  call: () => Promise<Outcome[]>,
): Promise<Outcome[]> {
  for (let tries = 1; ; tries++) {
    const outcome = await call()
    if (tries === 5 || outcome[0]?.errorCode !== COORDINATOR_NOT_AVAILABLE) return outcome
  }
}

describe('three brokers of which one is killed', () => {
  let region: LocalRegion
  let cluster: Cluster
  beforeAll(async () => {
    region = await startRegion({ name: 'kafka-moves', brokers: 3 })
    const context = { clock: systemClock, random: systemRandom }
    cluster = openCluster({ name: 'eu', bootstrap: region.bootstrap, connectTimeoutMs: 2_000, context })
    const configs = { 'min.insync.replicas': '2' }
    await cluster.createTopics([{ topic: TOPIC, partitions: 3, replicationFactor: 3, configs }], signal())
  }, 180_000)
  afterAll(async () => {
    await cluster.close()
    await region.stop()
  })

  const signal = () => AbortSignal.timeout(60_000)

  /** Index of the region's broker behind a node id, by its advertised port. */
  async function indexOf(nodeId: number): Promise<number> {
    const { brokers } = await cluster.metadata([], signal())
    const port = brokers.find((broker) => broker.nodeId === nodeId)?.port
    return region.bootstrap.findIndex((address) => address.endsWith(`:${port}`))
  }

  async function latest(deadlineMs: number) {
    const partitions = PARTITIONS.map((partition) => ({ ...partition, timestamp: -1 }))
    return cluster.listOffsets({ isolation: 'read_uncommitted', partitions, deadlineMs }, signal())
  }

  test('offsets, transactions and groups are served by whoever took over', async () => {
    const before = await latest(20_000)
    expect(before.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0])
    const { topics } = await cluster.metadata([TOPIC], signal())
    const topicId = topics[0]?.topicId ?? ''
    const identity = await cluster.initProducerId('moving-txn', 60_000, signal())

    const leader = cluster.leaderOf(TOPIC, 0)
    expect(leader).toBeDefined()
    const killed = await indexOf(leader?.leaderId ?? -1)
    const channel = await cluster.openChannel(leader?.leaderId ?? -1, signal())
    const gone = new Promise<void>((resolve) => channel.onClose(resolve))
    await region.stopBroker(killed, { hard: true })
    await gone

    const after = await latest(40_000)
    expect(after.map(({ errorCode, offset }) => [errorCode, offset])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    const successor = cluster.leaderOf(TOPIC, 0)
    expect(successor?.leaderId).not.toBe(leader?.leaderId)
    expect(successor?.leaderEpoch).toBeGreaterThan(leader?.leaderEpoch ?? 0)

    const next = await cluster.openChannel(successor?.leaderId ?? -1, signal())
    const batch = makeBatch({ ...identity, baseSequence: 0, values: ['after'] })
    const produced = await next.produce({ timeoutMs: 5_000, batches: [{ topic: TOPIC, topicId, partition: 0, batch }] })
    expect(produced.partitions).toMatchObject([{ errorCode: 0, baseOffset: 0 }])
    await next.close()

    const again = await cluster.initProducerId('moving-txn', 60_000, signal())
    expect(again.producerId).toBe(identity.producerId)
    const position = { topic: TOPIC, partition: 0, offset: 1, leaderEpoch: -1, metadata: '' }
    const commit = () => cluster.commitGroupOffsets('moving-group', [position], signal())
    expect(await untilAvailable(commit)).toMatchObject([{ errorCode: 0 }])
  })

  test('a broker that was asked although it is no leader names the new one', async () => {
    const { topics, brokers } = await cluster.metadata([TOPIC], signal())
    const [topic] = topics
    const leader = cluster.leaderOf(TOPIC, 0)
    const other = brokers.find(({ nodeId }) => nodeId !== leader?.leaderId)
    const channel = await cluster.openChannel(other?.nodeId ?? -1, signal())
    const batches = [{ topic: TOPIC, topicId: topic?.topicId ?? '', partition: 0, batch: makeBatch({ values: ['x'] }) }]
    const { partitions } = await channel.produce({ timeoutMs: 5_000, batches })
    expect(partitions).toMatchObject([{ errorCode: 6, currentLeader: leader }])
    await channel.close()
  })
})
