import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PlannedBatch, planBatches, type PlanPosition } from '../../../../src/replication/flows/plan-batches.ts'
import { causesIn } from '../../../../src/replication/offset-map/index.ts'
import { batches } from '../../kafka/records/arbitraries.ts'
import {
  describeModel,
  type ModelBatch,
  modelDecode,
  modelEncode,
  type ModelRecord,
} from '../../kafka/records/model.ts'
import { type CopiedRecord, disagreements } from '../offset-map/oracle.ts'
import {
  fetched,
  flowEntry,
  IDENTITY,
  KEY,
  makeMap,
  markerBatch,
  neverAborted,
  plainBatch,
  plainModel,
} from './flow-fixtures.ts'

const SEQUENCES = 2 ** 31
const identity = { ...IDENTITY, epochStart: 0 }

/** A source log with everything that happens to one, and the records that an application reads from it. */
interface SourceLog {
  readonly batches: Buffer[]
  readonly aborted: { producerId: bigint; firstOffset: number }[]
  readonly readable: ModelRecord[]
}

type Fate = 'plain' | 'committed' | 'aborted'

function buildLog(models: readonly ModelBatch[], fates: readonly Fate[]): SourceLog {
  const log: SourceLog = { batches: [], aborted: [], readable: [] }
  let markers = 0
  for (const [index, model] of models.entries()) {
    const fate = fates[index % fates.length] ?? 'plain'
    const producerId = fate === 'plain' ? -1n : BigInt(100 + index)
    const moved = { ...move(model, markers), producerId, isTransactional: fate !== 'plain' }
    log.batches.push(modelEncode(moved))
    if (fate === 'aborted') log.aborted.push({ producerId, firstOffset: moved.baseOffset })
    else log.readable.push(...moved.records.map((record) => withAppendTime(record, moved)))
    if (fate === 'plain') continue
    log.batches.push(markerBatch(moved.lastOffset + 1, producerId, fate === 'aborted' ? 'abort' : 'commit'))
    markers++
  }
  return log
}

function move(model: ModelBatch, by: number): ModelBatch {
  const records = model.records.map((record) => ({ ...record, offset: record.offset + by }))
  return { ...model, baseOffset: model.baseOffset + by, lastOffset: model.lastOffset + by, records }
}

function withAppendTime(record: ModelRecord, { isLogAppendTime, maxTimestamp }: ModelBatch): ModelRecord {
  return isLogAppendTime && maxTimestamp !== undefined ? { ...record, timestamp: maxTimestamp } : record
}

function recordsOf(planned: readonly PlannedBatch[]): ModelRecord[] {
  return planned.flatMap(({ bytes, targetBase }) =>
    modelDecode(bytes).records.map((record) => ({ ...record, offset: targetBase + record.offset })),
  )
}

const withoutOffset = (record: ModelRecord): string => describeModel({ ...record, offset: 0 })

it('plans exactly the records that an application reads, in order, side by side, and a map that says so', async () => {
  const scenario = fc.record({
    models: batches({ wild: true, maxBatches: 7 }),
    fates: fc.array(fc.constantFrom<Fate>('plain', 'plain', 'committed', 'aborted'), { minLength: 1, maxLength: 7 }),
    startsInside: fc.nat(8),
    answers: fc.integer({ min: 1, max: 4 }),
    beforeWrap: fc.constantFrom(0, 3, 500, SEQUENCES),
  })
  await fc.assert(
    fc.asyncProperty(scenario, async ({ models, fates, startsInside, answers, beforeWrap }) => {
      const log = buildLog(models, fates)
      const sourceNext = (models[0]?.baseOffset ?? 0) + startsInside
      const targetNext = 2 ** 33
      const epochStart = targetNext - (SEQUENCES - beforeWrap)
      let position: PlanPosition = { sourceNext, targetNext, inStepAt: sourceNext, causes: 0 }
      const map = makeMap()
      let mapOffset = 0
      map.apply(flowEntry({ epochStart, segments: [{ source: sourceNext, target: targetNext, causes: 1 }] }), mapOffset)
      const planned: PlannedBatch[] = []
      const each = Math.ceil(log.batches.length / answers)
      for (let at = 0; at < log.batches.length; at += each) {
        const answer = fetched(log.batches.slice(at, at + each), { aborted: log.aborted })
        const plan = planBatches(answer, position, { ...IDENTITY, epochStart })
        if (plan.segments.length > 0) map.apply(flowEntry({ epochStart, segments: plan.segments }), ++mapOffset)
        position = plan.position
        planned.push(...plan.batches)
      }

      const expected = log.readable.filter(({ offset }) => offset >= sourceNext)
      const got = recordsOf(planned)
      expect(got.map(withoutOffset)).toEqual(expected.map(withoutOffset))
      expect(got.map(({ offset }) => offset)).toEqual(expected.map((_, index) => targetNext + index))
      expect(position.targetNext).toBe(targetNext + expected.length)
      for (const { bytes, targetBase, recordCount } of planned) {
        const batch = modelDecode(bytes)
        expect(batch).toMatchObject({
          ...IDENTITY,
          isTransactional: false,
          hasDeleteHorizon: false,
          isLogAppendTime: false,
        })
        expect(batch.baseSequence).toBe((targetBase - epochStart) % SEQUENCES)
        expect(batch.lastOffset + 1).toBe(recordCount)
      }
      if (expected.length === 0) return
      const copied: CopiedRecord[] = expected.map(({ offset }, index) => ({
        source: offset,
        target: targetNext + index,
      }))
      const end = { source: copied.at(-1)!.source + 1, target: copied.at(-1)!.target + 1 }
      const flow = map.flow(KEY)!
      const found = await disagreements(
        copied,
        { start: { source: sourceNext, target: targetNext }, end },
        (side, offset) =>
          side === 'source' ? flow.findTarget(offset, neverAborted, end) : flow.findSource(offset, neverAborted, end),
      )
      expect(found).toEqual([])
    }),
    { numRuns: 300 },
  )
})

describe('planBatches', () => {
  const from = (sourceNext: number, targetNext = sourceNext) => ({
    sourceNext,
    targetNext,
    inStepAt: sourceNext,
    causes: 0,
  })

  it('needs no segment while nothing is left out', () => {
    const plan = planBatches(fetched([plainBatch(0, 5), plainBatch(5, 2)]), from(0), identity)
    expect(plan.segments).toEqual([])
    expect(plan.batches.map(({ fate }) => fate)).toEqual(['passed', 'passed'])
  })

  it('attributes what it leaves out', () => {
    const aborted = [{ producerId: 9n, firstOffset: 2 }]
    const log = [
      plainBatch(0, 2),
      plainBatch(2, 3, { producerId: 9n, isTransactional: true }),
      markerBatch(5, 9n, 'abort'),
      plainBatch(8, 1),
    ]
    const plan = planBatches(fetched(log, { aborted }), from(0), identity)
    expect(plan).toMatchObject({ recordsAborted: 3, controlRecords: 1, holes: 2 })
    expect(plan.segments.map(({ source, target, causes }) => [source, target, causesIn(causes)])).toEqual([
      [8, 2, ['control', 'aborted', 'compacted']],
    ])
  })

  it('copies what a producer writes after its aborted transaction', () => {
    const aborted = [{ producerId: 9n, firstOffset: 0 }]
    const mine = { producerId: 9n, isTransactional: true }
    const log = [
      plainBatch(0, 1, mine),
      markerBatch(1, 9n, 'abort'),
      plainBatch(2, 1, mine),
      markerBatch(3, 9n, 'commit'),
    ]
    const plan = planBatches(fetched(log, { aborted }), from(0), identity)
    expect(plan.batches.map(({ sourceBase }) => sourceBase)).toEqual([2])
  })

  it('leaves a batch that is cut off to the next answer', () => {
    const whole = Buffer.concat([plainBatch(0, 2), plainBatch(2, 2)])
    const plan = planBatches(fetched(whole.subarray(0, whole.length - 1)), from(0), identity)
    expect(plan.position).toEqual({ sourceNext: 2, targetNext: 2, inStepAt: 2, causes: 0 })
  })

  it('passes over what it was given before', () => {
    const plan = planBatches(fetched([plainBatch(0, 2), plainBatch(2, 2)]), from(2), identity)
    expect(plan.batches.map(({ sourceBase, targetBase }) => [sourceBase, targetBase])).toEqual([[2, 2]])
  })

  it('moves on over a batch that compaction emptied', () => {
    const emptied = modelEncode(plainModel(0, 0, { lastOffset: 4 }))
    const plan = planBatches(fetched([emptied]), from(0), identity)
    expect(plan).toMatchObject({ batches: [], holes: 5, position: { sourceNext: 5, targetNext: 0 } })
  })
})
