import { unreachable } from '../../core/index.ts'
import type { EvidenceRef } from '../evidence.ts'
import type {
  DrillDocument,
  DrillMeasured,
  DrillMove,
  DrillOutcome,
  DrillParts,
  DrillPhase,
  DrillPlan,
  LeftoverCheck,
} from './drill-document.ts'
import { type DrillStep, isInterruptible, needsStream, phaseAfter, phaseOfEnd, stepOf } from './drill-steps.ts'

/**
 * The next thing to do about a drill: pure, from one reading of its document, what the last call came to and what goes on
 * outside. What always holds: whatever ends a drill, its clean-up runs, and is the last thing that it does; an outcome
 * that was once decided only gets worse.
 */
export interface DrillObserved {
  readonly drill: DrillDocument | undefined
  /** Undefined where this process may act; else why not. */
  readonly hold: string | undefined
  /** What this process's last call came to. */
  readonly report: DrillCallReport | undefined
  /** How long this process has been at the present phase and attempt. */
  readonly phaseMs: number
  /** What goes on outside that a drill must not stand in the way of; see `findIncident`. */
  readonly incident: string | undefined
  /** Whether this process has the stream of the drill. */
  readonly hasStream: boolean
  /** Now, for people. */
  readonly at: string
}

export interface DrillCallReport {
  readonly drill: string
  readonly attempt: number
  readonly answer: DrillAnswer
  /** Of the parts that the answer had. */
  readonly parts: Readonly<Partial<Record<keyof DrillParts, EvidenceRef>>>
}

/** What one call of an effect came to. What it found is kept, whatever that was. */
export interface DrillAnswer {
  readonly kind: 'done' | 'waiting' | 'failed'
  readonly reason: string
  /** All that is wrong, where that is more than one sentence. */
  readonly reasons?: readonly string[]
  readonly found?: DrillFindings
}

/** What of an answer goes into the document. */
export interface DrillFindings {
  readonly plan?: DrillPlan
  readonly move?: DrillMove
  readonly measured?: DrillMeasured
  readonly leftovers?: readonly LeftoverCheck[]
  readonly parts?: Partial<DrillParts>
}

export type DrillDecision =
  | { readonly kind: 'idle'; readonly reason: string }
  | {
      readonly kind: 'call'
      readonly drill: DrillDocument
      readonly step: DrillStep
      /** No time is left: it has to say how far it came. */
      readonly isLast: boolean
      readonly reason: string
    }
  | { readonly kind: 'write'; readonly next: DrillDocument; readonly reason: string }
  /** Put the ended drill into the history. */
  | { readonly kind: 'archive'; readonly drill: DrillDocument; readonly reason: string }

/** For the last call of a step, beyond its limit. */
const LAST_CALL_MS = 30_000

export function decideDrill(observed: DrillObserved): DrillDecision {
  const { drill, hold, incident, hasStream } = observed
  if (hold !== undefined) return { kind: 'idle', reason: hold }
  if (drill === undefined) return { kind: 'idle', reason: 'no drill' }
  if (drill.phase === 'done') return { kind: 'archive', drill, reason: `${drill.id} has ended: ${drill.outcome?.kind}` }
  if (isInterruptible(drill)) {
    const { abort } = drill
    const why = abort === undefined ? incident : `${abort.by} aborted it: ${abort.reason}`
    if (why !== undefined) return end(drill, 'interrupted', [why], observed)
    if (needsStream(drill) && !hasStream) {
      const lost = 'the process that wrote and read its records has ended, and what it had counted is lost'
      return end(drill, 'interrupted', [lost], observed)
    }
  }
  const step = stepOf(drill)
  if (step === undefined) {
    const reason = `${drill.level} drill of ${drill.group} begins`
    return { kind: 'write', next: enter(drill, phaseAfter(drill), { reason, at: observed.at }), reason }
  }
  return decideStep(drill, step, observed)
}

function decideStep(drill: DrillDocument, step: DrillStep, observed: DrillObserved): DrillDecision {
  const { report, phaseMs, at } = observed
  const isLast = phaseMs >= step.limitMs
  const call = (reason: string): DrillDecision => ({ kind: 'call', drill, step, isLast, reason })
  if (report?.drill !== drill.id || report.attempt !== drill.attempt) return call(`${drill.phase}: ${step.does}`)
  const { answer } = report
  const known = keep(drill, report)
  switch (answer.kind) {
    case 'waiting': {
      if (phaseMs < step.limitMs + LAST_CALL_MS) return call(`${drill.phase}: ${answer.reason}`)
      const late = `${drill.phase} was not done after ${Math.round(phaseMs / 1_000)} s: ${answer.reason}`
      if (drill.phase !== 'cleaning') return end(known, 'failed', [late], observed)
      const leftover = { lookedFor: 'what the drill made', found: [], trouble: answer.reason }
      return finish({ ...known, leftovers: [...known.leftovers, leftover] }, late, at)
    }
    case 'failed':
      if (drill.phase === 'cleaning') return finish(known, answer.reason, at)
      return end(known, 'failed', answer.reasons ?? [answer.reason], observed)
    case 'done': {
      const reason = `${drill.phase} is done: ${answer.reason}`
      if (drill.phase === 'cleaning') return finish(known, reason, at)
      return { kind: 'write', next: enter(known, phaseAfter(drill), { reason, at }), reason }
    }
    default:
      return unreachable(answer.kind)
  }
}

/** On to measuring and cleaning up. The first outcome stays the one that counts. */
function end(
  drill: DrillDocument,
  kind: 'failed' | 'interrupted',
  reasons: readonly string[],
  { at }: Pick<DrillObserved, 'at'>,
): DrillDecision {
  const outcome = worsen(drill.outcome, kind, reasons)
  const reason = `${kind} at ${drill.phase}: ${reasons.join('; ')}`
  return { kind: 'write', next: enter({ ...drill, outcome }, phaseOfEnd(drill), { reason, at }), reason }
}

function finish(drill: DrillDocument, reason: string, at: string): DrillDecision {
  const left = drill.leftovers.filter(({ found, trouble }) => found.length > 0 || trouble !== undefined)
  const told = left.map(
    ({ lookedFor, found, trouble }) =>
      `left behind, ${lookedFor}: ${[...found, ...(trouble === undefined ? [] : [trouble])].join('; ')}`,
  )
  const outcome =
    told.length > 0
      ? worsen(drill.outcome, 'failed', told)
      : (drill.outcome ?? { kind: 'passed' as const, reasons: [`every step of ${drill.level} was done`] })
  return { kind: 'write', next: enter({ ...drill, outcome }, 'done', { reason, at }), reason }
}

function worsen(
  was: DrillOutcome | undefined,
  kind: 'failed' | 'interrupted',
  reasons: readonly string[],
): DrillOutcome {
  if (was === undefined || was.kind === 'passed') return { kind, reasons }
  return { kind: was.kind, reasons: [...was.reasons, ...reasons] }
}

/** What the answer found, in the document. */
function keep(drill: DrillDocument, { answer, parts }: DrillCallReport): DrillDocument {
  const { plan, move, measured, leftovers } = answer.found ?? {}
  const others = drill.moves.filter(({ operation }) => operation !== move?.operation)
  return {
    ...drill,
    ...(plan !== undefined && { plan }),
    ...(move !== undefined && { moves: [...others, move] }),
    ...(measured !== undefined && { measured }),
    ...(leftovers !== undefined && { leftovers }),
    parts: { ...drill.parts, ...parts },
  }
}

function enter(
  drill: DrillDocument,
  phase: DrillPhase,
  { reason, at }: { readonly reason: string; readonly at: string },
): DrillDocument {
  return { ...drill, phase, attempt: drill.attempt + 1, steps: [...drill.steps, { phase, at, reason }] }
}
