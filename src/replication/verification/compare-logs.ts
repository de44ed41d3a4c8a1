/**
 * Compares two sides of a copy, offset by offset along the map.
 *
 * Where a batch of either side begins at mapped offsets and carries the same block, its bytes are compared and nothing
 * is opened. Everything else is compared record by record: the encoded key, value and headers as bytes, and the
 * timestamp. What only one side has is missing or extra, unless the source has deleted it meanwhile, compaction
 * explains it (`CompactionJudge`), or the map names why it was left out. Headers that the link changes on their way are
 * not compared.
 */
import { type BatchHeader, type DecodedRecord, hasHoles, isLogAppendTime } from '../../kafka/index.ts'
import { SEGMENT_CAUSES, type FlowMap, type Stretch } from '../offset-map/index.ts'
import type { CompactionJudge, LackingRecord, Side } from './compaction-judge.ts'
import type { DataBatch } from './committed-log.ts'
import { countDifferences, type Difference, type MutableCounts } from './report.ts'
import type { SideCursor } from './side-cursor.ts'

export interface CompareInput {
  readonly source: SideCursor
  readonly target: SideCursor
  readonly map: Pick<FlowMap, 'findStretch' | 'findSource' | 'causesAtTarget'>
  /** Undefined for topics that are not compacted. */
  readonly judge: CompactionJudge | undefined
  readonly changesHeaders: boolean
  /** First offset that the source serves now. */
  sourceStart(): Promise<number>
  /** Counted on in place. */
  readonly counts: MutableCounts
  /** Everything below this source offset is compared. */
  onProgress(sourceNext: number): void
  onDifference(difference: Difference): void
}

const LEFT_OUT = SEGMENT_CAUSES.filtered | SEGMENT_CAUSES.quarantined | SEGMENT_CAUSES.loss
const BASE_TIMESTAMP_AT = 27
const PRODUCER_ID_AT = 43
const BLOCK_AT = 61
const CODEC_AND_TIME = 0x0f

export async function compareLogs(input: CompareInput, signal: AbortSignal): Promise<void> {
  const { source, target } = input
  const comparison = new Comparison(input, signal)
  try {
    await source.nextBatch()
    await target.nextBatch()
    for (;;) {
      signal.throwIfAborted()
      if (await comparison.passBlock()) continue
      const hasSource = await source.untilRecord()
      const hasTarget = await target.untilRecord()
      if (!hasSource && !hasTarget) break
      if (hasSource && hasTarget && (await comparison.compareRun())) continue
      await comparison.skipOne(hasSource, hasTarget)
    }
  } finally {
    await source.close()
    await target.close()
  }
}

/** What the second look at a compacted topic could not excuse. */
export function differenceOf({
  side,
  sourceOffset,
  targetOffset,
}: LackingRecord & { readonly side: Side }): Difference {
  return { kind: side === 'target' ? 'missing' : 'extra', sourceOffset, targetOffset, fields: [] }
}

class Comparison {
  readonly #input: CompareInput
  readonly #signal: AbortSignal
  /** The part of the map that the source cursor is in. */
  #stretch: Stretch & { readonly source: number } = { kind: 'hole', source: 0, target: 0, length: 0, causes: 0 }
  #sourceStart = 0
  #opened: DataBatch | undefined

  constructor(input: CompareInput, signal: AbortSignal) {
    this.#input = input
    this.#signal = signal
  }

  /** True where both sides stood before the same block, and were moved behind it. */
  async passBlock(): Promise<boolean> {
    const { source, target, judge, counts } = this.#input
    if (!source.isFresh || !target.isFresh || !source.isWhole || !target.isWhole) return false
    const { batch: ours } = source
    const { batch: theirs } = target
    if (ours === undefined || theirs === undefined || judge?.isIdle === false) return false
    const { baseOffset, recordCount, sizeBytes } = ours.header
    await this.#stretchAt(baseOffset)
    const isInStep = this.#placeOf(baseOffset) === theirs.header.baseOffset && this.#left(baseOffset) >= recordCount
    if (!isInStep || !hasSameBlock(ours, theirs)) return false
    counts.records += recordCount
    counts.blockRecords += recordCount
    counts.blockBytes += sizeBytes
    await Promise.all([source.nextBatch(), target.nextBatch()])
    this.#input.onProgress(baseOffset + recordCount)
    return true
  }

  /** Records that lie side by side, until a batch ends or the map goes on elsewhere. False where there is none. */
  async compareRun(): Promise<boolean> {
    const { source, target } = this.#input
    this.#noteOpened()
    await this.#stretchAt(source.offset)
    if (this.#placeOf(source.offset) !== target.offset) return false
    let hasSource = true
    let hasTarget = true
    let next = source.offset
    while (hasSource && hasTarget && this.#placeOf(source.offset) === target.offset) {
      this.#compareRecord()
      next = source.offset + 1
      hasSource = source.nextRecord()
      hasTarget = target.nextRecord()
    }
    await this.#leave(source, hasSource)
    await this.#leave(target, hasTarget)
    this.#input.onProgress(next)
    return true
  }

  /** One side has a record where the other one has none. */
  async skipOne(hasSource: boolean, hasTarget: boolean): Promise<void> {
    const { source, target, counts } = this.#input
    this.#noteOpened()
    if (hasSource) await this.#stretchAt(source.offset)
    const { kind, target: placed, causes } = this.#stretch
    const place = hasSource ? (this.#placeOf(source.offset) ?? placed) : Number.POSITIVE_INFINITY
    if (hasTarget && target.offset < place) {
      await this.#noteExtra()
      await this.#leave(target, target.nextRecord())
    } else if (kind === 'hole') {
      if ((causes & LEFT_OUT) !== 0) counts.attributed++
      else await this.#noteMissing(null)
      await this.#leave(source, source.nextRecord())
    } else {
      await this.#noteMissing(place)
      await this.#leave(source, source.nextRecord())
    }
  }

  #compareRecord(): void {
    const { source, target, counts, judge } = this.#input
    counts.records++
    if (judge?.isIdle === false) {
      judge.has('source', source.decode())
      judge.has('target', target.decode())
    }
    if (source.timestamp === target.timestamp && source.hasSameBody(target)) return
    const found = differingFields(source.decode(), target.decode())
    const fields = this.#input.changesHeaders ? found.filter((field) => field !== 'headers') : found
    if (fields.length === 0) return
    counts.different++
    this.#tell({ kind: 'different', sourceOffset: source.offset, targetOffset: target.offset, fields })
  }

  async #noteMissing(targetOffset: number | null): Promise<void> {
    const { source, counts, judge } = this.#input
    const sourceOffset = source.offset
    if (await this.#isExpired(sourceOffset)) {
      counts.expired++
      return
    }
    if (judge !== undefined && targetOffset !== null) {
      const record = source.decode()
      judge.has('source', record)
      if (judge.lack('target', record, { lackingAt: targetOffset, sourceOffset, targetOffset })) return
    }
    counts.missing++
    this.#tell({ kind: 'missing', sourceOffset, targetOffset, fields: [] })
  }

  async #noteExtra(): Promise<void> {
    const { target, counts, judge, map } = this.#input
    const targetOffset = target.offset
    const { offset: sourceOffset, note } = await map.findSource(targetOffset, this.#signal)
    if (note === 'hole' && ((await map.causesAtTarget(targetOffset, this.#signal)) & SEGMENT_CAUSES.kept) !== 0) {
      counts.attributed++
      return
    }
    if (await this.#isExpired(sourceOffset)) {
      counts.expired++
      return
    }
    if (judge !== undefined && note === 'exact') {
      const record = target.decode()
      judge.has('target', record)
      if (judge.lack('source', record, { lackingAt: sourceOffset, sourceOffset, targetOffset })) return
    }
    counts.extra++
    this.#tell({ kind: 'extra', sourceOffset, targetOffset, fields: [] })
  }

  /** Deleted at the source since it was read, or since the target was. */
  async #isExpired(sourceOffset: number): Promise<boolean> {
    if (sourceOffset < this.#sourceStart) return true
    const { counts } = this.#input
    // Looked up for the first ones; where very many differ, no longer for each.
    if (countDifferences(counts) > 100 && countDifferences(counts) % 1_000 !== 0) return false
    this.#sourceStart = await this.#input.sourceStart()
    return sourceOffset < this.#sourceStart
  }

  #tell(difference: Difference): void {
    this.#input.onDifference(difference)
  }

  async #leave(cursor: SideCursor, hasMore: boolean): Promise<void> {
    if (!hasMore) await cursor.nextBatch()
  }

  /** Counts the bytes of a source batch when it is opened. */
  #noteOpened(): void {
    const { batch } = this.#input.source
    if (batch === undefined || batch === this.#opened) return
    this.#opened = batch
    this.#input.counts.decodedBytes += batch.header.sizeBytes
  }

  async #stretchAt(source: number): Promise<void> {
    if (this.#left(source) > 0) return
    this.#stretch = { ...(await this.#input.map.findStretch(source, this.#signal)), source }
  }

  /** Undefined in a hole, or outside of the stretch. */
  #placeOf(source: number): number | undefined {
    const { kind, target } = this.#stretch
    return kind === 'run' && this.#left(source) > 0 ? target + (source - this.#stretch.source) : undefined
  }

  #left(source: number): number {
    const { source: from, length } = this.#stretch
    return source < from ? 0 : from + length - source
  }
}

/** Codec, timestamps, count and the bytes of the records; offsets and producers differ by nature. */
function hasSameBlock(one: DataBatch, other: DataBatch): boolean {
  const { header: a, buffer: left } = one
  const { header: b, buffer: right } = other
  if (!isSameShape(a, b)) return false
  const isSame = (from: number, to: number) =>
    left.compare(right, b.position + from, b.position + to, a.position + from, a.position + to) === 0
  // What the deltas count from always matters; the largest one only where it stands for every record.
  const timestampsFrom = isLogAppendTime(a) ? BASE_TIMESTAMP_AT + 8 : BASE_TIMESTAMP_AT
  const timestampsTo = isLogAppendTime(a) ? PRODUCER_ID_AT : BASE_TIMESTAMP_AT + 8
  return isSame(timestampsFrom, timestampsTo) && isSame(BLOCK_AT, a.sizeBytes)
}

function isSameShape(a: BatchHeader, b: BatchHeader): boolean {
  return (
    a.sizeBytes === b.sizeBytes &&
    a.recordCount === b.recordCount &&
    (a.attributes & CODEC_AND_TIME) === (b.attributes & CODEC_AND_TIME) &&
    !hasHoles(a) &&
    !hasHoles(b)
  )
}

function differingFields(a: DecodedRecord, b: DecodedRecord): string[] {
  const isSame = (one: Buffer | null | undefined, other: Buffer | null | undefined) =>
    one === null || one === undefined || other === null || other === undefined ? one === other : one.equals(other)
  const hasSameHeaders =
    a.headers.length === b.headers.length &&
    a.headers.every(([key, value], at) => isSame(key, b.headers[at]?.[0]) && isSame(value, b.headers[at]?.[1]))
  const checks = [
    ['key', isSame(a.key, b.key)],
    ['value', isSame(a.value, b.value)],
    ['headers', hasSameHeaders],
    ['timestamp', a.timestamp === b.timestamp],
  ] as const
  return checks.filter(([, same]) => !same).map(([field]) => field)
}
