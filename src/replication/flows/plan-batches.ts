import {
  type BatchHeader,
  canPassThrough,
  type FetchedPartition,
  isControl,
  isTransactional,
  lastOffset,
  readBatch,
  readControlType,
  recordsFaults,
  repackBatches,
  rewriteHeader,
} from '../../kafka/index.ts'
import { type AttributedSegment, SEGMENT_CAUSES } from '../offset-map/index.ts'
import { AbortedTransactions } from './aborted-transactions.ts'

/** Sequences wrap to 0 after 2^31 - 1, also inside a batch (measured). */
const SEQUENCE_SPAN = 2 ** 31

/** Where a flow is, as far as it is planned: every source offset below `sourceNext` has its place on the target or none. */
export interface PlanPosition {
  readonly sourceNext: number
  readonly targetNext: number
  /** Just behind the last source offset that has a record on the target: where it runs in step without a new segment. */
  readonly inStepAt: number
}

export interface PlanIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Target offset of sequence 0 in this epoch. */
  readonly epochStart: number
}

/** One batch, ready to be sent, and the place it must get. */
export interface PlannedBatch {
  readonly bytes: Buffer
  readonly recordCount: number
  readonly targetBase: number
  /** Source offset of its first record. */
  readonly sourceBase: number
  /** Once it is acknowledged, every source offset below is on the target or attributed. */
  readonly sourceEnd: number
  readonly repacked: boolean
  readonly largestTimestampMs: number
}

export interface Plan {
  readonly batches: readonly PlannedBatch[]
  /** Segments that begin in this answer; empty while source and target run in step. */
  readonly segments: readonly AttributedSegment[]
  readonly position: PlanPosition
  /** -1 while no batch was seen. */
  readonly sourceLeaderEpoch: number
  readonly recordsAborted: number
  readonly controlRecords: number
  readonly holes: number
}

/**
 * Turns one fetched partition into batches for the target. Pure, but for headers being rewritten in place in the
 * fetched bytes: those are ours alone.
 *
 * What can pass is never opened; control batches and aborted batches are dropped as a whole; the rest is repacked.
 * Whatever makes source and target offsets fall out of step begins a new segment. Faults: those of the records.
 */
export function planBatches(fetched: FetchedPartition, start: PlanPosition, identity: PlanIdentity): Plan {
  const planner = new Planner(start, identity, fetched.aborted)
  const { records } = fetched
  for (let at = 0; at < records.length; ) {
    const header = readBatch(records, at)
    if (header === undefined) {
      // The last batch may be cut off; a broker never cuts off the first one (KIP-74).
      if (at > 0) break
      const why = `an answer of ${records.length} bytes holds no whole batch`
      throw recordsFaults.fault('RECORDS_CORRUPT', { offset: start.sourceNext, why })
    }
    at += header.sizeBytes
    planner.add(records, header)
  }
  return planner.plan()
}

export function sequenceAt(targetOffset: number, epochStart: number): number {
  return (targetOffset - epochStart) % SEQUENCE_SPAN
}

class Planner {
  readonly #identity: PlanIdentity
  readonly #aborted: AbortedTransactions
  readonly #batches: PlannedBatch[] = []
  readonly #segments: AttributedSegment[] = []
  #sourceNext: number
  #targetNext: number
  #inStepAt: number
  #causes = 0
  #sourceLeaderEpoch = -1
  #recordsAborted = 0
  #controlRecords = 0
  #holes = 0

  constructor(start: PlanPosition, identity: PlanIdentity, aborted: FetchedPartition['aborted']) {
    this.#identity = identity
    this.#aborted = new AbortedTransactions(aborted)
    this.#sourceNext = start.sourceNext
    this.#targetNext = start.targetNext
    this.#inStepAt = start.inStepAt
  }

  add(records: Buffer, header: BatchHeader): void {
    const end = lastOffset(header) + 1
    const control = isControl(header)
    const aborted = !control && isTransactional(header) && this.#aborted.includes(header.producerId, end - 1)
    if (control && readControlType(records, header) === 'abort') this.#aborted.endedBy(header.producerId, end - 1)
    if (end <= this.#sourceNext) return

    this.#skipTo(header.baseOffset)
    if (control) this.#drop(end, SEGMENT_CAUSES.control, () => (this.#controlRecords += header.recordCount))
    else if (aborted) this.#drop(end, SEGMENT_CAUSES.aborted, () => (this.#recordsAborted += header.recordCount))
    else if (canPassThrough(header, this.#sourceNext)) this.#pass(records, header, end)
    else this.#repack(records, header, end)
    this.#sourceLeaderEpoch = header.partitionLeaderEpoch
  }

  plan(): Plan {
    return {
      batches: this.#batches,
      segments: this.#segments,
      position: { sourceNext: this.#sourceNext, targetNext: this.#targetNext, inStepAt: this.#inStepAt },
      sourceLeaderEpoch: this.#sourceLeaderEpoch,
      recordsAborted: this.#recordsAborted,
      controlRecords: this.#controlRecords,
      holes: this.#holes,
    }
  }

  /** Offsets between two batches that the source no longer has: compaction took whole batches. */
  #skipTo(baseOffset: number): void {
    if (baseOffset <= this.#sourceNext) return
    this.#holes += baseOffset - this.#sourceNext
    this.#drop(baseOffset, SEGMENT_CAUSES.compacted)
  }

  #drop(end: number, causes: number, count?: () => void): void {
    count?.()
    this.#causes |= causes
    this.#sourceNext = end
  }

  #pass(records: Buffer, header: BatchHeader, end: number): void {
    const { position, sizeBytes, baseOffset, recordCount } = header
    this.#place(baseOffset, this.#targetNext, recordCount)
    rewriteHeader(records, header, this.#batchIdentity())
    this.#push(records.subarray(position, position + sizeBytes), recordCount, baseOffset, end, header, false)
  }

  #repack(records: Buffer, header: BatchHeader, end: number): void {
    const from = Math.max(header.baseOffset, this.#sourceNext)
    const repacked = repackBatches([{ buffer: records, header }], {
      fromOffset: this.#sourceNext,
      identity: this.#batchIdentity(),
    })
    this.#holes += end - from - (repacked?.recordCount ?? 0)
    const first = repacked?.runs[0]
    if (repacked === undefined || first === undefined) {
      this.#drop(end, SEGMENT_CAUSES.compacted)
      return
    }
    for (const [index, run] of repacked.runs.entries()) {
      const length = (repacked.runs[index + 1]?.index ?? repacked.recordCount) - run.index
      if (run.sourceOffset > from) this.#causes |= SEGMENT_CAUSES.compacted
      this.#place(run.sourceOffset, this.#targetNext + run.index, length)
    }
    this.#push(repacked.batch, repacked.recordCount, first.sourceOffset, end, header, true)
    if (this.#inStepAt < end) this.#causes |= SEGMENT_CAUSES.compacted
  }

  /** A run of records gets its place: a new segment where source offsets were left out before it. */
  #place(source: number, target: number, length: number): void {
    if (source !== this.#inStepAt) this.#segments.push({ source, target, causes: this.#causes })
    this.#inStepAt = source + length
    this.#causes = 0
  }

  #push(bytes: Buffer, recordCount: number, sourceBase: number, end: number, header: BatchHeader, repacked: boolean) {
    this.#batches.push({
      bytes,
      recordCount,
      targetBase: this.#targetNext,
      sourceBase,
      sourceEnd: end,
      repacked,
      largestTimestampMs: header.maxTimestamp,
    })
    this.#targetNext += recordCount
    this.#sourceNext = end
  }

  #batchIdentity() {
    const { producerId, producerEpoch, epochStart } = this.#identity
    return { producerId, producerEpoch, baseSequence: sequenceAt(this.#targetNext, epochStart) }
  }
}
