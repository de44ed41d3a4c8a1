import { invariant, unreachable } from '../../core/index.ts'
import type { EvidenceRef } from '../evidence.ts'
import { explainOutcome, type Outcome } from '../outcome.ts'
import type { GroupDocument, RegionEntry } from '../state.ts'
import { regionEntry } from '../state.ts'
import type { ReturnPhase, ReturnRecord } from './return-record.ts'
import { afterChoice, type ReturnStep, returnStepOf } from './return-steps.ts'

/**
 * The next thing to do about one lost region: pure. The fence is tried whatever else happens; everything behind it
 * waits while a move runs, and begins anew with a scan when a move has passed by, because it compares with the region
 * that was active before.
 */
export interface ReturnObserved {
  readonly document: GroupDocument | undefined
  readonly region: string
  readonly hold: string | undefined
  readonly report: ReturnReport | undefined
  readonly at: string
}

export interface ReturnReport {
  readonly return: string
  readonly attempt: number
  readonly outcome: Outcome
  readonly evidence?: EvidenceRef
}

type Waiting = Extract<Outcome, { kind: 'waiting' }>

export type ReturnDecision =
  | { readonly kind: 'idle'; readonly reason: string }
  | { readonly kind: 'call'; readonly step: ReturnStep; readonly record: ReturnRecord; readonly reason: string }
  | { readonly kind: 'write'; readonly next: GroupDocument; readonly reason: string }

export function decideReturn(observed: ReturnObserved): ReturnDecision {
  const { document, region, hold } = observed
  if (hold !== undefined) return { kind: 'idle', reason: hold }
  const entry = document === undefined ? undefined : regionEntry(document, region)
  const record = entry?.return
  if (document === undefined || entry === undefined || record === undefined) {
    return { kind: 'idle', reason: `${region} is not on its way back` }
  }
  if (record.phase !== 'fencing' && document.operation !== undefined) {
    return { kind: 'idle', reason: `${region} waits while ${document.operation.kind} ${document.operation.id} runs` }
  }
  if (record.epoch !== document.epoch) {
    const reason = `${region} is compared anew: the group was moved to ${document.active}`
    return { kind: 'write', next: compareAnew(document, region, entry, record), reason }
  }
  const step = returnStepOf(record.phase)
  if (step === undefined) return decideWithoutStep(document, entry, record, observed)
  return decideReturnStep(document, entry, record, step, observed)
}

function decideWithoutStep(
  document: GroupDocument,
  entry: RegionEntry,
  record: ReturnRecord,
  { region, at }: ReturnObserved,
): ReturnDecision {
  const next = record.phase === 'choosing' ? afterChoice(record) : undefined
  if (next !== undefined) {
    const reason = `${region}: ${record.choice?.by} chose ${record.choice?.kind}: ${record.choice?.reason}`
    return { kind: 'write', next: goTo(document, region, entry, { record, next, at }), reason }
  }
  if (record.phase === 'choosing') {
    const count = `${record.divergence?.records} records in ${record.divergence?.partitions} partitions`
    return {
      kind: 'idle',
      reason: `${region} holds ${count} that ${document.active} lacks: choose what becomes of them`,
    }
  }
  return { kind: 'idle', reason: `${region} needs an operator: ${record.stop?.reason}. ${record.stop?.instructions}` }
}

function decideReturnStep(
  document: GroupDocument,
  entry: RegionEntry,
  record: ReturnRecord,
  step: ReturnStep,
  { region, report, at }: ReturnObserved,
): ReturnDecision {
  if (report?.return !== record.id || report.attempt !== record.attempt) {
    return { kind: 'call', step, record, reason: `${region}, ${record.phase}: ${step.does}` }
  }
  const { outcome } = report
  const why = explainOutcome(outcome)
  switch (outcome.kind) {
    case 'waiting':
      return decideWaiting(document, entry, record, step, { region, at, outcome })
    case 'unknown':
      return { kind: 'call', step, record, reason: `${region}, ${record.phase}: unknown, ${why}` }
    case 'failed': {
      const stop = { at: record.phase, reason: why, instructions: step.instructions, fault: outcome.fault }
      const stopped = { ...record, stop }
      const next = goTo(document, region, entry, { record: stopped, next: 'needs-operator', at })
      return { kind: 'write', next, reason: `${region}: ${why}` }
    }
    case 'done': {
      const evidence = report.evidence === undefined ? {} : { [record.phase]: report.evidence }
      const divergence = outcome.findings?.divergence ?? record.divergence
      const known: ReturnRecord = {
        ...record,
        evidence: { ...record.evidence, ...evidence },
        ...(divergence !== undefined && { divergence }),
      }
      invariant(step.effect !== 'scan' || divergence !== undefined, `the scan of ${region} found no figures`)
      const reason = `${region}, ${record.phase} is done: ${why}`
      return {
        kind: 'write',
        next: goTo(document, region, entry, { record: known, next: step.next(known), at }),
        reason,
      }
    }
    default:
      return unreachable(outcome)
  }
}

/** Only what others have to end is written down: it has a limit, however its reason changes. */
function decideWaiting(
  document: GroupDocument,
  entry: RegionEntry,
  record: ReturnRecord,
  step: ReturnStep,
  { region, at, outcome }: Pick<ReturnObserved, 'region' | 'at'> & { readonly outcome: Waiting },
): ReturnDecision {
  const { held, reason: why } = outcome
  const { waiting, ...rest } = record
  const reason = `${region}, ${record.phase}: waiting, ${why}`
  const note = (next: ReturnRecord): ReturnDecision => {
    return { kind: 'write', next: withEntry(document, region, { ...entry, return: next }), reason }
  }
  if (held === undefined) return waiting === undefined ? { kind: 'call', step, record, reason } : note(rest)
  const limitedSince = held.limitMs === null ? undefined : (waiting?.limitedSince ?? at)
  if (held.limitMs !== null && limitedSince !== undefined && msBetween(limitedSince, at) >= held.limitMs) {
    const stop = { at: record.phase, reason: `since ${limitedSince}: ${why}`, instructions: held.instructions }
    const next = goTo(document, region, entry, { record: { ...rest, stop }, next: 'needs-operator', at })
    return { kind: 'write', next, reason: `${region}: ${stop.reason}` }
  }
  if (waiting?.reason === why && waiting.limitedSince === limitedSince) return { kind: 'call', step, record, reason }
  const since = waiting?.since ?? at
  return note({ ...rest, waiting: { reason: why, since, ...(limitedSince !== undefined && { limitedSince }) } })
}

function msBetween(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from)
}

interface Going {
  readonly record: ReturnRecord
  /** Undefined where the region is a standby again. */
  readonly next: ReturnPhase | undefined
  readonly at: string
}

/** Enters the next phase with the role that belongs to it. A fence that is proved takes the `unfenced` mark away. */
function goTo(document: GroupDocument, region: string, entry: RegionEntry, { record, next, at }: Going): GroupDocument {
  if (next === undefined) return withEntry(document, region, { role: 'standby', since: at, reason: 'returned' })
  const role = returnStepOf(next)?.role ?? entry.role
  const { unfenced, ...rest } = entry
  const mark = record.phase === 'fencing' && next === 'scanning' ? undefined : unfenced
  const moved: RegionEntry = {
    ...rest,
    ...(mark !== undefined && { unfenced: mark }),
    role,
    since: role === entry.role ? entry.since : at,
    return: { ...withoutOld(record, next), phase: next, attempt: record.attempt + 1 },
  }
  return withEntry(document, region, moved)
}

function withoutOld(record: ReturnRecord, next: ReturnPhase): ReturnRecord {
  const { waiting: _, ...known } = record
  if (next === 'needs-operator') return known
  const { stop: __, ...rest } = known
  return rest
}

/** A region that was fenced stays so, and is scanned again; one that was not goes on being fenced. */
function compareAnew(document: GroupDocument, region: string, entry: RegionEntry, record: ReturnRecord): GroupDocument {
  const isFenced = entry.role !== 'lost'
  const phase = isFenced ? 'scanning' : 'fencing'
  const role = isFenced ? 'returning' : 'lost'
  const compared = { id: record.id, phase, attempt: record.attempt + 1, epoch: document.epoch, evidence: {} } as const
  return withEntry(document, region, { ...entry, role, return: compared })
}

function withEntry(document: GroupDocument, region: string, entry: RegionEntry): GroupDocument {
  return { ...document, regions: { ...document.regions, [region]: entry } }
}
