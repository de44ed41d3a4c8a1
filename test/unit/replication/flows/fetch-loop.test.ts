import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bandwidth } from '../../../../src/replication/bandwidth.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { FetchLoop } from '../../../../src/replication/flows/fetch-loop.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { SessionBroker } from '../../../support/session-broker.ts'
import {
  answer,
  LEADER_EPOCH,
  LogInMemory,
  makeTenure,
  ManualClock,
  plainBatch,
  random,
  settle,
  SPEC,
} from './flow-fixtures.ts'

const LIMIT_BYTES = 64 * 1024 * 1024
const FLOWS = [0, 1, 2]

let clock: ManualClock
let broker: SessionBroker
let budget: ByteBudget
let flows: Flow[]
let loop: FetchLoop
let stop: AbortController
let running: Promise<void>
let troubles: string[]

beforeEach(() => {
  clock = new ManualClock()
  broker = new SessionBroker()
  budget = new ByteBudget(LIMIT_BYTES)
  stop = new AbortController()
  troubles = []
  flows = FLOWS.map((partition) => makeFlow(partition))
  const onTrouble = (reason: string) => troubles.push(reason)
  const bandwidth = new Bandwidth(clock, undefined).join({ weight: 1 })
  loop = new FetchLoop({
    bandwidth,
    cluster: broker.cluster,
    nodeId: 1,
    budget,
    clock,
    random,
    onMoved: () => undefined,
    onTrouble,
  })
  running = loop.run(stop.signal)
})

afterEach(async () => {
  stop.abort()
  broker.restart()
  await clock.pass(10_000)
  await running
  for (const flow of flows) flow.end({ kind: 'recover', reason: 'over', afterMs: 0 })
  expect(budget.freeBytes).toBe(LIMIT_BYTES)
})

function makeFlow(partition: number): Flow {
  const flow = new Flow({ ...SPEC, key: { ...SPEC.key, partition } }, { clock, budget })
  // The leader epoch of the batches is known: another one would be recorded first.
  flow.sourceLeaderEpoch = LEADER_EPOCH
  return flow
}

function begin(flow: Flow, sourceNext = 0): void {
  const tenure = makeTenure(clock, new LogInMemory())
  flow.begin(tenure, { sourceNext, targetNext: sourceNext, epochStart: 0 }, { ready: () => undefined })
  loop.add(flow)
}

async function beginAll(): Promise<void> {
  for (const flow of flows) begin(flow)
  await clock.pass(300)
}

function append(partition: number, baseOffset: number, count = 1, value = ''): void {
  const records = Array.from({ length: count }, (_, index) => {
    return {
      offset: baseOffset + index,
      timestamp: 1n,
      attributes: 0,
      key: null,
      value: Buffer.from(value),
      headers: [],
    }
  })
  broker.append(SPEC.sourceTopicId, partition, plainBatch(baseOffset, count, { records }), count)
}

/** Sends and acknowledges whatever is queued. */
function drain(flow: Flow): number {
  let records = 0
  for (let batch = flow.takeBatch(); batch !== undefined; batch = flow.takeBatch()) {
    records += batch.recordCount
    flow.acknowledge(batch, answer(batch.targetBase))
  }
  return records
}

const lastRequest = () => {
  const request = broker.requests.at(-1)
  return {
    epoch: request?.session?.epoch,
    asked: request?.partitions.map(({ partition, fetchOffset }) => [partition, fetchOffset]),
    forgotten: request?.session?.forgotten.map(({ partition }) => partition),
  }
}

describe('a fetch loop', () => {
  it('names every flow once, and afterwards only those that moved', async () => {
    await beginAll()
    expect(lastRequest()).toEqual({
      epoch: 0,
      asked: [
        [0, 0],
        [1, 0],
        [2, 0],
      ],
      forgotten: [],
    })
    append(1, 0, 5)
    await settle()
    expect(lastRequest()).toEqual({ epoch: 1, asked: [[1, 5]], forgotten: [] })
    broker.answerEmpty()
    await settle()
    expect(lastRequest()).toEqual({ epoch: 2, asked: [], forgotten: [] })
    expect(flows.map(drain)).toEqual([0, 5, 0])
  })

  it('takes what a broker without session slots answers to full requests', async () => {
    broker.grantsSessions = false
    await beginAll()
    for (let offset = 0; offset < 3; offset++) {
      append(2, offset)
      await settle()
    }
    expect(lastRequest()).toEqual({
      epoch: 0,
      asked: [
        [0, 0],
        [1, 0],
        [2, 3],
      ],
      forgotten: [],
    })
    expect(flows.map(drain)).toEqual([0, 0, 3])
  })

  it('serves every flow in turns when an answer has room for one', async () => {
    broker.answerMax = 1
    for (const partition of FLOWS) for (let offset = 0; offset < 4; offset++) append(partition, offset)
    await beginAll()
    expect(flows.map(drain)).toEqual([4, 4, 4])
    const moved = broker.requests.flatMap(({ session, partitions }) =>
      session?.epoch === 0 ? [] : partitions.map(({ partition }) => partition),
    )
    for (let turn = 0; turn < 4; turn++) expect(new Set(moved.slice(turn * 3, turn * 3 + 3)).size).toBe(3)
  })

  it('begins another session when the broker has evicted it, and loses and repeats nothing', async () => {
    await beginAll()
    append(0, 0, 2)
    await settle()
    broker.evictSession()
    append(0, 2, 2)
    await settle()
    append(1, 0, 3)
    await settle()
    expect(flows.map(drain)).toEqual([4, 3, 0])
    expect(broker.requests.filter(({ session }) => session?.epoch === 0)).toHaveLength(2)
    expect(troubles).toEqual([])
  })

  it('begins another session after the connection was lost', async () => {
    await beginAll()
    append(0, 0, 2)
    await settle()
    broker.restart()
    append(1, 0, 3)
    await clock.pass(1_000)
    expect(flows.map(drain)).toEqual([2, 3, 0])
    expect(broker.requests.filter(({ session }) => session?.epoch === 0)).toHaveLength(2)
    expect(troubles).toEqual(['the connection is gone'])
  })

  it('leaves out a flow without room, and takes it in again once it has some', async () => {
    await beginAll()
    const value = 'x'.repeat(1024 * 1024)
    for (let offset = 0; offset < 8; offset++) append(0, offset, 1, value)
    await clock.pass(100)
    const full = flows[0]!.fetchOffset
    expect(full).toBeLessThan(8)
    expect(broker.requests.flatMap(({ session }) => session?.forgotten ?? [])).toHaveLength(1)
    expect(broker.requests.at(-1)?.maxWaitMs).toBeLessThan(100)
    expect(drain(flows[0]!)).toBe(full)
    broker.answerEmpty()
    await clock.pass(100)
    expect(drain(flows[0]!)).toBe(8 - full)
  })

  it('drops what was asked for before a flow began anew elsewhere', async () => {
    await beginAll()
    flows[0]!.end({ kind: 'recover', reason: 'told to', afterMs: 0 })
    begin(flows[0]!, 7)
    append(0, 0, 3)
    await settle()
    expect(drain(flows[0]!)).toBe(0)
    expect(lastRequest().asked).toEqual([[0, 7]])
    append(0, 3, 7)
    await settle()
    expect(flows[0]!.fetchOffset).toBe(10)
  })

  it('forgets a flow that has ended or was removed', async () => {
    await beginAll()
    flows[0]!.end({ kind: 'recover', reason: 'told to', afterMs: 0 })
    loop.remove(flows[1]!)
    append(0, 0, 3)
    await settle()
    expect(lastRequest().forgotten?.toSorted()).toEqual([0, 1])
    append(1, 0, 3)
    append(2, 0, 3)
    await settle()
    expect(flows.map(({ fetchOffset }) => fetchOffset)).toEqual([0, 0, 3])
  })
})

describe('what a flow has heard', () => {
  it('stays fresh for as long as the broker answers, though it names the flow no more', async () => {
    await beginAll()
    broker.answerEmpty()
    await settle()
    expect(flows[2]!.sight).toMatchObject({ highWatermark: 0 })
    for (let round = 0; round < 10; round++) {
      await clock.pass(5_000)
      broker.answerEmpty()
      await settle()
    }
    expect(broker.requests.at(-1)?.partitions).toEqual([])
    expect(flows[2]!.source.silenceMs()).toBe(0)
    expect(flows[2]!.sight?.atMs).toBe(clock.nowMs())
    await clock.pass(20_000)
    expect(flows[2]!.source.silenceMs()).toBe(20_000)
  })

  it('comes anew to flows that take the places of others of which the broker was never told', async () => {
    await beginAll()
    broker.answerEmpty()
    await settle()
    for (const flow of flows) loop.remove(flow)
    broker.answerEmpty()
    await settle()
    flows = FLOWS.map((partition) => makeFlow(partition))
    await beginAll()
    broker.answerEmpty()
    await settle()
    expect(flows.map(({ sight }) => sight?.highWatermark)).toEqual([0, 0, 0])
  })

  it('grows old once the flow is no longer asked for', async () => {
    await beginAll()
    broker.answerEmpty()
    await settle()
    await clock.pass(1_000)
    loop.remove(flows[2]!)
    for (let round = 0; round < 3; round++) {
      await clock.pass(5_000)
      broker.answerEmpty()
      await settle()
    }
    expect(flows[2]!.source.silenceMs()).toBe(16_000)
  })
})
