import { expect, it } from 'vitest'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import type { PositionContext } from '../../../../src/replication/flows/position-context.ts'
import { seedFlow } from '../../../../src/replication/flows/seed.ts'
import {
  KEY,
  LogInMemory,
  makeTenure,
  ManualClock,
  neverAborted,
  plainPositionContext,
  readerOf,
  SPEC,
  uuid,
} from './flow-fixtures.ts'

/** The topic's id changes with the first answer about its log. */
function clusterOf(before: string, after: string): Cluster {
  let topicId = before
  const stub: Partial<Cluster> = {
    name: 'eu',
    listOffsets: async ({ partitions }) => {
      topicId = after
      return partitions.map((one) => ({ ...one, errorCode: 0, offset: 12, timestamp: -1, leaderEpoch: 0 }))
    },
    metadata: async () => {
      const topic = { name: KEY.topic, topicId, isInternal: false, errorCode: 0, partitions: [] }
      return { clusterId: 'eu', controllerId: 1, brokers: [], topics: [topic] }
    },
  }
  return stub as Cluster
}

async function seed(sourceTopicId: string, targetTopicId: string) {
  const clock = new ManualClock()
  const log = new LogInMemory()
  const context: PositionContext = {
    ...plainPositionContext(clock),
    source: clusterOf(SPEC.sourceTopicId, sourceTopicId),
    target: clusterOf(targetTopicId, targetTopicId),
    sourceReader: readerOf([]),
    targetReader: readerOf([]),
    firstStart: 'latest',
  }
  const flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  const seeding = seedFlow(flow, makeTenure(clock, log), { map: undefined, end: 0 }, context, neverAborted)
  const code = await seeding.then(
    ({ sourceNext }) => sourceNext,
    ({ code: fault }: { code: string }) => fault,
  )
  return [code, log.appended.length]
}

it('writes its first entry only for the topics that were asked', async () => {
  expect(await seed(SPEC.sourceTopicId, SPEC.targetTopicId)).toEqual([12, 1])
  expect(await seed(uuid(77), SPEC.targetTopicId)).toEqual(['TARGET_NOT_READY', 0])
  expect(await seed(SPEC.sourceTopicId, uuid(77))).toEqual(['TARGET_NOT_READY', 0])
})
