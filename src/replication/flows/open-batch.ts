import { isFault } from '../../core/index.ts'
import { lastOffset, type OffsetRun, repackBatches, type RepackInput } from '../../kafka/index.ts'
import { SEGMENT_CAUSES } from '../offset-map/index.ts'
import { cutToFit } from './cut-to-fit.ts'
import { overLimit, type PlanRules, type Refusal, type RefusedRecord } from './plan-rules.ts'

/** Records side by side at the source and in the batch; `causesBefore` attributes the offsets left out before them. */
export interface PlacedRun {
  readonly source: number
  /** In the batch. */
  readonly index: number
  readonly length: number
  readonly causesBefore: number
}

export type OpenedPart =
  | { readonly kind: 'batch'; readonly batch: Buffer; readonly recordCount: number; readonly runs: PlacedRun[] }
  | { readonly kind: 'refused'; readonly record: RefusedRecord; readonly causesBefore: number }

export interface OpenedBatch {
  /** In the order of their offsets. */
  readonly parts: readonly OpenedPart[]
  /** Of the offsets behind the last part. */
  readonly causesAfter: number
  readonly filtered: number
  readonly holes: number
}

/** Who writes is set when a batch gets its place. */
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

/**
 * Opens a batch that cannot pass as it is and says what becomes of each of its offsets from `fromOffset` on: a record in
 * one of the batches to send, refused, filtered, or gone already.
 *
 * @throws RECORDS_CORRUPT, RECORDS_TOO_LARGE, RECORDS_UNKNOWN_CODEC
 */
export function openBatch(input: RepackInput, fromOffset: number, rules: PlanRules): OpenedBatch {
  const { edit } = rules
  const from = Math.max(input.header.baseOffset, fromOffset)
  const end = lastOffset(input.header) + 1
  const offsets = new LeftOut(from)
  const editNoting: typeof edit =
    edit &&
    ((offset, body) => {
      const edited = edit(offset, body)
      if (edited === undefined) offsets.filtered.push(offset)
      return edited
    })
  try {
    const options = { fromOffset, identity: NOBODY, codec: rules.codec, edit: editNoting }
    const repacked = repackBatches([input], options)
    const parts = repacked === undefined ? [] : partsOf(repacked, offsets, rules)
    const causesAfter = offsets.causesUpTo(end)
    return { parts, causesAfter, filtered: offsets.filtered.length, holes: offsets.holes }
  } catch (error) {
    const refusal = firstRefusal(rules, from, end)
    if (!isFault(error, 'RECORDS_CORRUPT') || refusal === undefined || rules.onRefused === 'stop') throw error
    // Nothing in a damaged batch can be trusted, so that it is refused as a whole.
    const { position, sizeBytes } = input.header
    const batch = Buffer.from(input.buffer.subarray(position, position + sizeBytes))
    const record = { ...refusal, fromOffset: from, toOffset: end, batch, isReadable: false }
    return { parts: [{ kind: 'refused', record, causesBefore: 0 }], causesAfter: 0, filtered: 0, holes: 0 }
  }
}

function partsOf(
  { batch, recordCount, runs }: { batch: Buffer; recordCount: number; runs: readonly OffsetRun[] },
  offsets: LeftOut,
  rules: PlanRules,
): OpenedPart[] {
  const { limit, recordsMax, refused } = rules
  const alone = new Set<number>()
  for (const offset of refused.keys()) {
    const index = indexOf(runs, recordCount, offset)
    if (index !== undefined) alone.add(index)
  }
  const limitBytes = limit?.bytes ?? Number.POSITIVE_INFINITY
  return cutToFit(batch, recordCount, { limitBytes, recordsMax, alone }).map((piece): OpenedPart => {
    const within = [...runsWithin(runs, recordCount, piece)]
    const source = within[0]?.source ?? 0
    const refusal = alone.has(piece.from) ? refused.get(source) : refusedForSize(piece.batch.length, rules)
    if (refusal !== undefined) {
      const causesBefore = offsets.causesUpTo(source)
      offsets.skip(1)
      const record = { ...refusal, fromOffset: source, toOffset: source + 1, batch: piece.batch, isReadable: true }
      return { kind: 'refused', record, causesBefore }
    }
    const placed = within.map((run) => {
      const causesBefore = offsets.causesUpTo(run.source)
      offsets.skip(run.length)
      return { ...run, causesBefore }
    })
    return { kind: 'batch', batch: piece.batch, recordCount: piece.to - piece.from, runs: placed }
  })
}

/** Goes over the offsets of a batch and attributes those that have no record. */
class LeftOut {
  readonly filtered: number[] = []
  holes = 0
  #at: number
  #filteredSeen = 0

  constructor(at: number) {
    this.#at = at
  }

  causesUpTo(offset: number): number {
    const count = offset - this.#at
    const before = this.#filteredSeen
    while ((this.filtered[this.#filteredSeen] ?? Number.POSITIVE_INFINITY) < offset) this.#filteredSeen++
    const filtered = this.#filteredSeen - before
    this.#at = offset
    this.holes += count - filtered
    return (filtered > 0 ? SEGMENT_CAUSES.filtered : 0) | (count > filtered ? SEGMENT_CAUSES.compacted : 0)
  }

  skip(records: number): void {
    this.#at += records
  }
}

function firstRefusal({ refused }: PlanRules, from: number, end: number): Refusal | undefined {
  for (const [offset, refusal] of refused) if (offset >= from && offset < end) return refusal
  return undefined
}

/** Only single records are left over the limit by the cut. */
function refusedForSize(sizeBytes: number, { limit }: PlanRules): Refusal | undefined {
  if (limit === undefined || !limit.isFresh || sizeBytes <= limit.bytes) return undefined
  return { error: 'MESSAGE_TOO_LARGE', detail: overLimit(sizeBytes, limit) }
}

function indexOf(runs: readonly OffsetRun[], recordCount: number, offset: number): number | undefined {
  const at = runs.findLastIndex(({ sourceOffset }) => sourceOffset <= offset)
  const run = runs[at]
  if (run === undefined) return undefined
  const index = run.index + offset - run.sourceOffset
  return index < (runs[at + 1]?.index ?? recordCount) ? index : undefined
}

function* runsWithin(
  runs: readonly OffsetRun[],
  recordCount: number,
  { from, to }: { readonly from: number; readonly to: number },
): Generator<Omit<PlacedRun, 'causesBefore'>> {
  for (const [at, run] of runs.entries()) {
    const begin = Math.max(run.index, from)
    const length = Math.min(runs[at + 1]?.index ?? recordCount, to) - begin
    if (length > 0) yield { source: run.sourceOffset + begin - run.index, index: begin - from, length }
  }
}
