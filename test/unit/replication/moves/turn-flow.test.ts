import { beforeEach, describe, expect, it } from 'vitest'
import { createEvents, linkName } from '../../../../src/core/index.ts'
import type { Cluster } from '../../../../src/kafka/index.ts'
import { ByteBudget } from '../../../../src/replication/flows/byte-budget.ts'
import { Flow } from '../../../../src/replication/flows/flow.ts'
import { resumeFlow } from '../../../../src/replication/flows/position.ts'
import { IncidentLog } from '../../../../src/replication/incidents/incident-log.ts'
import type { Relation } from '../../../../src/replication/moves/relation.ts'
import { planTurn, recordTurn, type TurnContext, turnIfClosed } from '../../../../src/replication/moves/turn-flow.ts'
import { SEGMENT_CAUSES } from '../../../../src/replication/offset-map/index.ts'
import { resolvePolicies } from '../../../../src/replication/policies.ts'
import type { Tenure } from '../../../../src/replication/shards/tenure.ts'
import {
  flowEntry,
  LogInMemory,
  makeTenure,
  ManualClock,
  neverAborted,
  plainBatch,
  readerOf,
  SPEC,
  TargetLogInMemory,
} from '../flows/flow-fixtures.ts'

const OLD = { producerId: 7n, producerEpoch: 2 }
const CUT = { producerId: 99n, producerEpoch: 0 }
const { closed, kept, promoted, turned, matched } = SEGMENT_CAUSES

let clock: ManualClock
let log: LogInMemory
let tenure: Tenure
let flow: Flow
/** The region that was active: its log holds records of applications, and the marker of the cut. */
let target: TargetLogInMemory
let targetStart: number
let relation: Relation | undefined
let turns: number
let mapOffset: number

beforeEach(() => {
  clock = new ManualClock()
  log = new LogInMemory()
  tenure = makeTenure(clock, log)
  flow = new Flow(SPEC, { clock, budget: new ByteBudget(1 << 20) })
  target = new TargetLogInMemory()
  targetStart = turns = mapOffset = 0
  target.foreign(10)
  target.producer = CUT
  target.marker()
  relation = { runs: [{ source: 0, target: 0, length: 10 }], begin: { source: 11, target: 11 } }
})

function clusterOf(ends: (timestamp: number) => number): Cluster {
  const stub: Partial<Cluster> = {
    name: 'eu',
    listOffsets: async ({ partitions }) =>
      partitions.map(({ topic, partition, timestamp }) => {
        return { topic, partition, errorCode: 0, offset: ends(timestamp), timestamp: -1, leaderEpoch: 0 }
      }),
    offsetForLeaderEpoch: async () => [],
  }
  return stub as Cluster
}

function context(): TurnContext {
  return {
    source: clusterOf((timestamp) => (timestamp === -2 ? 0 : 40)),
    target: clusterOf((timestamp) => (timestamp === -2 ? targetStart : target.end)),
    sourceReader: readerOf([{ base: 0, end: 40, bytes: plainBatch(0, 40) }]),
    targetReader: readerOf(target.batches),
    firstStart: 'earliest',
    policies: resolvePolicies({}),
    former: undefined,
    wasReseeded: () => Promise.resolve(false),
    incidents: new IncidentLog({ link: linkName('link'), clock, events: createEvents() }),
    nowMs: () => clock.nowMs(),
    onGap: () => undefined,
    onSeamSkipped: () => undefined,
    origins: { relate: () => Promise.resolve(relation) },
    onTurned: () => turns++,
  }
}

function recorded(entry: Parameters<typeof flowEntry>[0]): void {
  tenure.map.apply(flowEntry({ ...OLD, ...entry }), mapOffset++)
  log.skipTo(mapOffset)
}

const turn = () => turnIfClosed(flow, tenure, context(), neverAborted)
const mapOfFlow = () => tenure.map.flow(SPEC.key)

describe('a flow into a region that was active before', () => {
  it('goes on where the copies ended, and accepts what others have written before', async () => {
    expect(await turn()).toBe(true)
    expect(turns).toBe(1)
    expect(await resumeFlow(flow, tenure, context(), neverAborted)).toEqual({
      sourceNext: 11,
      targetNext: 11,
      epochStart: 11,
    })
    expect(mapOfFlow()?.isIdentical).toBe(true)
    expect(mapOfFlow()?.toTarget(7)).toEqual({ offset: 7, note: 'exact' })
    expect(await turn()).toBe(false)
  })

  it('goes on behind markers that others have left since', async () => {
    target.marker()
    expect(await turn()).toBe(true)
    expect(await resumeFlow(flow, tenure, context(), neverAborted)).toMatchObject({ sourceNext: 11, targetNext: 12 })
  })

  it('is refused where records stand behind the end of the copies', async () => {
    target.foreign(2)
    await expect(turn()).rejects.toMatchObject({ code: 'FLOW_TURN_REFUSED' })
    expect(mapOfFlow()).toBeUndefined()
  })

  it('goes on behind records that were kept', async () => {
    target.foreign(4)
    const { end } = target
    const segments = planTurn(relation ?? { runs: [], begin: { source: 0, target: 0 } }, { keptTo: end })
    await recordTurn(SPEC, tenure, { segments, end }, 0)
    await recordTurn(SPEC, tenure, { segments: [{ source: 11, target: end, causes: kept | turned }], end }, 0)
    expect(await turn()).toBe(false)
    const begin = { sourceNext: 11, targetNext: end, epochStart: end }
    expect(await resumeFlow(flow, tenure, context(), neverAborted)).toEqual(begin)
    expect(mapOfFlow()?.toTarget(9)).toEqual({ offset: 9, note: 'exact' })
    expect(mapOfFlow()?.toTarget(11)).toEqual({ offset: end, note: 'exact' })
    const causesAt = async (offset: number) => ((await mapOfFlow()?.causesAtTarget(offset, neverAborted)) ?? 0) & kept
    expect(await Promise.all([9, 12, 14, end].map(causesAt))).toEqual([0, kept, kept, 0])
    expect(await mapOfFlow()?.findSource(12, neverAborted)).toEqual({ offset: 11, note: 'hole' })
    // Found again by whoever comes next, as long as nothing was copied behind them.
    expect(await resumeFlow(flow, tenure, context(), neverAborted)).toMatchObject(begin)
  })

  it('goes on behind records below the cut that were not copied, such as those of a transaction that was aborted', async () => {
    target = new TargetLogInMemory()
    target.foreign(12)
    target.producer = CUT
    target.marker()
    relation = { runs: [{ source: 0, target: 0, length: 10 }], begin: { source: 11, target: 13 } }
    expect(await turn()).toBe(true)
    const next = { sourceNext: 11, targetNext: 13 }
    expect(await resumeFlow(flow, tenure, context(), neverAborted)).toMatchObject(next)
    expect(mapOfFlow()?.toTarget(9)).toEqual({ offset: 9, note: 'exact' })
    expect(mapOfFlow()?.toTarget(11)).toMatchObject({ offset: 13 })
  })

  it('says of nothing between what was copied and what was kept that it was copied, whatever markers come', async () => {
    target = new TargetLogInMemory()
    target.foreign(12)
    target.producer = CUT
    target.marker()
    relation = { runs: [{ source: 0, target: 0, length: 10 }], begin: { source: 11, target: 13 } }
    expect(await turn()).toBe(true)
    target.producer = tenure.identity
    for (const end of [14, 15]) {
      target.marker()
      const next = { sourceNext: 11, targetNext: end }
      expect(await resumeFlow(flow, tenure, context(), neverAborted)).toMatchObject(next)
      expect(mapOfFlow()?.toTarget(10)).toEqual({ offset: end, note: 'hole' })
      expect(await mapOfFlow()?.findSource(12, neverAborted)).toEqual({ offset: 11, note: 'hole' })
      expect(((await mapOfFlow()?.causesAtTarget(11, neverAborted)) ?? 0) & kept).toBe(kept)
    }
  })

  it('goes on behind a log of which nothing was copied', async () => {
    target = new TargetLogInMemory()
    target.foreign(2)
    target.producer = CUT
    target.marker()
    relation = { runs: [], begin: { source: 1, target: 3 } }
    expect(await turn()).toBe(true)
    const next = { sourceNext: 1, targetNext: 3 }
    expect(await resumeFlow(flow, tenure, context(), neverAborted)).toMatchObject(next)
  })

  it('begins anew behind a log that was emptied', async () => {
    target.foreign(2)
    targetStart = target.end
    expect(await turn()).toBe(true)
    expect(mapOfFlow()?.lastSegment).toMatchObject({ source: 0, target: 13 })
  })

  it('takes the place of what it had copied in an earlier reign', async () => {
    recorded({ segments: [{ source: 3, target: 0, causes: 1 }] })
    recorded({ segments: [{ source: 8, target: 6, causes: closed | promoted }] })
    relation = { runs: [{ source: 5, target: 2, length: 5 }], begin: { source: 12, target: 11 } }
    expect(await turn()).toBe(true)
    expect(mapOfFlow()?.closedAt).toBeUndefined()
    expect(mapOfFlow()?.toTarget(6)).toEqual({ offset: 3, note: 'exact' })
    expect(mapOfFlow()?.toTarget(0)).toMatchObject({ offset: 2 })
  })

  it('is worked out again where that was cut off', async () => {
    recorded({ segments: [{ source: 0, target: 0, causes: turned | matched }], epochStart: 11 })
    expect(await turn()).toBe(true)
    expect(mapOfFlow()?.lastSegment).toMatchObject({ source: 11, target: 11 })
  })
})

describe('a flow whose copy has ended', () => {
  it('stops where no other copy was made from its target', async () => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    recorded({ segments: [{ source: 10, target: 11, causes: closed | promoted }] })
    relation = undefined
    await expect(turn()).rejects.toMatchObject({ code: 'FLOW_CLOSED' })
  })
})

describe('any other flow', () => {
  it('is left as it is', async () => {
    recorded({ segments: [{ source: 0, target: 0, causes: 1 }] })
    expect(await turn()).toBe(false)
    expect(log.appended).toHaveLength(0)
  })

  it('is left to the rules for filled targets where no copy explains the target', async () => {
    relation = undefined
    expect(await turn()).toBe(false)
    target = new TargetLogInMemory()
    expect(await turn()).toBe(false)
  })
})
