import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow, type FlowLane } from '../../../../src/replication/flows/flow.ts'
import type { QueuedBatch } from '../../../../src/replication/flows/outgoing-queue.ts'
import type { Tenure } from '../../../../src/replication/shards/tenure.ts'
import {
  answer,
  fetched,
  LEADER_EPOCH,
  LogInMemory,
  makeTenure,
  ManualClock,
  markerBatch,
  plainBatch,
  settle,
  SPEC,
} from './flow-fixtures.ts'

const LIMIT_BYTES = 10_000_000
const start = { sourceNext: 0, targetNext: 0, epochStart: 0 }

let clock: ManualClock
let budget: ByteBudget
let log: LogInMemory
let tenure: Tenure
let flow: Flow
let lane: FlowLane

beforeEach(() => {
  clock = new ManualClock()
  budget = new ByteBudget(LIMIT_BYTES)
  log = new LogInMemory()
  tenure = makeTenure(clock, log)
  flow = makeFlow()
  lane = { ready: () => undefined }
})

/** One that has met the batches' leader epoch already: another one would be recorded first. */
function makeFlow(): Flow {
  const made = new Flow(SPEC, { clock, budget })
  made.sourceLeaderEpoch = LEADER_EPOCH
  return made
}

/** As the fetch loop does it: what is handed over has been reserved. */
function feed(target: Flow, records: readonly Buffer[], more = {}): void {
  const bytes = Buffer.concat(records)
  budget.release(-bytes.length)
  target.accept(fetched(bytes, more))
}

function take(): QueuedBatch {
  const batch = flow.takeBatch()
  expect(batch).toBeDefined()
  return batch!
}

/** Opens the pipeline: the first batch of a run goes alone. */
function opened(): void {
  flow.begin(tenure, start, lane)
  feed(flow, [plainBatch(0, 1)])
  flow.acknowledge(take(), answer(0))
}

describe('what may be sent', () => {
  it('sends the first batch of a run alone', () => {
    flow.begin(tenure, start, lane)
    feed(flow, [plainBatch(0, 3), plainBatch(3, 2), plainBatch(5, 1)])
    const first = take()
    expect(flow.takeBatch()).toBeUndefined()
    flow.acknowledge(first, answer(0))
    expect([take().targetBase, take().targetBase]).toEqual([3, 5])
  })

  it('sends one alone again after ten minutes without a write', async () => {
    opened()
    await clock.pass(10 * 60_000 + 1)
    feed(flow, [plainBatch(1, 1), plainBatch(2, 1)])
    const first = take()
    expect(flow.takeBatch()).toBeUndefined()
    flow.acknowledge(first, answer(1))
    expect(take().targetBase).toBe(2)
  })

  it('holds a batch back until the map entry in front of it is acknowledged', async () => {
    opened()
    const goOn = log.hold()
    feed(flow, [markerBatch(1, 9n, 'commit'), plainBatch(2, 1)])
    await settle()
    expect(flow.takeBatch()).toBeUndefined()
    let woken = 0
    lane.ready = () => void woken++
    goOn()
    await settle()
    expect(woken).toBe(1)
    expect(take()).toMatchObject({ sourceBase: 2, targetBase: 1 })
  })

  it('merges what waits where it is told that the pipeline is full, and gives back exactly what it took', async () => {
    opened()
    feed(flow, [plainBatch(1, 2), plainBatch(3, 1), plainBatch(4, 3)])
    const merged = flow.takeBatch({ mayMerge: true })
    expect(merged).toMatchObject({ targetBase: 1, recordCount: 6, sourceEnd: 7, fate: 'merged' })
    flow.acknowledge(merged!, answer(1))
    expect([flow.sourceDone, flow.targetDone, budget.freeBytes]).toEqual([7, 7, LIMIT_BYTES])
    expect(flow.counters).toMatchObject({
      recordsCopied: 7,
      batchesPassed: 1,
      batchesRepacked: 3,
      repacked: { merged: 3 },
    })
  })

  it('sends nothing while the ownership is in doubt', () => {
    opened()
    feed(flow, [plainBatch(1, 1)])
    tenure.doubt()
    expect(flow.takeBatch()).toBeUndefined()
    tenure.confirm(tenure.doubts)
    expect(take().targetBase).toBe(1)
  })

  it('sends nothing once the tenure has ended', async () => {
    opened()
    feed(flow, [plainBatch(1, 1)])
    tenure.end({ kind: 'restart', reason: 'test' })
    expect(flow.takeBatch()).toBeUndefined()
  })
})

describe('the end of a run', () => {
  it('is a base offset that is not the expected one', async () => {
    opened()
    feed(flow, [plainBatch(1, 1)])
    flow.acknowledge(take(), answer(2))
    expect(await flow.untilTrouble()).toMatchObject({ kind: 'recover', reason: expect.stringContaining('is at 2') })
    expect(flow.targetDone).toBe(1)
  })

  it('is decided by its first trouble', async () => {
    opened()
    feed(flow, [plainBatch(1, 1), plainBatch(2, 1)])
    const [one, two] = [take(), take()]
    flow.acknowledge(one, answer(-1, 19))
    flow.acknowledge(two, answer(-1, 45))
    expect(await flow.untilTrouble()).toMatchObject({ reason: expect.stringContaining('NOT_ENOUGH_REPLICAS') })
    expect(flow.outOfOrderStreak).toBe(0)
  })

  it('counts out-of-order answers only over runs that began their trouble, and forgets them in a new tenure', async () => {
    for (const run of [1, 2]) {
      flow.begin(tenure, start, lane)
      feed(flow, [plainBatch(0, 1)])
      flow.acknowledge(take(), answer(-1, 45))
      expect(flow.outOfOrderStreak).toBe(run)
    }
    flow.begin(makeTenure(clock, log), start, lane)
    expect(flow.outOfOrderStreak).toBe(0)
  })

  it('ends the tenure where a newer owner has fenced it', async () => {
    opened()
    feed(flow, [plainBatch(1, 1)])
    flow.acknowledge(take(), answer(-1, 47))
    expect(await tenure.untilEnded()).toMatchObject({ kind: 'fenced' })
  })

  it('waits for what is in flight', async () => {
    opened()
    feed(flow, [plainBatch(1, 1), plainBatch(2, 1)])
    const [one, two] = [take(), take()]
    let isSettled = false
    void flow.untilSettled().then(() => (isSettled = true))
    flow.lose(one, 'cut')
    await settle()
    expect(isSettled).toBe(false)
    flow.lose(two, 'cut')
    await settle()
    expect(isSettled).toBe(true)
  })

  it('comes with a map entry that is refused', async () => {
    opened()
    log.answers.push({ kind: 'answered', errorCode: 47 })
    feed(flow, [markerBatch(1, 9n, 'commit'), plainBatch(2, 1)])
    expect(await flow.untilTrouble()).toMatchObject({ kind: 'tenure-ended' })
    expect(await tenure.untilEnded()).toMatchObject({ kind: 'fenced' })
    expect(budget.freeBytes).toBe(LIMIT_BYTES)
  })
})

describe('what is certain', () => {
  it.each([6, 7, 19, 20])('is nothing behind a batch that was answered with %i', (code) => {
    opened()
    feed(flow, [plainBatch(1, 2)])
    flow.acknowledge(take(), answer(-1, code))
    expect(flow.isCertain).toBe(false)
    flow.begin(tenure, { ...start, sourceNext: 1, targetNext: 1 }, lane)
    feed(flow, [plainBatch(1, 2)])
    flow.acknowledge(take(), answer(1))
    expect(flow.isCertain).toBe(true)
  })

  it('is a batch that was refused for good', () => {
    opened()
    feed(flow, [plainBatch(1, 2)])
    flow.acknowledge(take(), answer(-1, 10))
    expect(flow.isCertain).toBe(true)
  })
})

describe('a lasting refusal', () => {
  it('does not show as running until something is acknowledged', () => {
    for (let run = 0; run < 3; run++) {
      flow.begin(tenure, start, lane)
      feed(flow, [plainBatch(0, 1)])
      flow.acknowledge(take(), answer(-1, 19))
    }
    flow.show('recovering', 'waiting')
    flow.begin(tenure, start, lane)
    feed(flow, [plainBatch(0, 1)])
    expect([flow.isTroubled, flow.state]).toEqual([true, 'recovering'])
    flow.acknowledge(take(), answer(0))
    expect([flow.isTroubled, flow.state]).toEqual([false, 'running'])
  })
})

describe('the source', () => {
  it('is checked once for each newer leader epoch, and not before the first batch', () => {
    expect(flow.mustCheckEpoch(LEADER_EPOCH)).toBe(false)
    expect(flow.mustCheckEpoch(LEADER_EPOCH + 1)).toBe(true)
    expect(flow.mustCheckEpoch(LEADER_EPOCH + 1)).toBe(false)
    expect(flow.mustCheckEpoch(LEADER_EPOCH + 2)).toBe(true)
    expect(new Flow(SPEC, { clock, budget }).mustCheckEpoch(LEADER_EPOCH)).toBe(false)
  })
})

describe('progress', () => {
  it('passes over what is dropped behind the last batch', () => {
    opened()
    feed(flow, [markerBatch(1, 9n, 'commit')])
    expect([flow.sourceDone, flow.targetDone]).toEqual([2, 1])
  })

  it('shows a flow as running again once the source answers', () => {
    opened()
    flow.show('recovering', 'waiting: the source answered LEADER_NOT_AVAILABLE')
    flow.observe(fetched(Buffer.alloc(0)))
    expect(flow.state).toBe('running')
  })
})

const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('feed' as const),
      count: fc.integer({ min: 1, max: 4 }),
      marker: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('acknowledge' as const), code: fc.constantFrom(0, 0, 0, 0, 7, 19, 45, 10) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'end' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
)
type Happening = typeof happening extends fc.Arbitrary<infer One> ? One : never

async function happen(event: Happening, inflight: QueuedBatch[]): Promise<void> {
  switch (event.do) {
    case 'feed': {
      if (!flow.isOpen) return
      const at = flow.fetchOffset
      const batch = plainBatch(event.marker ? at + 1 : at, event.count)
      feed(flow, event.marker ? [markerBatch(at, 9n, 'commit'), batch] : [batch])
      return
    }
    case 'take': {
      const batch = flow.takeBatch()
      if (batch !== undefined) inflight.push(batch)
      return
    }
    case 'acknowledge': {
      const batch = inflight.shift()
      if (batch !== undefined) flow.acknowledge(batch, answer(event.code === 0 ? batch.targetBase : -1, event.code))
      return
    }
    case 'lose':
      for (const batch of inflight.splice(0)) flow.lose(batch, 'cut')
      return
    case 'end':
      flow.end({ kind: 'tenure-ended', reason: 'test' })
      return
    case 'wait':
      await settle()
      return
    default:
      throw new Error('no such event')
  }
}

it('gives every byte back whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 60 }), async (events) => {
      clock = new ManualClock()
      budget = new ByteBudget(LIMIT_BYTES)
      tenure = makeTenure(clock, new LogInMemory())
      flow = makeFlow()
      const inflight: QueuedBatch[] = []
      for (const event of events) {
        if (!flow.isOpen && inflight.length === 0) {
          const at = { sourceNext: flow.sourceDone ?? 0, targetNext: flow.targetDone ?? 0, epochStart: 0 }
          flow.begin(tenure, at, lane)
        }
        await happen(event, inflight)
      }
      flow.end({ kind: 'tenure-ended', reason: 'test' })
      for (const batch of inflight) flow.acknowledge(batch, answer(batch.targetBase))
      expect(budget.freeBytes).toBe(LIMIT_BYTES)
    }),
    { numRuns: 150 },
  )
})
