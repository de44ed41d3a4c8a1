import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CanaryStreams, StandbyReader } from '../../../src/canary/index.ts'
import { linkName, regionName, systemClock as clock, systemRandom as random } from '../../../src/core/index.ts'
import type { DrillStream } from '../../../src/failover/index.ts'
import { type Cluster, decodeRecords, encodeBatch, type NewRecord } from '../../../src/kafka/index.ts'
import { type DataBatch, RegionLogs, Replicator, resolvePolicies } from '../../../src/replication/index.ts'
import { STANDING } from '../../../src/security/index.ts'
import { canRunKafka, testEngine } from '../../e2e/engine.ts'
import {
  addAcls,
  CLAIM,
  entry,
  type SecuredRegion,
  scopeOf,
  soon,
  startSecured,
  type WatchedFences,
} from '../security/secured-region.ts'

/** A stream over a move between two real regions: fences and the link are real, their order is a script. */
const [eu, us] = [regionName('eu'), regionName('us')]
const TOPIC = 'isthmus.canary.orders.stream'
const READER = 'isthmus.canary.orders.d7'
const SCOPE = scopeOf(['isthmus.canary.orders.*'], (topic) => topic.startsWith('isthmus.canary.orders.'))
const PARTITIONS = 2
const LIMIT = { timeout: 60_000 }

testEngine()

describe.runIf(canRunKafka)('a canary stream over a move', () => {
  let regions: { readonly source: SecuredRegion; readonly target: SecuredRegion }
  let standing: WatchedFences
  let clients: Readonly<Record<'euAdmin' | 'euApp' | 'usAdmin' | 'usApp', Cluster>>
  let replicator: Replicator

  beforeAll(async () => {
    const [source, target] = await Promise.all([startSecured({ name: 'eu' }), startSecured({ name: 'us' })])
    regions = { source, target }
    const rights = [
      entry('User:app', { name: 'isthmus.canary.', operation: 'all' }),
      entry('User:app', { resource: 'group', name: 'isthmus.canary.', operation: 'read' }),
    ]
    await Promise.all([addAcls(source.admin, rights), addAcls(target.admin, rights)])
    standing = target.fences()
    await standing.fences.apply({ scope: SCOPE, ...CLAIM, operation: STANDING, comingTopics: [TOPIC] }, soon())
    clients = {
      euAdmin: source.connect('admin'),
      euApp: source.connect('app'),
      usAdmin: target.connect('admin'),
      usApp: target.connect('app'),
    }
    replicator = new Replicator({
      clusters: new Map([
        [eu, clients.euAdmin],
        [us, clients.usAdmin],
      ]),
      links: [
        {
          name: linkName('drill'),
          source: eu,
          target: us,
          topics: { include: [TOPIC], exclude: [] },
          groups: { include: [READER], exclude: [] },
          start: 'earliest',
          policies: resolvePolicies(),
          transform: undefined,
        },
      ],
      topicSyncMs: 500,
      positionSyncMs: 200,
      groupDeletionGraceMs: 600_000,
      replicationFactor: 1,
      bufferBytes: 16 << 20,
      processName: 'test',
      clock,
      random,
    })
    replicator.start()
  }, 120_000)

  afterAll(async () => {
    await replicator?.stop(5_000)
    await Promise.all(Object.values(clients ?? {}).map((cluster) => cluster.close()))
    await Promise.all([regions?.source, regions?.target].map((region) => region?.[Symbol.asyncDispose]()))
  }, 60_000)

  async function untilAcknowledged(stream: DrillStream, more: number): Promise<void> {
    const before = stream.progress().acknowledgedHere
    await expect.poll(() => stream.progress().acknowledgedHere, LIMIT).toBeGreaterThanOrEqual(before + more)
  }

  async function positionsOf(cluster: Cluster): Promise<number[]> {
    const [group] = await cluster.fetchGroupOffsets([READER], soon())
    return [0, 1].map((wanted) => group?.positions.find(({ partition }) => partition === wanted)?.offset ?? -1)
  }

  async function endsOf(cluster: Cluster): Promise<number[]> {
    const partitions = [0, 1].map((partition) => ({ topic: TOPIC, partition, timestamp: -1 }))
    const listed = await cluster.listOffsets({ isolation: 'read_committed', partitions }, soon())
    return listed.toSorted((one, other) => one.partition - other.partition).map(({ offset }) => offset)
  }

  test('loses and repeats nothing, and what was aborted or refused counts as neither', {
    timeout: 120_000,
  }, async () => {
    const { euAdmin, euApp, usAdmin, usApp } = clients
    const reached = new Map([
      [eu, { cluster: euAdmin, application: euApp }],
      [us, { cluster: usAdmin, application: usApp }],
    ])
    const streams = new CanaryStreams({ regions: reached, startWithinMs: 60_000, clock, random })
    const group = { drill: 'd7', group: 'orders', topic: TOPIC, readerGroup: READER }
    const stream = streams.open({ ...group, partitions: PARTITIONS, regions: [eu, us] })
    await stream.start(AbortSignal.timeout(60_000))
    await untilAcknowledged(stream, 10)
    await abortCopyOfFirst(euAdmin)
    await untilAcknowledged(stream, 10)

    await regions.source.fences().fences.apply({ scope: SCOPE, ...CLAIM }, soon())
    // Everything is copied, and the reader's positions are at the end of both.
    await expect.poll(async () => positionsOf(euAdmin), LIMIT).toEqual(await endsOf(euAdmin))
    await expect.poll(() => isCopied(replicator, euAdmin), LIMIT).toBe(true)
    await expect.poll(async () => positionsOf(usAdmin), LIMIT).toEqual(await endsOf(usAdmin))
    await replicator.stop(5_000)

    const standby = new StandbyReader({ clusters: new Map([[us, usAdmin]]), clock, random })
    const shadow = { drill: 'd7', region: us, shadowGroup: 'isthmus.drill.d7' }
    const rest = await standby.read({ ...shadow, topics: [TOPIC], groups: [READER] }, soon())
    expect(rest).toMatchObject({ partitions: 2, records: 0, positionsTried: 2, positionsWrong: [], leftoverGroups: [] })
    const whole = await standby.read({ ...shadow, topics: [TOPIC], groups: [] }, soon())
    expect(whole).toMatchObject({ records: stream.progress().acknowledged, unreadable: [], bounded: 0 })

    const before = stream.progress().acknowledged
    await standing.fences.liftAllOf(STANDING, 'anna', soon())
    await expect.poll(() => stream.progress().acknowledged, LIMIT).toBeGreaterThan(before + 10)
    await expect.poll(() => stream.progress().readHere, LIMIT).toBeGreaterThan(0)
    const report = await stream.stop(soon())
    expect(report).toMatchObject({
      unknown: 0,
      lost: 0,
      repeated: 0,
      reordered: 0,
      damaged: 0,
      overlaps: 0,
      readAgain: 0,
      unread: 0,
      moves: [{ to: us }],
    })
    expect(Object.keys(report.refused)).toEqual(['TOPIC_AUTHORIZATION_FAILED'])
    expect(report.moves[0]?.writePauseMs).toBeGreaterThan(0)
    expect(report.moves[0]?.firstReadAfterMs).not.toBeNull()
    for (const cluster of [euAdmin, usAdmin]) {
      const { groups } = await cluster.listGroups(soon())
      expect(groups.filter(({ groupId }) => groupId.startsWith('isthmus.'))).toEqual([])
    }
  })
})

/** The first record of the stream once more, in a transaction that is aborted. */
async function abortCopyOfFirst(cluster: Cluster): Promise<void> {
  const transactionalId = 'aborted'
  const txn = { transactionalId, ...(await cluster.initProducerId(transactionalId, 60_000, soon())) }
  await cluster.addPartitionsToTxn(txn, [{ topic: TOPIC, partition: 0 }], soon())
  const records = [await firstRecord(cluster)]
  const batch = encodeBatch({ records, codec: 'none', ...txn, baseSequence: 0, isTransactional: true })
  const [topic] = (await cluster.metadata([TOPIC], soon())).topics
  const channel = await cluster.openChannel(cluster.leaderOf(TOPIC, 0)?.leaderId ?? -1, soon())
  try {
    const place = { topic: TOPIC, topicId: topic?.topicId ?? '', partition: 0 }
    const written = await channel.produce({ transactionalId, timeoutMs: 5_000, batches: [{ ...place, batch }] })
    expect(written.partitions[0]?.errorCode).toBe(0)
    await cluster.endTxn(txn, 'abort', soon())
  } finally {
    await channel.close()
  }
}

async function firstRecord(cluster: Cluster): Promise<NewRecord> {
  await using logs = new RegionLogs(cluster, { clock, random })
  const [topic] = (await cluster.metadata([TOPIC], soon())).topics
  const found: NewRecord[] = []
  const take = ({ header, buffer }: DataBatch) => {
    found.push(...decodeRecords(buffer, header).map(({ timestamp, key, value }) => ({ timestamp, key, value })))
    return false
  }
  await logs.read({ topic: TOPIC, topicId: topic?.topicId ?? '', partition: 0 }, { from: 0, to: 1 }, take, soon())
  const [first] = found
  if (first === undefined) throw new Error('the stream has written nothing')
  return first
}

async function isCopied(replicator: Replicator, source: Cluster): Promise<boolean> {
  const flows = replicator.status().links[0]?.flows ?? []
  const partitions = flows.map(({ partition }) => ({ topic: TOPIC, partition, timestamp: -1 }))
  const ends = await source.listOffsets({ isolation: 'read_committed', partitions }, soon())
  return (
    flows.length === PARTITIONS &&
    flows.every(({ partition, sourceNext }) => {
      return (sourceNext ?? -1) >= (ends.find((end) => end.partition === partition)?.offset ?? Number.POSITIVE_INFINITY)
    })
  )
}
