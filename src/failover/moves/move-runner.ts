import { type Pass, type Reconciler, unreachable } from '../../core/index.ts'
import type { EffectCaller } from '../effect-caller.ts'
import type { GroupStore, ReadGroup } from '../group-store.ts'
import type { RunnerParts } from '../runner-parts.ts'
import type { MoveContext, MoveEffects } from '../ports.ts'
import type { EvidenceRef } from '../evidence.ts'
import type { Outcome } from '../outcome.ts'
import type { GroupDocument, OperationRecord, Phase } from '../state.ts'
import { decideMove, limitOf, type MoveDecision, type MoveObserved, type Report } from './decide-move.ts'
import { isWritePaused } from './steps.ts'

/** What is left to a call that begins at the end of its step. */
const LEAST_CALL_MS = 100
/** Whose evidence `promote` needs, and `reverse` is to have. */
const READ_BEHIND_COMMIT: readonly Phase[] = ['settling', 'cut', 'proving']

/** Carries a group's operation out: one reading, one decision, one persisted step a pass. */
export class MoveRunner implements Reconciler<MoveObserved, MoveDecision> {
  readonly #parts: RunnerParts
  readonly #effects: MoveEffects
  readonly #store: GroupStore
  readonly #caller: EffectCaller
  #read: ReadGroup | undefined
  #report: Report | undefined
  /** The operation and attempt at hand, and since when this process has been at it. */
  #phase = { key: '', sinceMs: 0 }
  /** The pause as the document had it when this process first saw the operation, and when that was. */
  #pause = { operation: '', baseMs: 0, sinceMs: 0 }

  constructor(parts: RunnerParts, effects: MoveEffects) {
    this.#parts = parts
    this.#effects = effects
    this.#store = parts.store
    this.#caller = parts.makeCaller()
  }

  async observe(signal: AbortSignal): Promise<MoveObserved> {
    const { clock, leadership } = this.#parts
    // Who may not act need not know what there is to do.
    this.#read = leadership.hold() === undefined ? await this.#store.read(signal) : undefined
    const operation = this.#read?.document.operation
    const nowMs = clock.monotonicMs()
    const key = operation === undefined ? '' : `${operation.id} ${operation.attempt}`
    if (key !== this.#phase.key) {
      this.#phase = { key, sinceMs: nowMs }
      this.#report = undefined
    }
    return {
      document: this.#read?.document,
      hold: leadership.hold(),
      report: this.#report,
      phaseMs: nowMs - this.#phase.sinceMs,
      writePausedMs: this.#countPause(operation, nowMs),
      timeoutsMs: this.#parts.timeoutsMs,
      at: new Date(clock.nowMs()).toISOString(),
    }
  }

  decide(observed: MoveObserved): MoveDecision {
    return decideMove(observed)
  }

  async act(decision: MoveDecision, signal: AbortSignal): Promise<Pass> {
    const { reason } = decision
    switch (decision.kind) {
      case 'idle':
        return { kind: 'done', reason }
      case 'call':
        return await this.#call(decision, signal)
      case 'archive':
        if (this.#parts.leadership.hold() !== undefined) return this.#wait('the lease has ended')
        await this.#store.keepOperation(decision.operation, this.#parts.leadership.lease(), signal)
        return await this.#write(decision.next, reason, signal)
      case 'write':
        return await this.#write(decision.next, reason, signal)
      default:
        return unreachable(decision)
    }
  }

  async #call(decision: Extract<MoveDecision, { kind: 'call' }>, signal: AbortSignal): Promise<Pass> {
    const { operation, step } = decision
    const { id, attempt, from, to } = operation
    const document = this.#read?.document
    if (document === undefined) return this.#wait('the document is gone')
    const held = this.#holdUp(operation)
    if (held !== undefined) {
      this.#report = { operation: id, attempt, outcome: { kind: 'waiting', reason: held } }
      return this.#wait(held)
    }
    const before = this.#report?.operation === id && this.#report.attempt === attempt ? this.#report.outcome : undefined
    const limitMs = limitOf(step, this.#report?.outcome, this.#parts.timeoutsMs)
    const phaseMs = this.#parts.clock.monotonicMs() - this.#phase.sinceMs
    const result = await this.#caller.call(
      {
        effect: step.effect,
        owner: id,
        attempt,
        part: step.phase,
        sides: { from, to },
        // A step that has a limit ends on time, with what is known by then.
        ...(limitMs !== null && { deadlineMs: Math.max(LEAST_CALL_MS, limitMs - phaseMs) }),
        run: async (permit, deadline) => {
          if (step.phase === 'committing') await this.#checkEvidence(operation, deadline)
          return this.#effects[step.effect]({ ...this.#context(document, operation, deadline), permit }, deadline)
        },
      },
      signal,
    )
    if (result === undefined) return this.#wait('not now: the lease has ended, or an earlier call may still arrive')
    const outcome = keepReason(before, result.outcome)
    this.#report = { operation: id, attempt, ...result, outcome }
    const { kind } = outcome
    return kind === 'done' || kind === 'failed'
      ? { kind: 'again', reason: decision.reason }
      : this.#wait(decision.reason)
  }

  /** What would keep the new region from being opened is waited for before writes are held up; a failover has no time. */
  #holdUp({ kind, phase, to }: OperationRecord): string | undefined {
    return phase === 'preflight' && kind !== 'failover' ? this.#parts.hold('open', { to }) : undefined
  }

  /** A restored authority has lost it: what the steps behind the commit need has to be there before. */
  async #checkEvidence({ evidence }: OperationRecord, signal: AbortSignal): Promise<void> {
    for (const phase of READ_BEHIND_COMMIT) {
      const ref = evidence[phase]
      if (ref !== undefined) await this.#store.evidence(ref, signal)
    }
  }

  #context(document: GroupDocument, operation: OperationRecord, signal: AbortSignal): Omit<MoveContext, 'permit'> {
    return {
      document,
      operation,
      evidenceOf: async (phase: Phase) => {
        const ref: EvidenceRef | undefined =
          operation.evidence[phase] ?? (phase === 'cut' ? operation.supersedes?.cut : undefined)
        return ref && (await this.#store.evidence(ref, signal))
      },
    }
  }

  async #write(next: GroupDocument, reason: string, signal: AbortSignal): Promise<Pass> {
    const was = this.#read
    const isWritten = await this.#parts.writeGroup({ was, next, reason, owner: was?.document.operation?.id }, signal)
    if (!isWritten) return this.#wait('the document is read again')
    this.#emit(was?.document, next, reason)
    return { kind: 'again', reason }
  }

  #emit(was: GroupDocument | undefined, next: GroupDocument, reason: string): void {
    const { events, group } = this.#parts
    const before = was?.operation
    const { operation, active, epoch } = next
    if (operation === undefined) {
      if (before !== undefined) events.emit('move:ended', { group, operation: before.id, phase: before.phase, reason })
      return
    }
    if (epoch !== was?.epoch) events.emit('move:committed', { group, operation: operation.id, active, epoch })
    if (operation.attempt !== before?.attempt) {
      const { id, kind, phase } = operation
      events.emit('move:phase', { group, operation: id, kind, phase, reason })
    }
  }

  #countPause(operation: OperationRecord | undefined, nowMs: number): number {
    if (operation === undefined) return 0
    if (!isWritePaused(operation)) return operation.writePausedMs
    if (this.#pause.operation !== operation.id) {
      this.#pause = { operation: operation.id, baseMs: operation.writePausedMs, sinceMs: nowMs }
    }
    return Math.max(operation.writePausedMs, this.#pause.baseMs + nowMs - this.#pause.sinceMs)
  }

  #wait(reason: string): Pass {
    return { kind: 'wait', afterMs: this.#parts.pollMs, reason }
  }
}

const SILENT = '; then no answer'

/** A call that was cut short says less than the one before it. */
function keepReason(before: Outcome | undefined, last: Outcome): Outcome {
  if (last.kind !== 'unknown' || last.isCutShort !== true) return last
  if (before?.kind !== 'waiting' && before?.kind !== 'unknown') return last
  const { reason } = before
  return { ...last, reason: reason.endsWith(SILENT) ? reason : `${reason}${SILENT}` }
}
