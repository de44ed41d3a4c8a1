import { expect, test } from 'vitest'
import { type ClientsCluster, ClientWatch, findQuiet } from '../../../src/controller/client-watch.ts'
import { SourceRates } from '../../../src/controller/evidence/index.ts'
import { type RegionName, regionName, systemClock } from '../../../src/core/index.ts'
import type { GroupDocument, Reign } from '../../../src/failover/index.ts'
import { threeRegions } from '../../support/failover/machine-model.ts'

const { signal } = new AbortController()
const [west, east] = [regionName('west'), regionName('east')]
const MOVED_MS = 10_000

/** The end of `orders-PARTITION` in a region, as it was seen second by second. */
function seen(region: RegionName, { partition, ends, fromMs }: { partition: number; ends: number[]; fromMs: number }) {
  return ends.map((end, at) => ({ region, topic: 'orders', partition, end, atMs: fromMs + at * 1_000 }))
}

test('a partition is quiet where applications wrote to it before the move and nothing but markers came since', () => {
  const rates = new SourceRates()
  const before = [
    [0, 50, 100],
    [0, 50, 100],
    [0, 0, 1],
    [0, 50, 100],
    [0, 50, 100],
  ]
  for (const [partition, ends] of before.entries()) rates.note(seen(west, { partition, ends, fromMs: 1_000 }))
  // 0 goes on, 1 has nothing but a marker, 2 was idle before, 3 was seen in an earlier reign, 4 not at all.
  rates.note(seen(east, { partition: 0, ends: [100, 110], fromMs: MOVED_MS }))
  rates.note(seen(east, { partition: 1, ends: [100, 101], fromMs: MOVED_MS }))
  rates.note(seen(east, { partition: 2, ends: [1, 2], fromMs: MOVED_MS }))
  rates.note(seen(east, { partition: 3, ends: [100, 100], fromMs: MOVED_MS - 500 }))
  const partitions = before.map((_, partition) => ({ topic: 'orders', partition }))
  expect(findQuiet(partitions, { active: east, left: west, movedAtMs: MOVED_MS, rates })).toEqual([
    { topic: 'orders', partition: 1, ratePerSecond: 50 },
  ])
})

function cluster(members: number, lastTimestamp?: number): ClientsCluster {
  const producer = { producerId: 7n, producerEpoch: 0, lastSequence: 1, coordinatorEpoch: 0, currentTxnStartOffset: -1 }
  const partition = { partition: 0, errorCode: 0, leaderId: 1, leaderEpoch: 1, replicas: [1], isr: [1] }
  const orders = { name: 'orders', topicId: 'id', isInternal: false, errorCode: 0, partitions: [partition] }
  return {
    metadata: async () => ({
      clusterId: 'c',
      controllerId: 1,
      brokers: [],
      topics: [orders, { ...orders, name: 'mail' }],
    }),
    listGroups: async () => ({
      groups: [
        { groupId: 'billing', state: members > 0 ? 'Stable' : 'Empty', type: 'classic', protocolType: 'consumer' },
      ],
      silent: [],
    }),
    describeGroups: async () => {
      const member = { clientId: 'bill', host: '/10.0.0.7', assigned: [{ topic: 'orders', partition: 0 }] }
      const all = Array.from({ length: members }, () => member)
      return [{ groupId: 'billing', errorCode: 0, state: 'Stable', protocol: 'classic', members: all }]
    },
    fetchGroupOffsets: async () => [],
    describeProducers: async (asked) => {
      const producers = lastTimestamp === undefined ? [] : [{ ...producer, lastTimestamp }]
      return asked.map((one) => ({ ...one, errorCode: 0, producers }))
    },
    listTransactions: async () => [],
  }
}

function watchOf(clusters: Readonly<Record<string, ClientsCluster>>, document: GroupDocument, isLeading = true) {
  const all = { include: ['orders'], exclude: [] }
  const errors: unknown[] = []
  const watch = new ClientWatch({
    groups: [{ name: 'orders', regions: [west, east], topics: all, consumerGroups: { include: ['*'], exclude: [] } }],
    clusters: new Map(Object.entries(clusters).map(([name, one]) => [regionName(name), one])),
    documents: { get: () => document },
    rates: new SourceRates(),
    isLeading: () => isLeading,
    clock: systemClock,
    onError: (error) => void errors.push(error),
  })
  return { watch, errors }
}

/** West was left for east. */
function moved(atMs: number): GroupDocument {
  const document = threeRegions()
  const reign: Reign = {
    epoch: 2,
    active: east,
    kind: 'switchover',
    operation: 'op',
    committedAt: new Date(atMs).toISOString(),
  }
  return { ...document, active: east, reigns: [...document.reigns, reign] }
}

test('who has not moved is told with who wrote shortly before the move, and a silent region is not an empty one', async () => {
  const nowMs = systemClock.nowMs()
  // Longer ago than producers are told of, but shortly before the move.
  const movedAtMs = nowMs - 3_000_000
  const left = cluster(2, movedAtMs - 1_000)
  const { watch } = watchOf({ west: left, east: cluster(0, movedAtMs - 1_000) }, moved(movedAtMs))
  const look = await watch.look(moved(movedAtMs), signal)
  expect(look).toMatchObject({ group: 'orders', active: 'east', left: 'west', movedAtMs, quiet: [] })
  expect(look.regions).toMatchObject([
    {
      region: 'west',
      trouble: null,
      groups: [{ group: 'billing', members: [{}, {}] }],
      producers: [{ producerId: 7n }],
    },
    { region: 'east', trouble: null, groups: [], producers: [] },
  ])
  expect(look.regions[0]?.producers[0]?.partitions).toEqual(['orders-0'])

  const listGroups = () => Promise.reject(new Error('nobody answers'))
  const silent = watchOf({ west: { ...left, listGroups }, east: cluster(0) }, moved(movedAtMs))
  const [first] = (await silent.watch.look(moved(movedAtMs), signal)).regions
  expect(first).toMatchObject({ region: 'west', trouble: 'nobody answers', groups: [] })
})

test('the controller that leads counts members in regions that are not active; a silent one has no count', async () => {
  const document = moved(0)
  const { watch, errors } = watchOf({ west: cluster(3), east: cluster(5) }, document)
  watch.start()
  await expect.poll(() => watch.status()).toEqual([{ group: 'orders', region: 'west', groups: 1, members: 3 }])
  await watch.stop()

  const listGroups = () => Promise.reject(new Error('nobody answers'))
  const silent = watchOf({ west: { ...cluster(3), listGroups }, east: cluster(5) }, document)
  silent.watch.start()
  await expect
    .poll(() => silent.watch.status())
    .toEqual([{ group: 'orders', region: 'west', groups: undefined, members: undefined }])
  await silent.watch.stop()
  expect(errors).toEqual([])
})
