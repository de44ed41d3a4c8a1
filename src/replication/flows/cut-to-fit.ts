import { invariant } from '../../core/index.ts'
import { type BatchHeader, readBatch, repackBatches } from '../../kafka/index.ts'

/** Records `[from, to)` of a batch, by index, as a batch of their own. */
export interface Piece {
  readonly from: number
  readonly to: number
  readonly batch: Buffer
}

export interface CutRules {
  readonly limitBytes: number
  readonly recordsMax: number
  /** Indexes of records that have to stand alone. */
  readonly alone: ReadonlySet<number>
}

/** Who writes is set when a batch gets its place. */
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

/**
 * Cuts a packed batch, base offset 0 and no holes, into pieces that are within the rules. A single record is never cut,
 * whatever its size.
 */
export function cutToFit(batch: Buffer, recordCount: number, rules: CutRules): Piece[] {
  const header = readBatch(batch, 0)
  invariant(header !== undefined, 'what was packed is whole')
  const pieces: Piece[] = []
  const cut = (from: number, to: number): void => {
    const piece = pieceOf({ batch, header, recordCount }, from, to)
    const count = to - from
    const parts = Math.max(Math.ceil(piece.length / rules.limitBytes), Math.ceil(count / rules.recordsMax))
    if (count === 1 || parts <= 1) {
      pieces.push({ from, to, batch: piece })
      return
    }
    const step = Math.ceil(count / Math.min(parts, count))
    for (let at = from; at < to; at += step) cut(at, Math.min(at + step, to))
  }
  for (const [from, to] of rangesAround(rules.alone, recordCount)) cut(from, to)
  return pieces
}

function pieceOf(
  { batch, header, recordCount }: { batch: Buffer; header: BatchHeader; recordCount: number },
  from: number,
  to: number,
): Buffer {
  if (from === 0 && to === recordCount) return batch
  const options = { fromOffset: from, untilOffset: to, identity: NOBODY }
  const repacked = repackBatches([{ buffer: batch, header }], options)
  invariant(repacked !== undefined, 'a range of a packed batch has records')
  return repacked.batch
}

function rangesAround(alone: ReadonlySet<number>, count: number): [number, number][] {
  const ranges: [number, number][] = []
  let from = 0
  for (const index of [...alone].sort((a, b) => a - b)) {
    if (index > from) ranges.push([from, index])
    ranges.push([index, index + 1])
    from = index + 1
  }
  if (from < count) ranges.push([from, count])
  return ranges
}
