import { beforeEach, describe, expect, it } from 'vitest'
import { createEvents, linkName } from '../../../../src/core/index.ts'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { recoverFlow, resumeFlow } from '../../../../src/replication/flows/position.ts'
import type { PositionContext } from '../../../../src/replication/flows/position-context.ts'
import { IncidentLog } from '../../../../src/replication/incidents/incident-log.ts'
import { type LinkPolicies, resolvePolicies } from '../../../../src/replication/policies.ts'
import type { Tenure } from '../../../../src/replication/shards/tenure.ts'
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
  readerOf,
  SPEC,
  TargetLogInMemory,
  uuid,
} from './flow-fixtures.ts'

const OLD = { producerId: 7n, producerEpoch: 2 }

let clock: ManualClock
let log: LogInMemory
let tenure: Tenure
let flow: Flow
let target: TargetLogInMemory
let source: { start: number; end: number }
let replicated: number | undefined
let targetTopicId: string
let gaps: [from: number, to: number][]
let seamsSkipped: number
let policies: LinkPolicies
let reseeded: string[]
let deleted: string[]

beforeEach(() => {
  clock = new ManualClock()
  log = new LogInMemory()
  tenure = makeTenure(clock, log)
  flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  target = new TargetLogInMemory()
  source = { start: 0, end: 100 }
  replicated = undefined
  targetTopicId = SPEC.targetTopicId
  gaps = []
  seamsSkipped = 0
  policies = {}
  reseeded = []
  deleted = []
})

function clusterOf(topicId: string, ends: (timestamp: number, replicaId: number) => number): Cluster {
  const stub: Partial<Cluster> = {
    name: 'eu',
    listOffsets: async ({ partitions, replicaId = -1 }) =>
      partitions.map(({ topic, partition, timestamp }) => {
        return { topic, partition, errorCode: 0, offset: ends(timestamp, replicaId), timestamp: -1, leaderEpoch: 0 }
      }),
    offsetForLeaderEpoch: async (query) =>
      query.map(({ topic, partition, leaderEpoch }) => {
        return { topic, partition, errorCode: 0, leaderEpoch, endOffset: source.end }
      }),
    deleteTopicById: async (id) => {
      deleted.push(id)
      return { topic: '', errorCode: deleted.length === 1 ? 0 : 100, message: null }
    },
    metadata: async () => {
      const topic = { name: KEY.targetTopic, topicId, isInternal: false, errorCode: 0, partitions: [] }
      return { clusterId: 'eu', controllerId: 1, brokers: [], topics: [topic] }
    },
  }
  return stub as Cluster
}

function context(): PositionContext {
  const sourceBatch = {
    base: source.start,
    end: source.end,
    bytes: plainBatch(source.start, source.end - source.start),
  }
  return {
    source: clusterOf(SPEC.sourceTopicId, (timestamp) => (timestamp === -2 ? source.start : source.end)),
    target: clusterOf(targetTopicId, (timestamp, replicaId) => {
      if (timestamp === -2) return 0
      return replicaId === -2 ? target.end : (replicated ?? target.end)
    }),
    sourceReader: readerOf([sourceBatch]),
    targetReader: readerOf(target.batches),
    firstStart: 'earliest',
    policies: resolvePolicies(policies),
    former: undefined,
    wasReseeded: async (topicId) => reseeded.includes(topicId),
    incidents: new IncidentLog({ link: linkName('link'), clock, events: createEvents() }),
    nowMs: () => clock.nowMs(),
    onGap: (_flow, from, to) => gaps.push([from, to]),
    onSeamSkipped: () => seamsSkipped++,
  }
}

/** What older owners left in the map; the writer's own offsets follow behind it. */
let mapOffset = 0
function recorded(entry: Parameters<typeof flowEntry>[0]): void {
  tenure.map.apply(flowEntry({ ...OLD, sourceLeaderEpoch: LEADER_EPOCH, ...entry }), mapOffset++)
  log.skipTo(mapOffset)
}

beforeEach(() => {
  mapOffset = 0
})

const resume = () => resumeFlow(flow, tenure, context(), neverAborted)
const recover = () => recoverFlow(flow, tenure, context(), neverAborted)

describe('a flow that resumes', () => {
  it('begins both logs at their start where nothing is known', async () => {
    source.start = 10
    expect(await resume()).toEqual({ sourceNext: 10, targetNext: 0, epochStart: 0 })
  })

  it('refuses a target that holds records of unknown origin', async () => {
    target.foreign(3)
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_TARGET_NOT_EMPTY' })
  })

  it('steps back over markers of recorded producers, and inverts where the data ends', async () => {
    recorded({ segments: [{ source: 20, target: 0, causes: 1 }] })
    target.producer = OLD
    target.send(5, 20)
    target.marker()
    target.marker(OLD.producerId)
    expect(await resume()).toEqual({ sourceNext: 25, targetNext: 7, epochStart: 7 })
  })

  it.each([
    ['a record that is not ours', () => target.foreign(1)],
    ['a marker of somebody else', () => target.marker(99n)],
    ['a batch out of sequence', () => ((target.sequence = 40), target.send(1))],
    ['another record than the source has there', () => target.send(1, 77)],
  ])('has diverged at %s', async (_case, happens) => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    target.producer = OLD
    target.send(5)
    happens()
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })
  })

  it('counts a gap once, when the map says so', async () => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    target.producer = OLD
    target.send(5)
    source.start = 30
    log.answers.push({ kind: 'unknown' })
    const resumed = resume()
    await clock.pass(5)
    expect(gaps).toEqual([])
    await clock.pass(5_000)
    expect(await resumed).toEqual({ sourceNext: 30, targetNext: 5, epochStart: 5 })
    expect(gaps).toEqual([[5, 30]])
    expect(flow.counters.recordsLost).toBe(25)
    expect(seamsSkipped).toBe(1)
  })

  it('goes on with its sequence where it already wrote under this tenure', async () => {
    recorded({ ...tenure.identity, segments: [{ source: 0, target: 0, causes: 1 }] })
    target.send(5)
    expect(await resume()).toEqual({ sourceNext: 5, targetNext: 5, epochStart: 0 })
  })

  it('waits until what was appended is replicated', async () => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    target.producer = OLD
    target.send(5)
    replicated = 3
    await expect(resume()).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
  })

  it('waits for the fence of its partition before it reads anything', async () => {
    const fenced = Promise.withResolvers<void>()
    const unfenced = [{ ...KEY, topic: KEY.targetTopic, topicId: SPEC.targetTopicId, isGone: false, reason: 'sick' }]
    tenure = makeTenure(clock, log, { unfenced, fenceLate: () => fenced.promise })
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    target.producer = OLD
    const resumed = resume()
    await clock.pass(10)
    // The old owner is still writing.
    target.send(5)
    fenced.resolve()
    expect(await resumed).toMatchObject({ sourceNext: 5, targetNext: 5 })
  })

  it('refuses a source that was made anew', async () => {
    recorded({ sourceTopicId: uuid(8), segments: [{ source: 0, target: 0, causes: 1 }] })
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_SOURCE_RECREATED' })
  })

  it('refuses a source that ends before the copy', async () => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    target.producer = OLD
    target.send(5)
    source.end = 4
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_SOURCE_TRUNCATED' })
  })
})

describe('what was lost, or is not what it was, is on record before anything is done', () => {
  const incidents = () => tenure.map.incidents.of(KEY).map(({ facts }) => facts)
  const acknowledge = () => {
    const [entry] = tenure.map.incidents.of(KEY)
    const acknowledged = { atMs: 1, by: 'ada', note: '' }
    tenure.map.incidents.apply({ ...entry!, facts: { ...entry!.facts, acknowledged } })
  }
  /** Five records are copied. */
  const copied = (entry: Partial<Parameters<typeof flowEntry>[0]> = {}) => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }], ...entry })
    target.producer = OLD
    target.send(5)
  }

  it('a gap, which the flow passes', async () => {
    copied()
    source.start = 30
    expect(await resume()).toMatchObject({ sourceNext: 30 })
    expect(incidents()).toMatchObject([
      { code: 'FLOW_RETENTION_GAP', source: { from: 5, to: 30 }, action: 'went-on', acknowledged: null },
    ])
  })

  it('a gap, at which it stops until it is acknowledged; what is lost meanwhile is another', async () => {
    policies = { retentionGap: 'stop' }
    copied()
    source.start = 30
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_RETENTION_GAP' })
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_RETENTION_GAP' })
    expect(incidents()).toMatchObject([{ source: { from: 5, to: 30 }, action: 'stopped' }])
    acknowledge()
    source.start = 40
    expect(await resume()).toMatchObject({ sourceNext: 40 })
    expect(incidents()).toMatchObject([
      { source: { from: 5, to: 30 }, acknowledged: { by: 'ada' } },
      { source: { from: 30, to: 40 }, action: 'went-on', acknowledged: null },
    ])
  })

  it('a truncated source, with the offsets on both sides', async () => {
    copied()
    source.end = 4
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_SOURCE_TRUNCATED' })
    expect(incidents()).toMatchObject([{ source: { from: 4, to: 5 }, target: { from: 4, to: 5 }, action: 'stopped' }])
  })

  it('a source made anew, whose old end nobody knows', async () => {
    copied({ sourceTopicId: uuid(8) })
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_SOURCE_RECREATED' })
    expect(incidents()).toMatchObject([{ source: { from: 5, to: null }, action: 'stopped' }])
  })

  it('a foreign writer, by its offsets', async () => {
    copied()
    target.foreign(3)
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })
    expect(incidents()).toMatchObject([{ target: { from: 5, to: 8 }, source: null, action: 'stopped' }])
  })

  it('a target made anew, which is seeded from the beginning whatever the link begins with', async () => {
    recorded({ targetTopicId: uuid(8), segments: [{ source: 3, target: 0, causes: 1 }] })
    expect(await resume()).toMatchObject({ sourceNext: 0, targetNext: 0 })
    expect(incidents()).toMatchObject([
      { code: 'FLOW_TARGET_REBUILT', action: 'copied-again', source: { from: 3 }, targetTopicId: uuid(8) },
    ])
  })

  it('but not a target that was deleted to be copied again', async () => {
    policies = { targetRebuilt: 'stop' }
    reseeded = [uuid(8)]
    recorded({ targetTopicId: uuid(8), segments: [{ source: 3, target: 0, causes: 1 }] })
    expect(await resume()).toMatchObject({ sourceNext: 0, targetNext: 0 })
    expect(incidents()).toEqual([])
  })

  it('a reseed, which deletes the topic by its id, again and again until there is another', async () => {
    policies = { foreignWriter: 'reseed' }
    copied()
    target.foreign(3)
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_RESEEDING' })
    expect(incidents()).toMatchObject([{ action: 'reseed', targetTopicId: SPEC.targetTopicId }])
    policies = {}
    await expect(resume()).rejects.toMatchObject({ code: 'FLOW_RESEEDING' })
    expect(deleted).toEqual([SPEC.targetTopicId, SPEC.targetTopicId])
    expect(incidents()).toHaveLength(1)
  })
})

describe('a foreign writer that does not stop', () => {
  const findOnCopy = async (number: number) => {
    flow = new Flow({ ...SPEC, targetTopicId: uuid(20 + number) }, { clock, budget: new ByteBudget(1 << 20) })
    // Behind the incident of the copy before.
    mapOffset = 10 * number
    const entry = { ...tenure.identity, targetTopicId: uuid(20 + number) }
    recorded({ ...entry, segments: [{ source: 0, target: 0, causes: 1 }] })
    target = new TargetLogInMemory()
    target.foreign(3)
    const code = number === 3 ? 'FLOW_DIVERGED' : 'FLOW_RESEEDING'
    await expect(resume()).rejects.toMatchObject({ code })
  }

  it('has the topic copied again a few times, not for ever', async () => {
    policies = { foreignWriter: 'reseed' }
    for (let number = 0; number < 4; number++) await findOnCopy(number)
    expect(deleted).toEqual([uuid(20), uuid(21), uuid(22)])
    const last = tenure.map.incidents.of(KEY).find(({ facts }) => facts.targetTopicId === uuid(23))
    expect(last?.facts).toMatchObject({ action: 'stopped', reason: expect.stringContaining('3 times') })
    await clock.pass(2 * 60 * 60_000)
    await findOnCopy(4)
  })
})

describe('a flow that recovers', () => {
  /** Runs, has one batch acknowledged and loses its connection with three more records on the way. */
  beforeEach(async () => {
    recorded({ ...tenure.identity, segments: [{ source: 0, target: 0, causes: 1 }] })
    flow.sourceLeaderEpoch = LEADER_EPOCH
    flow.begin(tenure, { sourceNext: 0, targetNext: 0, epochStart: 0 }, { ready: () => undefined })
    for (const [base, count] of [
      [0, 2],
      [2, 3],
    ] as const) {
      flow.accept(fetched(plainBatch(base, count)))
      const batch = flow.takeBatch()!
      if (base === 0) flow.acknowledge(batch, answer(0))
      else flow.lose(batch, 'cut')
    }
    target.send(2)
  })

  it('goes on behind what was appended', async () => {
    target.send(3)
    expect(await recover()).toEqual({ sourceNext: 5, targetNext: 5, epochStart: 0 })
  })

  it('sends again what was not', async () => {
    expect(await recover()).toEqual({ sourceNext: 2, targetNext: 2, epochStart: 0 })
  })

  it('waits for replication', async () => {
    target.send(3)
    replicated = 2
    expect(await recover()).toMatchObject({ waiting: expect.stringContaining('3 appended records') })
  })

  it('does not take a foreign record for one of its own', async () => {
    target.foreign(1)
    await expect(recover()).rejects.toMatchObject({ code: 'FLOW_DIVERGED' })
  })

  it('goes on behind a marker of its own that moved its batch on', async () => {
    target.marker()
    target.send(3, 2)
    expect(await recover()).toEqual({ sourceNext: 5, targetNext: 6, epochStart: 1 })
    expect(tenure.map.flow(KEY)!.toTarget(2)).toEqual({ offset: 3, note: 'exact' })
    expect(tenure.map.flow(KEY)!.toTarget(5)).toEqual({ offset: 6, note: 'exact' })
  })

  it('goes on behind a marker of its own at the end', async () => {
    target.send(3)
    target.marker()
    expect(await recover()).toEqual({ sourceNext: 5, targetNext: 6, epochStart: 1 })
  })

  it('does not take a topic that was made anew for one that lost its tail', async () => {
    target = new TargetLogInMemory()
    targetTopicId = uuid(77)
    await expect(recover()).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
  })

  it('restarts no shard for one that was made anew before this epoch had written much', async () => {
    flow.end({ kind: 'recover', reason: 'cut', afterMs: 0 })
    recorded({ ...tenure.identity, epochStart: 2, segments: [{ source: 2, target: 2, causes: 0 }] })
    flow.begin(tenure, { sourceNext: 2, targetNext: 2, epochStart: 2 }, { ready: () => undefined })
    target = new TargetLogInMemory()
    expect(await recover()).toMatchObject({ newEpoch: expect.stringContaining('lost its tail') })
    targetTopicId = uuid(77)
    await expect(recover()).rejects.toMatchObject({ code: 'TARGET_NOT_READY' })
  })

  it('copies the tail again that the target lost', async () => {
    target = new TargetLogInMemory()
    expect(await recover()).toEqual({ sourceNext: 0, targetNext: 0, epochStart: 0 })
  })
})
