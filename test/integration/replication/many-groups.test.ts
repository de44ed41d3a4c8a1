import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalRegion, localPorts, startRegion } from '../../../src/local/index.ts'
import type { GroupStatus } from '../../../src/replication/index.ts'
import { DelayProxy } from '../../support/delay-proxy.ts'
import { commitGroups, positionsAt, RequestCounter } from '../../support/many-groups.ts'
import { Copier, eventually, Side, signal, values } from './copy-trial.ts'

/** What positions cost in requests: counted on the wire, not timed. */
const GROUPS = 2_000
const PARTITIONS = 3
const RECORDS = 50
/** Named in one OffsetFetch. */
const GROUPS_PER_REQUEST = 500
const TOPIC = 'many'
const names = Array.from({ length: GROUPS }, (_, at) => `group-${String(at).padStart(4, '0')}`)

let source: LocalRegion
let target: LocalRegion
let proxy: DelayProxy
let from: Side
let to: Side
let copier: Copier
const counter = new RequestCounter()

beforeAll(async () => {
  const [proxyPort = 0] = await localPorts.take(1)
  ;[source, target] = await Promise.all([
    startRegion({ name: 'from' }),
    startRegion({ name: 'to', advertisedPorts: [proxyPort] }),
  ])
  const targetPort = Number(target.bootstrap[0]?.split(':')[1])
  proxy = await DelayProxy.start({ listenPort: proxyPort, targetPort, delayMs: 0, onRequest: counter.count })
  from = new Side(source)
  to = new Side(target)
  await from.cluster.createTopics(
    [{ topic: TOPIC, partitions: PARTITIONS, replicationFactor: -1, configs: {} }],
    signal,
  )
  await from.produce(TOPIC, values('many', RECORDS * PARTITIONS))
  copier = new Copier(source, target, TOPIC, { positions: { groups: '*', everyMs: 300, deletionGraceMs: 500 } })
  const isCopied = () => {
    const flows = copier.replicator.status().links[0]?.flows ?? []
    const isDone =
      flows.length === PARTITIONS && flows.every(({ sourceNext, lagRecords }) => sourceNext && lagRecords === 0)
    return isDone ? true : undefined
  }
  await eventually('all partitions are copied', isCopied, () => copier.describe())
  await commitGroups(from.cluster, names, positionsAt(TOPIC, PARTITIONS, 1), signal)
}, 180_000)

afterAll(async () => {
  await copier.stop()
  await from.close()
  await to.close()
  await proxy[Symbol.asyncDispose]()
  await Promise.all([source.stop(), target.stop()])
})

function groups(): readonly GroupStatus[] {
  return copier.replicator.status().links[0]?.groups ?? []
}

async function untilGroups(what: string, isDone: (groups: readonly GroupStatus[]) => boolean): Promise<void> {
  await eventually(
    what,
    () => (isDone(groups()) ? true : undefined),
    () => JSON.stringify(groups().slice(0, 2)),
    60_000,
  )
}

/** Until so many more passes have begun. */
async function untilPasses(count: number): Promise<void> {
  const wanted = counter.of('ListGroups') + count
  await eventually(
    'passes',
    () => (counter.of('ListGroups') >= wanted ? true : undefined),
    () => '',
    60_000,
  )
}

describe('the positions of 2,000 groups', () => {
  it('are written with one request a group, once', async () => {
    await untilGroups('all in step', (all) => all.length === GROUPS && all.every(({ state }) => state === 'synced'))
    expect(counter.of('OffsetCommit')).toBe(GROUPS)
    const read = await to.cluster.fetchGroupOffsets(names, signal)
    expect(read.flatMap(({ positions }) => positions)).toHaveLength(GROUPS * PARTITIONS)
    expect(new Set(read.flatMap(({ positions }) => positions.map(({ offset }) => offset)))).toEqual(new Set([1]))
  }, 120_000)

  it('cost four requests a pass to look at, and none to write, while no group moves', async () => {
    await untilPasses(1)
    const before = counter.groups
    await untilPasses(5)
    const passes = counter.of('ListGroups') - before.ListGroups
    const fetches = counter.of('OffsetFetch') - before.OffsetFetch
    const aPass = GROUPS / GROUPS_PER_REQUEST
    // The pass that is under way when counting begins and ends may have fetched or not.
    expect(fetches).toBeGreaterThanOrEqual((passes - 1) * aPass)
    expect(fetches).toBeLessThanOrEqual((passes + 1) * aPass)
    expect(counter.of('OffsetCommit')).toBe(before.OffsetCommit)
    expect(counter.of('FindCoordinator')).toBe(before.FindCoordinator)
  }, 60_000)

  it('cost one request for each group that moves', async () => {
    const before = counter.groups
    const moved = names.slice(10, 15)
    await commitGroups(from.cluster, moved, positionsAt(TOPIC, PARTITIONS, 2), signal)
    await untilGroups('followed', (all) =>
      moved.every((name) => all.find(({ group }) => group === name)?.positions.every((at) => at.targetOffset === 2)),
    )
    await untilPasses(2)
    expect(counter.of('OffsetCommit') - before.OffsetCommit).toBe(moved.length)
  }, 60_000)

  it('go with the groups that are deleted at the source', async () => {
    const [deleted = '', partly = ''] = names.slice(20)
    const admin = from.kafka.admin()
    await admin.connect()
    await admin.deleteGroups([deleted])
    await admin.disconnect()
    await from.cluster.deleteGroupOffsets(partly, [{ topic: TOPIC, partition: 0 }], signal)
    const heard = await eventually(
      'both deletions followed',
      () => {
        const events = copier.events('positions:deleted')
        return events.length === 2 ? events : undefined
      },
      () => JSON.stringify(groups().filter(({ group }) => group === deleted || group === partly)),
    )
    expect(new Map(heard.map(({ group, positions }) => [group, positions]))).toEqual(
      new Map([
        [deleted, PARTITIONS],
        [partly, 1],
      ]),
    )
    const left = await to.cluster.fetchGroupOffsets([deleted, partly, names[30] ?? ''], signal)
    expect(left.map(({ positions }) => positions.length)).toEqual([0, PARTITIONS - 1, PARTITIONS])
    expect(counter.of('OffsetDelete')).toBe(2)
    expect(groups()).toHaveLength(GROUPS - 1)
  }, 60_000)
})
