import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editContents } from '../../../../src/kafka/index.ts'
import { type PlannedBatch, planBatches, type PlanPosition } from '../../../../src/replication/flows/plan-batches.ts'
import { PASS_THROUGH, type PlanRules, type RefusedRecord } from '../../../../src/replication/flows/plan-rules.ts'
import { type AttributedSegment, causesIn } from '../../../../src/replication/offset-map/index.ts'
import { batches } from '../../kafka/records/arbitraries.ts'
import {
  describeModel,
  modelDecode,
  modelEncode,
  type ModelBatch,
  type ModelRecord,
} from '../../kafka/records/model.ts'
import { type CopiedRecord, disagreements } from '../offset-map/oracle.ts'
import { fetched, flowEntry, IDENTITY, KEY, makeMap, neverAborted, plainBatch } from './flow-fixtures.ts'

const REFUSAL = { error: 'INVALID_RECORD', detail: 'no key' }
const identity = { ...IDENTITY, epochStart: 0 }
const at = (source: number): PlanPosition => ({ sourceNext: source, targetNext: source, inStepAt: source, causes: 0 })

function rules(more: Partial<PlanRules>): PlanRules {
  return { ...PASS_THROUGH, ...more }
}

const limitOf = (bytes: number, isFresh = true) => ({ bytes, config: 'max.message.bytes', isFresh })

function recordsOf(planned: readonly PlannedBatch[]): ModelRecord[] {
  return planned.flatMap(({ bytes, targetBase }) =>
    modelDecode(bytes).records.map((record) => ({ ...record, offset: targetBase + record.offset })),
  )
}

const content = (record: ModelRecord): string => describeModel({ ...record, offset: 0 })

function readable({ records, isLogAppendTime, maxTimestamp }: ModelBatch): ModelRecord[] {
  return records.map((one) => (isLogAppendTime ? { ...one, timestamp: maxTimestamp! } : one))
}

const hasEvenValue = (value: Buffer | null) => (value?.length ?? 0) % 2 === 0
const evenOnly = editContents((contents) => (hasEvenValue(contents.value) ? contents : undefined))

it('leaves out exactly what is refused or filtered, keeps batches within the rules, and has a map that says so', async () => {
  const scenario = fc.record({
    models: batches({ wild: true, maxBatches: 6 }),
    answers: fc.integer({ min: 1, max: 3 }),
    refusedAt: fc.array(fc.nat(40), { maxLength: 6 }),
    limitBytes: fc.constantFrom(120, 400, 1_000_000),
    recordsMax: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
    isFiltered: fc.boolean(),
    codec: fc.constantFrom(undefined, 'zstd' as const, 'none' as const),
    onRefused: fc.constantFrom('quarantine' as const, 'skip' as const),
  })
  let leftOut = 0
  await fc.assert(
    fc.asyncProperty(scenario, async ({ models, answers, refusedAt, limitBytes, recordsMax, ...more }) => {
      const all = models.flatMap(readable)
      const start = models[0]!.baseOffset
      const refused = new Map(refusedAt.flatMap((index) => (all[index] ? [[all[index].offset, REFUSAL]] : [])))
      const given = rules({
        limit: limitOf(limitBytes),
        recordsMax,
        refused,
        codec: more.codec,
        onRefused: more.onRefused,
        edit: more.isFiltered ? evenOnly : undefined,
      })
      const map = makeMap()
      map.apply(flowEntry({ segments: [{ source: start, target: 0, causes: 1 }] }), 0)
      let position: PlanPosition = { sourceNext: start, targetNext: 0, inStepAt: start, causes: 0 }
      const planned: PlannedBatch[] = []
      const segments: AttributedSegment[] = []
      const gone: RefusedRecord[] = []
      const each = Math.ceil(models.length / answers)
      for (let from = 0; from < models.length; from += each) {
        const answer = fetched(models.slice(from, from + each).map(modelEncode))
        const plan = planBatches(answer, position, identity, given)
        if (plan.segments.length > 0) map.apply(flowEntry({ segments: plan.segments }), 1 + from)
        position = plan.position
        planned.push(...plan.batches)
        segments.push(...plan.segments)
        gone.push(...plan.refused)
      }

      const isGone = new Set(gone.map(({ fromOffset }) => fromOffset))
      const taken = all.filter(({ value }) => !more.isFiltered || hasEvenValue(value))
      const expected = taken.filter(({ offset }) => !isGone.has(offset))
      leftOut += all.length - expected.length
      const got = recordsOf(planned)
      expect(got.map(content)).toEqual(expected.map(content))
      expect(got.map(({ offset }) => offset)).toEqual(expected.map((_, index) => index))
      for (const { bytes, recordCount } of planned) {
        expect(bytes.length).toBeLessThanOrEqual(limitBytes)
        expect(recordCount).toBeLessThanOrEqual(recordsMax)
      }
      for (const offset of refused.keys()) {
        expect(isGone.has(offset)).toBe(taken.some((record) => record.offset === offset))
      }
      for (const { batch, fromOffset } of gone) {
        const [kept] = modelDecode(batch).records
        expect(content(kept!)).toBe(content(all.find(({ offset }) => offset === fromOffset)!))
      }
      for (const { causes } of segments) expect(causesIn(causes)).not.toEqual([])
      const named = causesIn(segments.reduce((sum, { causes }) => sum | causes, 0))
      if (gone.length > 0) expect(named).toContain(more.onRefused === 'quarantine' ? 'quarantined' : 'loss')
      if (expected.length === 0) return
      const copied: CopiedRecord[] = expected.map(({ offset }, index) => ({ source: offset, target: index }))
      const end = { source: copied.at(-1)!.source + 1, target: copied.length }
      const flow = map.flow(KEY)!
      const found = await disagreements(copied, { start: { source: start, target: 0 }, end }, (side, offset) =>
        side === 'source' ? flow.findTarget(offset, neverAborted, end) : flow.findSource(offset, neverAborted, end),
      )
      expect(found).toEqual([])
    }),
    { numRuns: 150 },
  )
  expect(leftOut).toBeGreaterThan(100)
}, 60_000)

describe('planBatches, by its rules', () => {
  const log = [plainBatch(0, 4), plainBatch(4, 4)]

  it('ends in front of a refused record where the policy is to stop', () => {
    const plan = planBatches(fetched(log), at(0), identity, rules({ refused: new Map([[5, REFUSAL]]) }))
    expect(plan).toMatchObject({ isHalted: true, refused: [{ fromOffset: 5, ...REFUSAL }], segments: [] })
    expect(plan.batches.map(({ sourceEnd, fate }) => [sourceEnd, fate])).toEqual([
      [4, 'passed'],
      [5, 'refused'],
    ])
    expect(plan.position).toMatchObject({ sourceNext: 5, targetNext: 5 })
  })

  it('records a refused record that is the last one, for whoever goes on behind it', () => {
    const given = rules({ refused: new Map([[7, REFUSAL]]), onRefused: 'skip' })
    const plan = planBatches(fetched(log), at(0), identity, given)
    expect(plan.segments.map(({ source, target, causes }) => [source, target, causesIn(causes)])).toEqual([
      [8, 7, ['loss']],
    ])
    expect(planBatches(fetched([plainBatch(8, 1)]), plan.position, identity, given).segments).toEqual([])
  })

  it('attributes what the answer before has left out', () => {
    const filtering = rules({ edit: evenOnly })
    const odd = planBatches(fetched([plainBatch(5, 1)]), at(5), identity, rules({ edit: () => undefined }))
    expect(odd).toMatchObject({
      recordsFiltered: 1,
      batches: [],
      segments: [],
      position: { sourceNext: 6, targetNext: 5 },
    })
    const next = planBatches(fetched([plainBatch(6, 1)]), odd.position, identity, filtering)
    expect(next.segments.map(({ causes }) => causesIn(causes))).toEqual([['filtered']])
  })

  it('sends a record that is over a limit known long ago: the target decides', () => {
    const plan = planBatches(fetched(log), at(0), identity, rules({ limit: limitOf(10, false), onRefused: 'skip' }))
    expect(plan.refused).toEqual([])
    expect(plan.batches.map(({ recordCount }) => recordCount)).toEqual(Array.from({ length: 8 }, () => 1))
  })

  it('counts a batch that is split once', () => {
    const plan = planBatches(fetched(log), at(0), identity, rules({ recordsMax: 2 }))
    expect(plan.batches.map(({ fate, sourceBatches }) => [fate, sourceBatches])).toEqual([
      ['split', 1],
      ['split', 0],
      ['split', 1],
      ['split', 0],
    ])
  })

  it('refuses a damaged batch as a whole, bytes and all', () => {
    const damaged = plainBatch(4, 4)
    damaged[80]! ^= 1
    const original = Buffer.from(damaged)
    const given = rules({ refused: new Map([[4, REFUSAL]]), onRefused: 'quarantine' })
    const plan = planBatches(fetched([plainBatch(0, 4), damaged, plainBatch(8, 1)]), at(0), identity, given)
    expect(plan.refused).toMatchObject([{ fromOffset: 4, toOffset: 8, isReadable: false, batch: original }])
    expect(plan.segments.map(({ source, target, causes }) => [source, target, causesIn(causes)])).toEqual([
      [8, 4, ['quarantined']],
    ])
    expect(() => planBatches(fetched([damaged]), at(4), identity, rules({ refused: new Map([[4, REFUSAL]]) }))).toThrow(
      expect.objectContaining({ code: 'RECORDS_CORRUPT' }),
    )
  })
})
