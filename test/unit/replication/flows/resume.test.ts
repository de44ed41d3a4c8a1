import { beforeEach, expect, it } from 'vitest'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { resumeFlow } from '../../../../src/replication/flows/position.ts'
import type { PositionContext } from '../../../../src/replication/flows/position-context.ts'
import type { FlowEntry } from '../../../../src/replication/offset-map/index.ts'
import {
  flowEntry,
  KEY,
  LogInMemory,
  makeTenure,
  ManualClock,
  neverAborted,
  plainBatch,
  plainModel,
  plainPositionContext,
  readerOf,
  SPEC,
  TargetLogInMemory,
} from './flow-fixtures.ts'

const OLD = { producerId: 7n, producerEpoch: 2 }
const SOURCE_END = 100

let clock: ManualClock
let flow: Flow
let target: TargetLogInMemory

beforeEach(() => {
  clock = new ManualClock()
  flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  target = new TargetLogInMemory()
  target.producer = OLD
})

function clusterOf(end: number): Cluster {
  const stub: Partial<Cluster> = {
    name: 'eu',
    listOffsets: async ({ partitions }) =>
      partitions.map((one) => ({ ...one, errorCode: 0, offset: one.timestamp === -2 ? 0 : end, leaderEpoch: 0 })),
    // The epoch before the last one of the source ended long ago.
    offsetForLeaderEpoch: async (query) =>
      query.map((one) => ({ ...one, errorCode: 0, endOffset: one.leaderEpoch === 1 ? 3 : end })),
    metadata: async () => {
      const topics = [{ name: KEY.topic, topicId: SPEC.sourceTopicId, isInternal: false, errorCode: 0, partitions: [] }]
      return { clusterId: 'eu', controllerId: 1, brokers: [], topics }
    },
  }
  return stub as Cluster
}

/** Of what an older owner has recorded. */
async function resume(...entries: readonly Pick<FlowEntry, 'segments' | 'epochStart'>[]) {
  const log = new LogInMemory()
  const tenure = makeTenure(clock, log)
  log.skipTo(entries.length)
  for (const [at, entry] of entries.entries()) {
    tenure.map.apply(flowEntry({ ...OLD, sourceLeaderEpoch: 2, ...entry }), at)
  }
  const context: PositionContext = {
    ...plainPositionContext(clock),
    source: clusterOf(SOURCE_END),
    target: clusterOf(target.end),
    sourceReader: readerOf([{ base: 0, end: SOURCE_END, bytes: plainBatch(0, SOURCE_END) }]),
    targetReader: readerOf(target.batches),
  }
  const start = await resumeFlow(flow, tenure, context, neverAborted)
  return { start, map: tenure.map.flow(KEY)! }
}

const FROM_THE_START = { epochStart: 0, segments: [{ source: 0, target: 0, causes: 1 }] }

it('asks the source about the epoch in the map: another process may have copied on since this one did', async () => {
  target.send(5)
  flow.sourceLeaderEpoch = 1
  expect((await resume(FROM_THE_START)).start).toMatchObject({ sourceNext: 5 })
  expect(flow.sourceLeaderEpoch).toBe(2)
})

it('takes no marker for a record that compaction took from the end of the target', async () => {
  target.send(5)
  for (let markers = 0; markers < 4; markers++) target.marker()
  target.batches.splice(1, 3)
  const { start, map } = await resume(FROM_THE_START)
  expect(start).toMatchObject({ sourceNext: 5, targetNext: 9 })
  expect(map.toTarget(4)).toEqual({ offset: 4, note: 'exact' })
  expect(map.toTarget(5)).toEqual({ offset: 9, note: 'exact' })
})

it('goes by the map about what compaction took before the epoch on record', async () => {
  target.send(4)
  target.send(1)
  for (let markers = 0; markers < 3; markers++) target.marker()
  target.batches.splice(1, 2)
  // The source holds nothing at 5 to 8, the target a marker at 5.
  const corner = { source: 5, target: 6, causes: 1 }
  const entry = { epochStart: 6, segments: [corner, { source: 9, target: 6, causes: 5 }] }
  const { start, map } = await resume(FROM_THE_START, entry)
  expect(start).toMatchObject({ sourceNext: 9, targetNext: 8 })
  expect(map.toTarget(6)).toEqual({ offset: 8, note: 'hole' })
  expect(map.toTarget(9)).toEqual({ offset: 8, note: 'exact' })
})

it('compares no other record where compaction took the last one of a batch', async () => {
  target.send(5)
  const [batch] = target.batches
  const records = plainModel(0, 5).records.slice(0, 4)
  target.batches[0] = { ...batch!, bytes: plainBatch(0, 5, { ...OLD, baseSequence: 0, records }) }
  target.marker()
  expect((await resume(FROM_THE_START)).start).toMatchObject({ sourceNext: 5, targetNext: 6 })
})
