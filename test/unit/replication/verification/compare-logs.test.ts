import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompactionJudge } from '../../../../src/replication/verification/compaction-judge.ts'
import { compareLogs, differenceOf } from '../../../../src/replication/verification/compare-logs.ts'
import { type Difference, noCounts } from '../../../../src/replication/verification/report.ts'
import { SideCursor } from '../../../../src/replication/verification/side-cursor.ts'
import { LogInMemory, mapOf, type Piece, signal, type Written } from './logs-in-memory.ts'

interface World {
  readonly source: LogInMemory
  readonly target: LogInMemory
  readonly pairs: readonly { readonly source: number; readonly target: number }[]
  readonly isCompacted?: boolean
  readonly sourceStart?: number
  readonly causes?: number
}

async function compare({ source, target, pairs, isCompacted = false, sourceStart = 0, causes = 0 }: World) {
  const counts = noCounts()
  const differences: Difference[] = []
  const judge = isCompacted ? new CompactionJudge() : undefined
  const range = (log: LogInMemory) => ({ from: 0, to: log.end })
  await compareLogs(
    {
      source: new SideCursor(source.read(), range(source)),
      target: new SideCursor(target.read(), range(target)),
      map: mapOf(pairs, causes),
      judge,
      changesHeaders: false,
      sourceStart: async () => sourceStart,
      counts,
      onProgress: () => undefined,
      onDifference: (difference) => differences.push(difference),
    },
    signal,
  )
  const left = (await judge?.resolve((side) => (side === 'source' ? source : target).read())) ?? []
  return { counts, differences: [...differences, ...left.map((one) => differenceOf(one))] }
}

const record = (offset: number, more: Partial<Written> = {}): Written => ({
  offset,
  key: `k${offset}`,
  value: `v${offset}`,
  timestamp: 1_000 + offset,
  ...more,
})

const batch = (offsets: readonly number[], more: Partial<Written> = {}): Piece => ({
  kind: 'batch',
  records: offsets.map((offset) => record(offset, more)),
})

/** Source pieces with holes of every kind; the target is the copy of what is left, cut differently or alike. */
const history = fc.record({
  steps: fc.array(
    fc.record({
      kind: fc.constantFrom('batch', 'batch', 'batch', 'marker', 'aborted', 'hole'),
      count: fc.integer({ min: 1, max: 4 }),
      codec: fc.constantFrom('none', 'gzip', 'lz4'),
      isCutAlike: fc.boolean(),
      markersBefore: fc.constantFrom(0, 0, 0, 1),
    }),
    { minLength: 1, maxLength: 12 },
  ),
})

function build({
  steps,
}: {
  steps: readonly { kind: string; count: number; codec: string; isCutAlike: boolean; markersBefore: number }[]
}) {
  const source: Piece[] = []
  const target: Piece[] = []
  const pairs: { source: number; target: number }[] = []
  let at = 0
  let to = 0
  for (const { kind, count, codec, isCutAlike, markersBefore } of steps) {
    if (kind === 'marker') source.push({ kind: 'marker', offset: at++ })
    else if (kind === 'hole') at += count
    else if (kind === 'aborted') {
      source.push({ kind: 'aborted', offset: at, count })
      at += count + 1
    } else {
      for (let marker = 0; marker < markersBefore; marker++) target.push({ kind: 'marker', offset: to++ })
      const records = Array.from({ length: count }, (_, index) => record(at + index))
      const copies = records.map((one, index) => ({ ...one, offset: to + index }))
      source.push({ kind: 'batch', records, codec: codec as 'none' })
      if (isCutAlike) target.push({ kind: 'batch', records: copies, codec: codec as 'none' })
      else for (const copy of copies) target.push({ kind: 'batch', records: [copy] })
      pairs.push(...records.map(({ offset }, index) => ({ source: offset, target: to + index })))
      at += count
      to += count
    }
  }
  return { source, target, pairs }
}

/** The target with one record changed, left out or one too many. */
function plant(pieces: readonly Piece[], at: number, how: 'different' | 'missing'): Piece[] {
  return pieces.flatMap((piece): Piece[] => {
    if (piece.kind !== 'batch' || !piece.records.some(({ offset }) => offset === at)) return [piece]
    if (how === 'different') {
      const records = piece.records.map((one) => (one.offset === at ? { ...one, value: 'planted' } : one))
      return [{ ...piece, records }]
    }
    return piece.records.filter(({ offset }) => offset !== at).map((one) => ({ ...piece, records: [one] }))
  })
}

describe('comparing both sides of a copy', () => {
  it('finds every copy equal, whatever lies between the records and however it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (options) => {
        const { source, target, pairs } = build(options)
        const result = await compare({ source: new LogInMemory(source), target: new LogInMemory(target), pairs })
        expect(result).toMatchObject({ differences: [], counts: { records: pairs.length } })
      }),
      { numRuns: 300 },
    )
  })

  it('finds exactly the record that was changed or left out', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), fc.constantFrom('different', 'missing'), async (options, choice, how) => {
        const { source, target, pairs } = build(options)
        const pair = pairs[choice % Math.max(1, pairs.length)]
        fc.pre(pair !== undefined)
        if (pair === undefined) return
        const planted = plant(target, pair.target, how)
        const { differences } = await compare({
          source: new LogInMemory(source),
          target: new LogInMemory(planted),
          pairs,
        })
        const fields = how === 'different' ? ['value'] : []
        expect(differences).toEqual([{ kind: how, sourceOffset: pair.source, targetOffset: pair.target, fields }])
      }),
      { numRuns: 300 },
    )
  })

  it('compares equal blocks without opening them, and opens what was cut or packed differently', async () => {
    const source = new LogInMemory([batch([0, 1, 2]), batch([3, 4, 5])])
    const target = new LogInMemory([batch([0, 1, 2]), batch([3]), batch([4, 5])])
    const pairs = [0, 1, 2, 3, 4, 5].map((offset) => ({ source: offset, target: offset }))
    const { counts, differences } = await compare({ source, target, pairs })
    expect(differences).toEqual([])
    expect(counts).toMatchObject({ records: 6, blockRecords: 3 })
    expect(counts.blockBytes).toBeGreaterThan(0)
    expect(counts.decodedBytes).toBeGreaterThan(0)
  })

  it('names a timestamp that differs alone', async () => {
    const source = new LogInMemory([batch([0])])
    const target = new LogInMemory([batch([0], { timestamp: 7 })])
    const { differences } = await compare({ source, target, pairs: [{ source: 0, target: 0 }] })
    expect(differences).toEqual([{ kind: 'different', sourceOffset: 0, targetOffset: 0, fields: ['timestamp'] }])
  })

  it('names a record that only the target has', async () => {
    const source = new LogInMemory([batch([0]), { kind: 'marker', offset: 1 }, batch([2])])
    const target = new LogInMemory([batch([0]), batch([1]), batch([2])])
    const pairs = [0, 2].map((offset) => ({ source: offset, target: offset }))
    const { differences } = await compare({ source, target, pairs })
    expect(differences).toEqual([{ kind: 'extra', sourceOffset: 2, targetOffset: 1, fields: [] }])
  })

  it('lets go of what the source has deleted since', async () => {
    const source = new LogInMemory([batch([2, 3])])
    const target = new LogInMemory([batch([0, 1]), batch([2, 3])])
    const pairs = [0, 1, 2, 3].map((offset) => ({ source: offset, target: offset }))
    const { differences, counts } = await compare({ source, target, pairs, sourceStart: 2 })
    expect(differences).toEqual([])
    expect(counts).toMatchObject({ records: 2, expired: 2 })
  })

  it('accepts a hole on the target for which the map names a filter, and no other', async () => {
    const world = {
      source: new LogInMemory([batch([0, 1, 2])]),
      target: new LogInMemory([{ kind: 'batch', records: [record(0), { ...record(2), offset: 1 }] }]),
      pairs: [
        { source: 0, target: 0 },
        { source: 2, target: 1 },
      ],
    }
    expect(await compare({ ...world, causes: 64 })).toMatchObject({ differences: [], counts: { attributed: 1 } })
    expect((await compare({ ...world, causes: 8 })).differences).toEqual([
      { kind: 'missing', sourceOffset: 1, targetOffset: null, fields: [] },
    ])
  })
})

describe('compacted topics', () => {
  const pairs = Array.from({ length: 40 }, (_, offset) => ({ source: offset, target: offset }))
  const keys = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), isDeletion: fc.boolean() }), {
    minLength: 1,
    maxLength: 30,
  })

  /** What a cleaner leaves of the records before `dirty`: the last of each key, deletions only where they are kept. */
  function clean(records: readonly Written[], dirty: number, keepsDeletions: boolean): Written[] {
    return records.filter((one, index) => {
      if (index >= dirty) return true
      const isLast = !records.slice(0, dirty).some((other, at) => at > index && other.key === one.key)
      return isLast && (one.value !== null || keepsDeletions)
    })
  }

  const written = (given: readonly { key: string; isDeletion: boolean }[]) =>
    given.map(({ key, isDeletion }, offset) => record(offset, { key, value: isDeletion ? null : `v${offset}` }))
  const pieces = (records: readonly Written[]): Piece[] => records.map((one) => ({ kind: 'batch', records: [one] }))

  it('are equal where both cleaners left other records and the same latest values', async () => {
    await fc.assert(
      fc.asyncProperty(keys, fc.nat(30), fc.nat(30), fc.boolean(), fc.boolean(), async (given, one, other, a, b) => {
        const records = written(given)
        const source = new LogInMemory(pieces(clean(records, one, a)))
        const target = new LogInMemory(pieces(clean(records, other, b)))
        expect((await compare({ source, target, pairs, isCompacted: true })).differences).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('differ where the latest value of a key is missing on either side, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(keys, fc.nat(30), fc.nat(30), fc.nat(), async (given, one, other, choice) => {
        const records = written(given)
        const latest = records.filter(
          ({ key, offset, value }) =>
            value !== null && !records.some((next) => next.offset > offset && next.key === key),
        )
        const lost = latest[choice % Math.max(1, latest.length)]
        fc.pre(lost !== undefined)
        const isAtTarget = choice % 2 === 0
        const without = (kept: readonly Written[], isHere: boolean) =>
          kept.filter(({ offset }) => !isHere || offset !== lost?.offset)
        const source = new LogInMemory(pieces(without(clean(records, one, true), !isAtTarget)))
        const target = new LogInMemory(pieces(without(clean(records, other, true), isAtTarget)))
        const { differences } = await compare({ source, target, pairs, isCompacted: true })
        const kind = isAtTarget ? 'missing' : 'extra'
        expect(differences).toMatchObject([{ kind, sourceOffset: lost?.offset, targetOffset: lost?.offset }])
      }),
      { numRuns: 500 },
    )
  })

  it('differ where a deletion never reached a side that still holds the value', async () => {
    const source = new LogInMemory(pieces([record(3, { key: 'a', value: null }), record(4)]))
    const target = new LogInMemory(pieces([record(1, { key: 'a' }), record(4)]))
    const { differences } = await compare({ source, target, pairs, isCompacted: true })
    expect(differences).toMatchObject([{ kind: 'missing', sourceOffset: 3 }])
  })

  it('are refused where more keys wait for an excuse than may be held', () => {
    const judge = new CompactionJudge({ keys: 2, bytes: 1_000 })
    const lack = (key: string) =>
      judge.lack(
        'target',
        { offset: 0, timestamp: 0, key: Buffer.from(key), value: Buffer.from('v'), headers: [] },
        { lackingAt: 0, sourceOffset: 0, targetOffset: 0 },
      )
    lack('a')
    lack('b')
    expect(() => lack('c')).toThrow(/3 keys/)
  })
})
