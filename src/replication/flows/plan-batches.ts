import { invariant } from '../../core/index.ts'
import {
  type BatchHeader,
  codecOf,
  type FetchedPartition,
  hasHoles,
  isControl,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  readBatch,
  readControlType,
  recordsFaults,
  rewriteHeader,
} from '../../kafka/index.ts'
import { type AttributedSegment, SEGMENT_CAUSES } from '../offset-map/index.ts'
import { AbortedTransactions } from './aborted-transactions.ts'
import type { BatchFate } from './count-batches.ts'
import { type OpenedBatch, openBatch } from './open-batch.ts'
import { PASS_THROUGH, type PlanRules, type RefusedRecord } from './plan-rules.ts'

/** Sequences wrap to 0 after 2^31 - 1, also inside a batch (measured). */
const SEQUENCE_SPAN = 2 ** 31

/** Where a flow is, as far as it is planned: every source offset below `sourceNext` has its place on the target or none. */
export interface PlanPosition {
  readonly sourceNext: number
  readonly targetNext: number
  /** Just behind the last source offset that has a record on the target: where it runs in step without a new segment. */
  readonly inStepAt: number
  /** Why offsets between `inStepAt` and `sourceNext` have no record: for the segment that comes next. */
  readonly causes: number
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
  /** How many of the source's batches it stands for; 0 for the rest of one that was split. */
  readonly sourceBatches: number
  readonly fate: BatchFate
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
  readonly recordsFiltered: number
  /** Left out, in order; or, where the policy is to stop, the one in front of which the plan ends. */
  readonly refused: readonly RefusedRecord[]
  readonly isHalted: boolean
}

/**
 * Turns one fetched partition into batches for the target. Pure, but for headers being rewritten in place in the
 * fetched bytes: those are ours alone.
 *
 * What can pass is never opened; control batches and aborted batches are dropped as a whole; the rest is opened.
 * Whatever makes source and target offsets fall out of step begins a new segment. Faults: those of the records.
 */
export function planBatches(
  fetched: FetchedPartition,
  start: PlanPosition,
  identity: PlanIdentity,
  rules: PlanRules = PASS_THROUGH,
): Plan {
  const planner = new Planner(start, { identity, rules, aborted: fetched.aborted })
  const { records } = fetched
  for (let at = 0; at < records.length && !planner.isHalted; ) {
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

interface PlannerContext {
  readonly identity: PlanIdentity
  readonly rules: PlanRules
  readonly aborted: FetchedPartition['aborted']
}

class Planner {
  isHalted = false
  readonly #identity: PlanIdentity
  readonly #rules: PlanRules
  readonly #aborted: AbortedTransactions
  readonly #batches: PlannedBatch[] = []
  readonly #segments: AttributedSegment[] = []
  readonly #refused: RefusedRecord[] = []
  #sourceNext: number
  #targetNext: number
  #inStepAt: number
  #causes: number
  #sourceLeaderEpoch = -1
  #recordsAborted = 0
  #controlRecords = 0
  #holes = 0
  #recordsFiltered = 0
  #mustRecord = false

  constructor(start: PlanPosition, { identity, rules, aborted }: PlannerContext) {
    this.#identity = identity
    this.#rules = rules
    this.#aborted = new AbortedTransactions(aborted)
    this.#sourceNext = start.sourceNext
    this.#targetNext = start.targetNext
    this.#inStepAt = start.inStepAt
    this.#causes = start.causes
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
    else this.#copy(records, header, end)
    this.#sourceLeaderEpoch = header.partitionLeaderEpoch
  }

  plan(): Plan {
    this.#recordRefused()
    return {
      batches: this.#batches,
      segments: this.#segments,
      position: {
        sourceNext: this.#sourceNext,
        targetNext: this.#targetNext,
        inStepAt: this.#inStepAt,
        causes: this.#causes,
      },
      sourceLeaderEpoch: this.#sourceLeaderEpoch,
      recordsAborted: this.#recordsAborted,
      controlRecords: this.#controlRecords,
      holes: this.#holes,
      recordsFiltered: this.#recordsFiltered,
      refused: this.#refused,
      isHalted: this.isHalted,
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

  #copy(records: Buffer, header: BatchHeader, end: number): void {
    const fate = this.#fateOf(header, end)
    if (fate === 'passed') {
      this.#pass(records, header, end)
      return
    }
    this.#place(openBatch({ buffer: records, header }, this.#sourceNext, this.#rules), end, fate)
  }

  /** The first reason that keeps it from passing, in the order of REPACK_REASONS. */
  #fateOf(header: BatchHeader, end: number): BatchFate {
    const { limit, recordsMax, refused, edit, codec } = this.#rules
    if (header.baseOffset < this.#sourceNext) return 'start-inside'
    if (hasHoles(header)) return 'holes'
    if (isLogAppendTime(header)) return 'append-time'
    if (edit !== undefined || (codec !== undefined && codec !== codecOf(header))) return 'transformed'
    for (const offset of refused.keys()) if (offset >= header.baseOffset && offset < end) return 'refused'
    if (header.sizeBytes > (limit?.bytes ?? header.sizeBytes) || header.recordCount > recordsMax) return 'split'
    return 'passed'
  }

  #pass(records: Buffer, header: BatchHeader, end: number): void {
    const { baseOffset, recordCount } = header
    this.#step(baseOffset, this.#targetNext, recordCount)
    this.#push(records, header, { sourceBase: baseOffset, sourceEnd: end, sourceBatches: 1, fate: 'passed' })
  }

  /** Gives what was found in a batch its place, and every offset that has none its cause. */
  #place(opened: OpenedBatch, end: number, fate: BatchFate): void {
    this.#holes += opened.holes
    this.#recordsFiltered += opened.filtered
    let sourceBatches = 1
    for (const part of opened.parts) {
      if (part.kind === 'refused') {
        this.#refuse(part.record, part.causesBefore)
        if (this.isHalted) return
        continue
      }
      const { batch, runs } = part
      for (const { source, index, length, causesBefore } of runs) {
        this.#causes |= causesBefore
        this.#step(source, this.#targetNext + index, length)
      }
      const header = readBatch(batch, 0)
      invariant(header !== undefined, 'what was packed is whole')
      this.#push(batch, header, { sourceBase: runs[0]?.source ?? end, sourceEnd: this.#inStepAt, sourceBatches, fate })
      sourceBatches = 0
    }
    this.#drop(end, opened.causesAfter)
  }

  #refuse(record: RefusedRecord, causesBefore: number): void {
    this.#refused.push(record)
    this.#drop(record.fromOffset, causesBefore)
    this.isHalted = this.#rules.onRefused === 'stop'
    if (this.isHalted) return
    const isKept = this.#rules.onRefused === 'quarantine'
    this.#drop(record.toOffset, isKept ? SEGMENT_CAUSES.quarantined : SEGMENT_CAUSES.loss)
    this.#mustRecord = true
  }

  /** Else a record that was refused last would be refused again after a crash, whenever the next one comes. */
  #recordRefused(): void {
    if (!this.#mustRecord || this.#sourceNext === this.#inStepAt) return
    this.#segments.push({ source: this.#sourceNext, target: this.#targetNext, causes: this.#causes })
    this.#inStepAt = this.#sourceNext
    this.#causes = 0
  }

  /** Records get their place: a new segment where source offsets were left out before them. */
  #step(source: number, target: number, length: number): void {
    if (source !== this.#inStepAt) this.#segments.push({ source, target, causes: this.#causes })
    this.#inStepAt = source + length
    this.#causes = 0
  }

  #push(
    buffer: Buffer,
    header: BatchHeader,
    from: Pick<PlannedBatch, 'sourceBase' | 'sourceEnd' | 'sourceBatches' | 'fate'>,
  ): void {
    const { producerId, producerEpoch, epochStart } = this.#identity
    const baseSequence = sequenceAt(this.#targetNext, epochStart)
    rewriteHeader(buffer, header, { producerId, producerEpoch, baseSequence })
    const { position, sizeBytes, recordCount } = header
    const bytes = buffer.subarray(position, position + sizeBytes)
    this.#batches.push({ bytes, recordCount, targetBase: this.#targetNext, ...from })
    this.#targetNext += recordCount
    this.#sourceNext = from.sourceEnd
  }
}
