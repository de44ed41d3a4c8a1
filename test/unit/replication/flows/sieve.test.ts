import { beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { learnFromRefusal } from '../../../../src/replication/flows/learn-refusal.ts'
import type { RefusedRecord } from '../../../../src/replication/flows/plan-rules.ts'
import { Sieve } from '../../../../src/replication/flows/sieve.ts'
import { CORRUPT_MESSAGE, judgeUnreadable, type RefusedBatch } from '../../../../src/replication/flows/trouble.ts'
import { recordsFaults } from '../../../../src/kafka/index.ts'
import {
  answer,
  fetched,
  flowEntry,
  KEY,
  LEADER_EPOCH,
  LogInMemory,
  makeTenure,
  ManualClock,
  neverAborted,
  plainBatch,
  queuedBatch,
  settle,
  SPEC,
} from './flow-fixtures.ts'

const REFUSAL = { error: 'INVALID_RECORD', detail: 'no key' }

let clock: ManualClock
let sieve: Sieve
let flow: Flow

beforeEach(() => {
  clock = new ManualClock()
  sieve = new Sieve({ clock, onRefused: 'skip' }, SPEC)
  flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20), sieve })
})

describe('a sieve', () => {
  it('halves what is searched until a record is found, and then tries the rest in large pieces', () => {
    const batch = { sourceEnd: 100, recordCount: 100 }
    sieve.search(batch)
    expect(sieve.rules().recordsMax).toBe(50)
    sieve.search({ ...batch, recordCount: 50 })
    sieve.search({ ...batch, recordCount: 25 })
    expect(sieve.rules().recordsMax).toBe(13)
    sieve.refuse(7, REFUSAL)
    expect(sieve.rules()).toMatchObject({ recordsMax: 50, refused: new Map([[7, REFUSAL]]) })
    sieve.passed(8)
    expect([sieve.isSearching, sieve.rules().refused.size]).toEqual([true, 0])
    sieve.passed(100)
    expect([sieve.isSearching, sieve.rules().recordsMax]).toEqual([false, Number.POSITIVE_INFINITY])
  })

  it('refuses nothing by a limit that may have changed, and forgets it in the end', async () => {
    sieve.limitTo(1_000, 'max.message.bytes')
    expect(sieve.rules().limit).toMatchObject({ bytes: 1_000, isFresh: true })
    await clock.pass(6_000)
    expect(sieve.rules().limit).toMatchObject({ bytes: 1_000, isFresh: false })
    await clock.pass(10 * 60_000)
    expect(sieve.rules().limit).toBeUndefined()
  })
})

describe('learnFromRefusal', () => {
  const learn = async (errorCode: number, more: Partial<RefusedBatch> = {}) => {
    const tenure = makeTenure(clock, new LogInMemory())
    tenure.map.apply(flowEntry({ segments: [{ source: 1_000, target: 0, causes: 1 }] }), 0)
    const batch = { ...queuedBatch(10, 5_000), recordCount: 8, sourceEnd: 1_018 }
    const describeTopicConfigs = async () => [{ topic: KEY.targetTopic, errorCode: 0, entries: CONFIGS }]
    const target = { describeTopicConfigs } as Partial<Cluster> as Cluster
    const refused = { batch, errorCode, ...REFUSAL, recordErrors: [], ...more }
    await learnFromRefusal(flow, refused, { target, tenure }, neverAborted)
    return sieve.rules()
  }
  const entry = (name: string, value: string) => {
    return { name, value, source: 'topic' as const, isReadOnly: false, isSensitive: false }
  }
  const CONFIGS = [entry('segment.bytes', '1000000'), entry('max.message.bytes', '2000'), entry('retention.ms', '1')]

  it('asks for the limit that a batch is over', async () => {
    expect((await learn(10)).limit).toMatchObject({ bytes: 2_000, config: 'max.message.bytes' })
    expect(sieve.rules().refused.size).toBe(0)
  })

  it('refuses a single record that is over it, however long that takes to be fetched again', async () => {
    await learn(10, { batch: queuedBatch(10, 5_000) })
    await clock.pass(60_000)
    const { limit, refused } = sieve.rules()
    expect(limit).toMatchObject({ bytes: 2_000, isFresh: false })
    const detail = 'its batch has 5000 bytes, max.message.bytes allows 2000'
    expect([...refused]).toEqual([[1_010, { ...REFUSAL, detail }]])
  })

  it('names the records that the broker named, at their source offsets', async () => {
    const recordErrors = [{ index: 2, message: 'this one' }]
    const { refused } = await learn(87, { recordErrors })
    expect([...refused]).toEqual([[1_012, { error: 'INVALID_RECORD', detail: 'this one' }]])
  })

  it('searches where the broker names none, and where a batch is within the limit', async () => {
    expect((await learn(32)).recordsMax).toBe(4)
    expect((await learn(10, { batch: { ...queuedBatch(10, 100), recordCount: 6 } })).recordsMax).toBe(3)
  })

  it('takes a single record for what is refused', async () => {
    const { refused } = await learn(32, { batch: queuedBatch(10) })
    expect([...refused.keys()]).toEqual([1_010])
  })

  it('searches in a batch that only the target finds corrupt, and refuses one that nobody can open as a whole', async () => {
    const bytes = plainBatch(10, 8)
    const batch = { ...queuedBatch(10), bytes, recordCount: 8, sourceEnd: 1_018 }
    expect(await learn(CORRUPT_MESSAGE, { batch })).toMatchObject({ recordsMax: 4, refused: new Map() })
    bytes[80]! ^= 1
    const { refused } = await learn(CORRUPT_MESSAGE, { batch })
    expect([...refused.keys()]).toEqual([1_010])
  })
})

describe('a flow and its refused records', () => {
  const lane = { ready: () => undefined }

  it('copies what is before one, and then stops by name', async () => {
    const told: number[] = []
    sieve = new Sieve({ clock, onRefused: 'stop', tell: ({ fromOffset }) => void told.push(fromOffset) }, SPEC)
    flow = begun(sieve)
    sieve.refuse(3, REFUSAL)
    flow.accept(fetched([plainBatch(0, 5)]))
    expect(flow.hasRoom()).toBe(false)
    const batch = flow.takeBatch()
    expect([batch?.recordCount, told]).toEqual([3, []])
    flow.acknowledge(batch!, answer(0))
    expect(await flow.untilTrouble()).toMatchObject({ kind: 'stop', fault: { code: 'FLOW_TARGET_REFUSED' } })
    expect([flow.sourceDone, told]).toEqual([3, [3]])
  })

  it('writes a record to the quarantine before the map says so, and the map before what is behind it', async () => {
    const log = new LogInMemory()
    const kept = Promise.withResolvers<void>()
    const keep = (records: readonly RefusedRecord[]) => {
      expect(records.map(({ fromOffset }) => fromOffset)).toEqual([0])
      return kept.promise
    }
    sieve = new Sieve({ clock, onRefused: 'quarantine', keep }, SPEC)
    flow = begun(sieve, log)
    sieve.refuse(0, REFUSAL)
    flow.accept(fetched([plainBatch(0, 2)]))
    await settle()
    expect([log.appended.length, flow.takeBatch(), flow.hasRoom()]).toEqual([0, undefined, false])
    kept.resolve()
    await settle()
    expect([log.appended.length, flow.takeBatch()?.sourceBase, flow.hasRoom()]).toEqual([1, 1, true])
    expect(flow.counters).toMatchObject({ recordsQuarantined: 1, recordsSkipped: 0 })
  })

  it('writes nothing of a run that has ended meanwhile', async () => {
    const log = new LogInMemory()
    const kept = Promise.withResolvers<void>()
    sieve = new Sieve({ clock, onRefused: 'quarantine', keep: () => kept.promise }, SPEC)
    flow = begun(sieve, log)
    sieve.refuse(0, REFUSAL)
    flow.accept(fetched([plainBatch(0, 2)]))
    flow.end({ kind: 'recover', reason: 'test', afterMs: 0 })
    kept.resolve()
    await settle()
    expect([log.appended.length, flow.counters.recordsQuarantined]).toEqual([0, 0])
  })

  function begun(own: Sieve, log = new LogInMemory()): Flow {
    const made = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20), sieve: own })
    made.sourceLeaderEpoch = LEADER_EPOCH
    made.begin(makeTenure(clock, log), { sourceNext: 0, targetNext: 0, epochStart: 0 }, lane)
    return made
  }
})

it('names the topic of an old message format, and what to do', () => {
  const trouble = judgeUnreadable(KEY, recordsFaults.fault('RECORDS_OLD_FORMAT', { offset: 12, magic: 1 }))
  expect(trouble).toMatchObject({
    kind: 'stop',
    fault: {
      code: 'FLOW_OLD_FORMAT',
      message: expect.stringMatching(/orders-0 .* v1 at offset 12/),
      remedy: expect.stringContaining('rewrite orders'),
    },
  })
})
