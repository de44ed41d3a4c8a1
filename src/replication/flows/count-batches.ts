import type { PlanRules, RefusedRecord } from './plan-rules.ts'
import { REPACK_REASONS, type FlowCounters, type RepackReason } from '../status.ts'

/** What happened to a source batch on its way. */
export type BatchFate = 'passed' | RepackReason

export type MutableCounters = { -readonly [Name in keyof Omit<FlowCounters, 'repacked'>]: number } & {
  readonly repacked: Record<RepackReason, number>
}

export function zeroCounters(): MutableCounters {
  return {
    recordsCopied: 0,
    bytesCopied: 0,
    batchesPassed: 0,
    batchesRepacked: 0,
    repacked: Object.fromEntries(REPACK_REASONS.map((reason) => [reason, 0])) as Record<RepackReason, number>,
    recordsAborted: 0,
    controlRecords: 0,
    holes: 0,
    recordsLost: 0,
    recordsFiltered: 0,
    recordsQuarantined: 0,
    recordsSkipped: 0,
  }
}

/** A batch that the target has acknowledged. */
export function countCopied(
  counters: MutableCounters,
  batch: {
    readonly bytes: Buffer
    readonly recordCount: number
    readonly sourceBatches: number
    readonly fate: BatchFate
  },
): void {
  counters.recordsCopied += batch.recordCount
  counters.bytesCopied += batch.bytes.length
  if (batch.fate === 'passed') {
    counters.batchesPassed += batch.sourceBatches
    return
  }
  counters.batchesRepacked += batch.sourceBatches
  counters.repacked[batch.fate] += batch.sourceBatches
}

/** What a plan has left out at the source. */
export function countPlanned(
  counters: MutableCounters,
  plan: Pick<FlowCounters, 'recordsAborted' | 'controlRecords' | 'holes' | 'recordsFiltered'>,
): void {
  counters.recordsAborted += plan.recordsAborted
  counters.controlRecords += plan.controlRecords
  counters.holes += plan.holes
  counters.recordsFiltered += plan.recordsFiltered
}

/** Records that the target did not take and the map now says are left out. */
export function countRefused(
  counters: MutableCounters,
  policy: PlanRules['onRefused'],
  records: readonly Pick<RefusedRecord, 'fromOffset' | 'toOffset'>[],
): void {
  const count = records.reduce((sum, { fromOffset, toOffset }) => sum + toOffset - fromOffset, 0)
  if (policy === 'quarantine') counters.recordsQuarantined += count
  else counters.recordsSkipped += count
}
