import { afterEach, beforeEach, expect, test } from 'vitest'
import { StandbyReader, type StandbyReaderOptions } from '../../../src/canary/index.ts'
import { regionName, systemClock, systemRandom } from '../../../src/core/index.ts'
import { type Cluster, encodeBatch, openCluster } from '../../../src/kafka/index.ts'
import { type FakeBroker, startFakeBroker } from '../../support/fake-broker/broker.ts'

/** What an isolated drill finds on a standby; every reading here has to leave the broker's groups as they were. */
const us = regionName('us')
const never = new AbortController().signal
const SHADOW = 'isthmus.drill.d7'
const context = { clock: systemClock, random: systemRandom }

let broker: FakeBroker
let cluster: Cluster

beforeEach(async () => {
  broker = await startFakeBroker()
  cluster = openCluster({ name: 'us', bootstrap: broker.bootstrap, context })
})

afterEach(async () => {
  await cluster.close()
  await broker[Symbol.asyncDispose]()
})

/** A topic of one partition with so many batches of two records, the newest a second old. */
function fill(topic: string, batches: number): void {
  const log = broker.state.createTopic(topic, 1).partitions[0]
  for (let batch = 0; batch < batches; batch++) {
    const timestamp = Date.now() - 1_000 - (batches - batch)
    const records = ['a', 'b'].map((value) => ({ timestamp, key: null, value: Buffer.from(value) }))
    log?.append(encodeBatch({ records, codec: 'gzip', producerId: -1n, producerEpoch: -1, baseSequence: -1 }))
  }
}

function position(group: string, topic: string, offset: number): void {
  const known = broker.state.groups.get(group) ?? new Map()
  known.set(`${topic}/0`, { offset, leaderEpoch: -1, metadata: null })
  broker.state.groups.set(group, known)
}

function positions(): unknown {
  return [...broker.state.groups].map(([group, places]) => [group, [...places]])
}

async function read(topics: readonly string[], groups: readonly string[], limits: Partial<StandbyReaderOptions> = {}) {
  const before = positions()
  const reader = new StandbyReader({ clusters: new Map([[us, cluster]]), ...context, ...limits })
  const report = await reader.read({ drill: 'd7', region: us, topics, groups, shadowGroup: SHADOW }, never)
  expect(positions()).toEqual(before)
  return report
}

test('copies are read from the lowest position of any group to their end', async () => {
  fill('orders', 5)
  fill('prices', 3)
  position('app', 'orders', 8)
  position('report', 'orders', 4)
  const report = await read(['orders', 'prices'], ['app', 'report'])
  expect(report).toMatchObject({
    topics: 2,
    partitions: 2,
    records: 6 + 6,
    bounded: 0,
    unreadable: [],
    positionsTried: 2,
    positionsWrong: [],
    leftoverGroups: [],
  })
  expect(report.bytes).toBeGreaterThan(0)
  expect(report.newestAgeMs).toBeGreaterThanOrEqual(1_000)
})

test('a position in the middle of a batch counts its rest only', async () => {
  fill('orders', 2)
  position('app', 'orders', 1)
  expect(await read(['orders'], ['app'])).toMatchObject({ records: 3 })
})

test('positions outside of the log are wrong', async () => {
  fill('orders', 2)
  position('ahead', 'orders', 5)
  const report = await read(['orders'], ['ahead', 'absent'])
  expect(report.positionsWrong).toEqual(['ahead orders-0: 5 lies beyond the log, which ends at 4'])
  expect(report.records).toBe(4)
})

test('a batch that was damaged on disk is named, and those in front of it are counted', async () => {
  fill('orders', 3)
  broker.state.partition('orders', 0)?.damage()
  const report = await read(['orders'], [])
  expect(report.unreadable).toEqual(['orders-0 at offset 4: the checksum is wrong'])
  expect(report.records).toBe(4)
})

test('a topic that the standby does not have is named', async () => {
  fill('orders', 1)
  const report = await read(['orders', 'prices'], [])
  expect(report).toMatchObject({ partitions: 1, unreadable: ['prices: UNKNOWN_TOPIC_OR_PARTITION'] })
})

test.each([
  ['records of a partition', { recordsMax: 4 }, 1, 4],
  ['the time of a partition', { partitionMs: 0 }, 1, 2],
  ['the time of all', { totalMs: 0 }, 1, 0],
])('reading stops at a bound: %s', async (_what, limits, bounded, records) => {
  fill('orders', 10)
  expect(await read(['orders'], [], limits)).toMatchObject({ bounded, records, unreadable: [] })
})

test('an empty standby has no newest record', async () => {
  broker.state.createTopic('orders', 1)
  expect(await read(['orders'], [])).toMatchObject({ records: 0, newestAgeMs: null, bounded: 0 })
})

test('what a reading that was cut off has left is deleted, and nothing else', async () => {
  fill('orders', 1)
  for (const group of [SHADOW, 'isthmus.drill.d8', 'app']) position(group, 'orders', 1)
  const reader = new StandbyReader({ clusters: new Map([[us, cluster]]), ...context })
  expect(await reader.clean(us, SHADOW, never)).toEqual([])
  expect([...broker.state.groups.keys()]).toEqual(['isthmus.drill.d8', 'app'])
  await expect(reader.clean(us, 'app', never)).rejects.toThrow('may be the name of an application')
})

test('groups that cannot be deleted are told', async () => {
  fill('orders', 1)
  position(SHADOW, 'orders', 1)
  broker.state.groups.delete = () => false
  const reader = new StandbyReader({ clusters: new Map([[us, cluster]]), ...context })
  expect(await reader.clean(us, SHADOW, never)).toEqual([SHADOW])
})
