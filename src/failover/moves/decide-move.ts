import { canonicalJson, unreachable } from '../../core/index.ts'
import type { EvidenceRef } from '../evidence.ts'
import { type Donor, explainOutcome, type FaultNote, type Outcome } from '../outcome.ts'
import type { GroupDocument, OperationRecord, Phase } from '../state.ts'
import { hasEnded, isReversible, isWritePaused, type OnTrouble, type Step, standsAt, stepOf } from './steps.ts'
import {
  advance,
  beginOperation,
  dropOperation,
  type Moment,
  noteDonors,
  notePause,
  rollBack,
  stopAt,
  stopForOperator,
} from './transitions.ts'

/**
 * The next thing to do about a group's operation: pure, from one reading of the document and what the last call came
 * to. A surprise needs no rule of its own: the next reading starts from what is there.
 */
export interface MoveObserved {
  readonly document: GroupDocument | undefined
  /** Undefined where this process may act; else why not: no lease, too early after a takeover, in doubt of itself. */
  readonly hold: string | undefined
  /** What this process's last call of an effect came to. */
  readonly report: Report | undefined
  /** How long this process has been at the present phase and attempt. */
  readonly phaseMs: number
  /** How long applications have been held up: what the document says, and what this process saw since. */
  readonly writePausedMs: number
  /** What the configuration allows a step, where that is not what the table says. */
  readonly timeoutsMs?: StepTimeouts | undefined
  /** Now, for people. */
  readonly at: string
}

/** Milliseconds by phase. */
export type StepTimeouts = Readonly<Partial<Record<Phase, number>>>

export interface Report {
  readonly operation: string
  readonly attempt: number
  readonly outcome: Outcome
  readonly evidence?: EvidenceRef
}

export type MoveDecision =
  | { readonly kind: 'idle'; readonly reason: string }
  | { readonly kind: 'call'; readonly step: Step; readonly operation: OperationRecord; readonly reason: string }
  | { readonly kind: 'write'; readonly next: GroupDocument; readonly reason: string }
  /** Put the ended operation under its own key, then take it out of the document. */
  | {
      readonly kind: 'archive'
      readonly operation: OperationRecord
      readonly next: GroupDocument
      readonly reason: string
    }

/** The pause is put on record this often while a step waits. */
const NOTE_PAUSE_EVERY_MS = 5_000

export function decideMove(observed: MoveObserved): MoveDecision {
  const { document, hold } = observed
  const operation = document?.operation
  if (hold !== undefined) return { kind: 'idle', reason: hold }
  if (document === undefined || operation === undefined) return { kind: 'idle', reason: 'no operation' }
  if (hasEnded(operation.phase)) {
    const reason = `${operation.kind} ${operation.id} has ended: ${operation.phase}`
    return { kind: 'archive', operation, next: dropOperation(document), reason }
  }
  const back = decideRollBack(document, operation, observed)
  if (back !== undefined) return back
  if (operation.phase === 'needs-operator') {
    return { kind: 'idle', reason: `needs an operator: ${operation.stop?.reason}. ${operation.stop?.instructions}` }
  }
  const step = stepOf(operation.kind, operation.phase)
  if (step === undefined) {
    const reason = `${operation.kind} to ${operation.to} begins`
    return { kind: 'write', next: beginOperation(document, observed), reason }
  }
  return decideStep(document, operation, step, observed)
}

/** What ends a move before its commit from outside its steps: an operator, or a pause that lasts too long. */
function decideRollBack(
  document: GroupDocument,
  operation: OperationRecord,
  observed: MoveObserved,
): MoveDecision | undefined {
  if (standsAt(operation) === 'rolling-back' || !isReversible(operation)) return undefined
  const { abort, request, kind } = operation
  if (abort !== undefined) return goBack(document, operation, observed, `aborted by ${abort.by}: ${abort.reason}`)
  const isOverdue = isWritePaused(operation) && observed.writePausedMs > request.writePauseLimitMs
  if (kind === 'failover' || !isOverdue || operation.phase === 'needs-operator') return undefined
  const reason = `writes have been held up for ${observed.writePausedMs} ms, more than ${request.writePauseLimitMs}`
  return goBack(document, operation, observed, reason)
}

function decideStep(
  document: GroupDocument,
  operation: OperationRecord,
  step: Step,
  observed: MoveObserved,
): MoveDecision {
  const { report, phaseMs } = observed
  const isAnswer = report?.operation === operation.id && report.attempt === operation.attempt
  if (!isAnswer) return { kind: 'call', step, operation, reason: `${operation.phase}: ${step.does}` }
  const { outcome } = report
  const why = explainOutcome(outcome)
  switch (outcome.kind) {
    case 'done': {
      const kept = { ...outcome.findings, ...(report.evidence !== undefined && { evidence: report.evidence }) }
      const reason = `${operation.phase} is done: ${why}`
      return { kind: 'write', next: advance(document, step, observed, kept), reason }
    }
    case 'failed':
      return handleTrouble(step.onFailed, { document, operation, step, observed, why, fault: outcome.fault })
    case 'waiting':
    case 'unknown': {
      const limitMs = limitOf(step, outcome, observed.timeoutsMs)
      if (limitMs !== null && phaseMs >= limitMs) {
        const late = `not done after ${limitMs} ms: ${why}`
        return handleTrouble(step.onTimeout, { document, operation, step, observed, why: late })
      }
      const donors = findNewDonors(operation, outcome)
      if (donors !== undefined) {
        return { kind: 'write', next: noteDonors(document, donors), reason: `${operation.phase}: ${why}` }
      }
      const isUnnoted = observed.writePausedMs - operation.writePausedMs > NOTE_PAUSE_EVERY_MS
      if (isUnnoted && isWritePaused(operation)) {
        return { kind: 'write', next: notePause(document, observed), reason: `${operation.phase}: ${why}` }
      }
      return { kind: 'call', step, operation, reason: `${operation.phase}: ${outcome.kind}, ${why}` }
    }
    default:
      return unreachable(outcome)
  }
}

/** Undefined where the document names them already. */
function findNewDonors({ donors: known = [] }: OperationRecord, outcome: Outcome): readonly Donor[] | undefined {
  const donors = outcome.kind === 'waiting' ? outcome.donors : undefined
  return donors === undefined || canonicalJson(donors) === canonicalJson(known) ? undefined : donors
}

/** How long a step may take in all; null: as long as it takes. */
export function limitOf(
  { phase, timeoutMs: own }: Step,
  outcome: Outcome | undefined,
  timeoutsMs: MoveObserved['timeoutsMs'],
): number | null {
  const timeoutMs = timeoutsMs?.[phase] ?? own
  const patienceMs = outcome?.kind === 'waiting' ? (outcome.patienceMs ?? 0) : 0
  return timeoutMs === null ? null : Math.max(timeoutMs, patienceMs)
}

interface Trouble {
  readonly document: GroupDocument
  readonly operation: OperationRecord
  readonly step: Step
  readonly observed: Moment
  readonly why: string
  readonly fault?: FaultNote
}

function handleTrouble(on: OnTrouble, trouble: Trouble): MoveDecision {
  const { document, operation, step, observed, why, fault } = trouble
  const stop = stopAt(operation, step, why, fault)
  const reason = `${operation.phase}: ${why}`
  switch (on) {
    case 'roll-back':
      if (isReversible(operation)) return goBack(document, operation, observed, why, fault)
      return { kind: 'write', next: stopForOperator(document, stop, observed), reason }
    case 'needs-operator':
      return { kind: 'write', next: stopForOperator(document, stop, observed), reason }
    case 'go-on':
      return { kind: 'write', next: advance(document, step, observed, { warning: reason }), reason }
    case 'fall-back':
      return fallBack(trouble, reason)
    default:
      return unreachable(on)
  }
}

/** A failover whose source does not answer: an earlier proof holds, or a person vouches for it. */
function fallBack({ document, operation, step, observed, why, fault }: Trouble, reason: string): MoveDecision {
  if (isFenceHeld(operation)) {
    const warning = `the fence of ${operation.from} was proved earlier and could not be proved again: ${why}`
    return { kind: 'write', next: advance(document, step, observed, { warning }), reason: warning }
  }
  const { attestation } = operation.request
  if (attestation === undefined) {
    const stop = stopAt(operation, step, why, fault)
    return { kind: 'write', next: stopForOperator(document, stop, observed), reason }
  }
  const warning = `the fence of ${operation.from} is not proved, ${attestation.by} attests it: ${attestation.reason}`
  return {
    kind: 'write',
    next: advance(document, step, observed, { fence: 'attested', warning }),
    reason: warning,
  }
}

/** Whether what is known of the fence holds without asking the region again. */
function isFenceHeld({ fence }: OperationRecord): boolean {
  return fence === 'proved' || fence === 'command' || fence === 'standing'
}

function goBack(
  document: GroupDocument,
  operation: OperationRecord,
  moment: Moment,
  why: string,
  fault?: FaultNote,
): MoveDecision {
  const at = operation.stop?.at ?? operation.phase
  const instructions = `Nothing has to be done: ${operation.from} stays active.`
  const stop = { at, reason: why, instructions, ...(fault !== undefined && { fault }) }
  return { kind: 'write', next: rollBack(document, stop, moment), reason: `rolled back from ${at}: ${why}` }
}
