import { Consumer } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LocalRegion } from '../../../src/local/index.ts'
import type { GroupStatus } from '../../../src/replication/index.ts'
import { Copier, eventually, signal, values } from './copy-trial.ts'
import { startTwoRegions } from './two-regions.ts'

/** Groups whose members speak either protocol, with real consumers on both sides. */
const TOPIC = 'protocols'

const { source, target, from, to } = await startTwoRegions()
let copier: Copier

beforeAll(async () => {
  await from.createTopic(TOPIC)
  await from.produce(TOPIC, values('protocols', 20))
  copier = new Copier(source, target, TOPIC, { positions: { groups: '*', everyMs: 300, deletionGraceMs: 600_000 } })
  await copier.untilCopied(20)
}, 180_000)

afterAll(async () => {
  await copier.stop()
})

/** A member of a group that has committed an offset, and is still there. */
async function join(region: LocalRegion, groupId: string, groupProtocol: 'classic' | 'consumer', offset: bigint) {
  const consumer = new Consumer({ clientId: 'test', groupId, bootstrapBrokers: [...region.bootstrap], groupProtocol })
  const stream = await consumer.consume({ topics: [TOPIC], mode: 'latest', autocommit: false })
  const isAssigned = () => ((consumer.assignments ?? []).length > 0 ? true : undefined)
  await eventually('a partition is assigned', isAssigned, () => JSON.stringify(consumer.assignments))
  await consumer.commit({ offsets: [{ topic: TOPIC, partition: 0, offset, leaderEpoch: 0 }] })
  return {
    async leave() {
      await stream.close()
      await consumer.close(true)
    },
  }
}

async function untilState(group: string, state: GroupStatus['state'], sourceOffset: number): Promise<void> {
  const statuses = () => copier.replicator.status().links[0]?.groups ?? []
  const look = () => {
    const found = statuses().find((one) => one.group === group)
    return found?.state === state && found.positions[0]?.sourceOffset === sourceOffset ? true : undefined
  }
  await eventually(`${group} is ${state}`, look, () => JSON.stringify(statuses()))
}

async function positionOnTarget(group: string): Promise<number | undefined> {
  const [answer] = await to.cluster.fetchGroupOffsets([group], signal)
  return answer?.positions[0]?.offset
}

describe.each(['classic', 'consumer'] as const)('a group of the %s protocol', (protocol) => {
  it('is followed while it reads at the source, and left alone once it reads on the target', async () => {
    const group = `group-${protocol}`
    const reading = await join(source, group, protocol, 5n)
    await untilState(group, 'synced', 5)
    expect(await positionOnTarget(group)).toBe(5)
    await reading.leave()

    const moved = await join(target, group, protocol, 9n)
    await untilState(group, 'active-on-target', 5)
    expect(await positionOnTarget(group)).toBe(9)
    await moved.leave()
    await untilState(group, 'foreign-position', 5)
    expect(await positionOnTarget(group)).toBe(9)
  }, 120_000)
})
