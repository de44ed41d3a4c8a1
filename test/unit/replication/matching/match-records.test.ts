import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findRow } from '../../../../src/replication/matching/find-beginning.ts'
import { matchRecords, MatchRefusal, type Step } from '../../../../src/replication/matching/match-records.ts'
import type { AttributedSegment } from '../../../../src/replication/offset-map/index.ts'
import { mapOf, signal } from '../verification/logs-in-memory.ts'

/** What happened, one by one, at both logs: a record with its content, or what has none. */
const happening = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('record' as const), content: fc.integer({ min: 0, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('control', 'aborted', 'marker'), content: fc.constant(0) }),
  },
)
const history = fc.array(happening, { minLength: 1, maxLength: 40 })

interface Pair {
  readonly source: number
  readonly target: number
  readonly content: string
}

interface World {
  readonly source: Step[]
  readonly target: Step[]
  readonly pairs: Pair[]
}

/** Few contents, so that equal records stand beside each other; a compacted topic has a new one each time. */
function play(events: readonly { kind: string; content: number }[], isDistinct = false): World {
  const world: World = { source: [], target: [], pairs: [] }
  let [source, target, control, aborted, markers] = [0, 0, 0, 0, 0]
  for (const { kind, content } of events) {
    if (kind === 'control' || kind === 'aborted') {
      source++
      if (kind === 'control') control++
      else aborted++
    } else if (kind === 'marker') {
      target++
      markers++
    } else {
      const digest = isDistinct ? `${source} ${content}` : String(content)
      world.source.push({ offset: source, digest, control, aborted })
      world.target.push({ offset: target, digest, control: markers, aborted: 0 })
      world.pairs.push({ source: source++, target: target++, content: digest })
      control = aborted = markers = 0
    }
  }
  return world
}

async function* stream(steps: readonly Step[]): AsyncGenerator<Step> {
  yield* steps
}

async function match(source: readonly Step[], target: readonly Step[], isCompacted = false) {
  const segments: AttributedSegment[] = []
  const input = { source: stream(source), target: stream(target), isCompacted }
  const end = await matchRecords(input, (segment) => segments.push(segment))
  return { segments, end }
}

/** A log without some of its records, as a cleaner leaves it: what was known of the offsets between stays known. */
function without(steps: readonly Step[], offsets: ReadonlySet<number>): Step[] {
  let [control, aborted] = [0, 0]
  return steps.flatMap((step) => {
    control += step.control
    aborted += step.aborted
    if (offsets.has(step.offset)) return []
    const kept = { ...step, control, aborted }
    control = aborted = 0
    return [kept]
  })
}

describe('matching two logs', () => {
  it('finds the very map of the copy, also where equal records stand side by side', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(40), async (events, ahead) => {
        const { source, target, pairs } = play(events)
        fc.pre(pairs.length > 0)
        const copied = target.slice(0, Math.max(1, target.length - ahead))
        const { segments, end } = await match(source, copied)
        const wanted = mapOf(pairs.slice(0, copied.length))
        const held: AttributedSegment[] = []
        for await (const segment of wanted.segments(signal)) held.push(segment)
        expect(segments.map(({ source: s, target: t }) => [s, t])).toEqual(held.map((one) => [one.source, one.target]))
        const last = pairs[copied.length - 1]
        expect(end).toEqual({
          source: (last?.source ?? 0) + 1,
          target: (last?.target ?? 0) + 1,
          records: copied.length,
        })
      }),
      { numRuns: 1_000 },
    )
  })

  it('refuses a target with a record that is changed, left out or one too many', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), fc.constantFrom('change', 'drop', 'add'), async (events, choice, how) => {
        const { source, target } = play(events, true)
        fc.pre(target.length > 1)
        const at = choice % (target.length - (how === 'drop' ? 1 : 0))
        const planted = target.flatMap((step, index) => {
          if (index !== at) return [step]
          if (how === 'drop') return []
          return how === 'add' ? [step, { ...step, offset: step.offset + 0.5 }] : [{ ...step, digest: 'planted' }]
        })
        const refusal = await match(source, planted).catch((error: unknown) => error)
        expect(refusal).toBeInstanceOf(MatchRefusal)
        const { targetOffset } = refusal as MatchRefusal
        const firstWrong = how === 'add' ? (target[at]?.offset ?? 0) + 0.5 : planted[at]?.offset
        expect(targetOffset).toBe(firstWrong)
      }),
      { numRuns: 500 },
    )
  })

  it('refuses a target that goes on behind the end of its source', async () => {
    const { source, target } = play([1, 2, 0].map((content) => ({ kind: 'record', content })))
    await expect(match(source.slice(0, 2), target)).rejects.toMatchObject({ targetOffset: 2, sourceOffset: undefined })
  })

  it('attributes what lies between', async () => {
    const events = ['record', 'control', 'aborted', 'record', 'marker', 'record'].map((kind) => ({ kind, content: 1 }))
    const { source, target } = play(events)
    const { segments } = await match(source, target)
    expect(segments).toEqual([
      { source: 0, target: 0, causes: 1 },
      { source: 3, target: 1, causes: 2 | 4 },
      { source: 4, target: 3, causes: 16 },
    ])
  })
})

describe('matching compacted logs', () => {
  const removed = fc.array(fc.nat(60), { maxLength: 30 })

  it('never answers a wrong pair: what is left of both logs is mapped as it was, or refused', async () => {
    let matched = 0
    await fc.assert(
      fc.asyncProperty(history, removed, removed, async (events, fromSource, fromTarget) => {
        const { source, target, pairs } = play(events, true)
        // The last record is never cleaned.
        const last = pairs.at(-1)
        fc.pre(pairs.length > 1 && last !== undefined)
        const gone = (offsets: readonly number[], end: number) => new Set(offsets.filter((offset) => offset < end))
        const left = {
          source: without(source, gone(fromSource, last?.source ?? 0)),
          target: without(target, gone(fromTarget, last?.target ?? 0)),
        }
        const outcome = await match(left.source, left.target, true).catch((error: unknown) => error)
        if (outcome instanceof MatchRefusal) return
        if (outcome instanceof Error) throw outcome
        matched++
        const { segments } = outcome as Awaited<ReturnType<typeof match>>
        const pieces = segments.map((segment, index) => ({ ...segment, next: segments[index + 1] }))
        for (const { source: at, target: place } of pairs.filter((pair) => isLeft(pair, left))) {
          const piece = pieces.findLast((one) => one.source <= at)
          const found = piece && piece.target + (at - piece.source)
          expect(found).toBe(place)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(matched).toBeGreaterThan(100)
  })

  function isLeft(pair: Pair, { source, target }: { source: readonly Step[]; target: readonly Step[] }): boolean {
    const isAtSource = source.some(({ offset }) => offset === pair.source)
    return isAtSource && (target[0]?.offset ?? 0) <= pair.target
  }

  it('takes the place of records that only one side has where nothing else is possible', async () => {
    const { source, target } = play(
      Array.from({ length: 6 }, () => ({ kind: 'record', content: 0 })),
      true,
    )
    const onlyTarget = await match(without(source, new Set([2, 3])), target, true)
    expect(onlyTarget.segments).toEqual([{ source: 0, target: 0, causes: 1 }])
    const onlySource = await match(source, without(target, new Set([1, 2])), true)
    expect(onlySource.segments).toEqual([{ source: 0, target: 0, causes: 1 }])
  })

  it('refuses by its first offset what could be matched in two ways', async () => {
    const events = [0, 0, 0, 0, 0].map((content) => ({ kind: 'record', content }))
    const { source, target } = play(events, true)
    // Offset 1 of the source was empty when the copy was made: the target has one offset less.
    const moved = target.flatMap((step) =>
      step.offset === 1 ? [] : [{ ...step, offset: Math.max(0, step.offset - 1) }],
    )
    const refusal = match(without(source, new Set([1, 2])), moved, true)
    await expect(refusal).rejects.toMatchObject({ targetOffset: 1 })
  })
})

describe('finding a row of records', () => {
  const steps = (text: string): Step[] =>
    Array.from(text, (digest, offset) => ({ offset, digest, control: 0, aborted: 0 }))

  it('names every place, as looking at each one would', async () => {
    const text = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength })
    await fc.assert(
      fc.asyncProperty(text(5), text(40), fc.boolean(), async (row, log, mayBeCutOff) => {
        const places = await findRow(steps(row), stream(steps(log)), { mayBeCutOff })
        const wanted = log.split('').flatMap((_, at) => {
          const there = log.slice(at, at + row.length)
          const isThere = there === row || (mayBeCutOff && there.length < row.length && row.startsWith(there))
          return isThere ? [at] : []
        })
        expect(places.sort((a, b) => a - b)).toEqual(wanted)
      }),
      { numRuns: 1_000 },
    )
  })
})
