import { beforeEach, expect, test } from 'vitest'
import type { Cluster } from '../../../src/kafka/index.ts'
import { ByteBudget } from '../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../src/replication/flows/flow.ts'
import { TargetWatch } from '../../../src/replication/target-watch.ts'
import {
  answer,
  fetched,
  LEADER_EPOCH,
  LogInMemory,
  makeTenure,
  ManualClock,
  neverAborted,
  plainBatch,
  SPEC,
} from './flows/flow-fixtures.ts'

let clock: ManualClock
let flow: Flow
let end: number
let meanwhile: () => void
let clusters: string[]

beforeEach(() => {
  clock = new ManualClock()
  flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  flow.sourceLeaderEpoch = LEADER_EPOCH
  flow.begin(makeTenure(clock, new LogInMemory()), { sourceNext: 5, targetNext: 5, epochStart: 0 }, { ready: () => {} })
  end = 5
  meanwhile = () => undefined
  clusters = []
})

/** One pass; whether it ended the flow's run. */
async function pass(): Promise<boolean> {
  const stub: Partial<Cluster> = {
    metadata: async () => ({ clusterId: 'us', controllerId: 1, brokers: [], topics: [] }),
    listOffsets: async ({ partitions }) => {
      const listed = partitions.map((one) => ({ ...one, errorCode: 0, offset: end, timestamp: -1, leaderEpoch: 0 }))
      meanwhile()
      return listed
    },
  }
  const watch = new TargetWatch({
    target: stub as Cluster,
    flows: () => [flow],
    clock,
    onCluster: (id) => void clusters.push(id),
    onError: () => undefined,
  })
  await watch.act(watch.decide(await watch.observe(neverAborted)))
  return !flow.isOpen
}

test('an idle flow whose partition ends where the copy does is left alone', async () => {
  expect(await pass()).toBe(false)
  expect(clusters).toEqual(['us'])
})

test('an idle flow whose partition has grown is looked at', async () => {
  end = 6
  expect(await pass()).toBe(true)
  expect(await flow.untilTrouble()).toMatchObject({ kind: 'recover', reason: expect.stringContaining('ends at 6') })
})

test('an idle flow whose partition has lost its end is looked at', async () => {
  end = 3
  expect(await pass()).toBe(true)
  expect(await flow.untilTrouble()).toMatchObject({ kind: 'recover', reason: expect.stringContaining('lost records') })
})

test('what the flow sent and got acknowledged meanwhile is its own', async () => {
  end = 6
  meanwhile = () => {
    flow.accept(fetched(plainBatch(5, 1)))
    flow.acknowledge(flow.takeBatch()!, answer(5))
  }
  expect(await pass()).toBe(false)
})

test('a flow with something on the way is left to its acknowledgement', async () => {
  flow.accept(fetched(plainBatch(5, 1)))
  flow.takeBatch()
  end = 6
  expect(await pass()).toBe(false)
})

test('of very many flows each pass looks at some, and all have their turn', async () => {
  const flows = Array.from({ length: 4_500 }, (_, partition) => {
    const one = new Flow({ ...SPEC, key: { ...SPEC.key, partition } }, { clock, budget: new ByteBudget(1 << 20) })
    one.begin(
      makeTenure(clock, new LogInMemory()),
      { sourceNext: 5, targetNext: 5, epochStart: 0 },
      { ready: () => {} },
    )
    return one
  })
  const asked: number[][] = []
  const stub: Partial<Cluster> = {
    metadata: async () => ({ clusterId: 'us', controllerId: 1, brokers: [], topics: [] }),
    listOffsets: async ({ partitions }) => {
      asked.push(partitions.map(({ partition }) => partition))
      return []
    },
  }
  const watch = new TargetWatch({
    target: stub as Cluster,
    flows: () => flows,
    clock,
    onCluster: () => undefined,
    onError: () => undefined,
  })
  for (let pass = 0; pass < 4; pass++) await watch.observe(neverAborted)
  expect(asked.map(({ length }) => length)).toEqual([2_000, 2_000, 500, 2_000])
  expect(new Set(asked.slice(0, 3).flat()).size).toBe(4_500)
  expect(asked[3]).toEqual(asked[0])
})
