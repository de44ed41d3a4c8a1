import { beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { type FlowRunnerContext, runFlow } from '../../../../src/replication/flows/flow-runner.ts'
import { Releases } from '../../../../src/replication/flows/releases.ts'
import type { Tenure } from '../../../../src/replication/shards/tenure.ts'
import {
  KEY,
  LogInMemory,
  makeTenure,
  ManualClock,
  random,
  plainPositionContext,
  readerOf,
  settle,
  SPEC,
  TargetLogInMemory,
} from './flow-fixtures.ts'

let clock: ManualClock
let flow: Flow
let target: TargetLogInMemory
let tenures: Tenure[]
let next: PromiseWithResolvers<void>
let stops: string[]
let stop: AbortController
let releases: Releases

beforeEach(() => {
  clock = new ManualClock()
  flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  target = new TargetLogInMemory()
  tenures = []
  next = Promise.withResolvers()
  stops = []
  stop = new AbortController()
  releases = new Releases()
})

function clusterOf(topicId: string, end: () => number): Cluster {
  const stub: Partial<Cluster> = {
    name: 'us',
    listOffsets: async ({ partitions }) =>
      partitions.map(({ topic, partition, timestamp }) => {
        return { topic, partition, errorCode: 0, offset: timestamp === -2 ? 0 : end(), timestamp: -1, leaderEpoch: 0 }
      }),
    describeProducers: async () => [],
    metadata: async () => {
      const topic = { name: KEY.topic, topicId, isInternal: false, errorCode: 0, partitions: [] }
      return { clusterId: 'us', controllerId: 1, brokers: [], topics: [topic] }
    },
  }
  return stub as Cluster
}

function context(): FlowRunnerContext {
  return {
    ...plainPositionContext(clock),
    source: clusterOf(SPEC.sourceTopicId, () => 0),
    target: clusterOf(SPEC.targetTopicId, () => target.end),
    sourceReader: readerOf([]),
    targetReader: readerOf(target.batches),
    copiesFromStart: true,
    clock,
    random,
    onMatched: () => undefined,
    onRunning: () => undefined,
    onRecovering: () => undefined,
    onStopped: (_, fault) => stops.push(fault.code),
    releases,
    lanes: { laneFor: async () => ({ ready: () => undefined }) } as unknown as FlowRunnerContext['lanes'],
    shard: {
      tenure: async () => {
        if (tenures.at(-1)?.letGo.aborted === true) await next.promise
        tenures.push(makeTenure(clock, new LogInMemory()))
        return tenures.at(-1)!
      },
    },
  }
}

describe('a flow that stopped', () => {
  beforeEach(() => target.foreign(3))

  it('waits until it is released, without holding the tenure', async () => {
    const running = runFlow(flow, context(), stop.signal)
    await settle()
    expect([flow.state, stops]).toEqual(['stopped', ['FLOW_TARGET_NOT_EMPTY']])
    await tenures[0]!.untilFree()
    releases.release(KEY)
    await settle()
    expect(stops).toHaveLength(2)
    stop.abort(new Error('stopped'))
    await running
    expect(flow.state).toBe('stopped')
  })

  it('loses no release that comes while it is on its way to stop', async () => {
    const given = context()
    const onStopped = () => {
      stops.push('stopped')
      if (stops.length === 1) releases.release(KEY)
    }
    const running = runFlow(flow, { ...given, onStopped }, stop.signal)
    await settle()
    await settle()
    expect(stops).toHaveLength(2)
    expect(flow.state).toBe('stopped')
    stop.abort(new Error('stopped'))
    await running
  })

  it('looks again under the next tenure: it may have been released where the shard was meanwhile', async () => {
    const running = runFlow(flow, context(), stop.signal)
    await settle()
    tenures[0]!.windUp('the shard is handed over')
    await settle()
    expect(flow.state).toBe('starting')
    target.batches.length = 0
    target.end = 0
    next.resolve()
    await settle()
    expect([flow.state, stops.length]).toEqual(['running', 1])
    stop.abort(new Error('stopped'))
    await running
  })
})
