import type { Clock, Pass, Reconciler } from '../../core/index.ts'
import { describeError, isFault, unreachable, withTimeLimit } from '../../core/index.ts'
import type { FailoverEventBus } from '../events.ts'
import type { Leadership } from '../leadership.ts'
import type { JournalPort, Lease } from '../ports.ts'
import type { EvidenceRef } from '../evidence.ts'
import {
  decideDrill,
  type DrillAnswer,
  type DrillCallReport,
  type DrillDecision,
  type DrillObserved,
} from './decide-drill.ts'
import type { DrillDocument } from './drill-document.ts'
import type { DrillEffectName } from './drill-steps.ts'
import type { DrillStore, ReadDrill } from './drill-store.ts'

export interface DrillCall {
  readonly drill: DrillDocument
  /** No time is left: it answers `done` or `failed` with what is known. */
  readonly isLast: boolean
  /** How long the drill has been at this step, milliseconds. */
  readonly phaseMs: number
  /** Asked right before anything is ordered or changed. @throws where this process does not lead any more */
  readonly permit: () => Lease
}

/**
 * What the steps of a drill do. Every method may be called again at any point, by another process, and goes on with what
 * is there; it makes one bounded attempt. What it throws is tried again, except a fault that is not retriable.
 */
export type DrillEffects = Readonly<
  Record<DrillEffectName, (call: DrillCall, signal: AbortSignal) => Promise<DrillAnswer>>
> & {
  /** Whether this process has the stream of the drill. */
  hasStream(drill: DrillDocument): boolean
  /** What goes on outside; see `findIncident`. */
  incident(drill: DrillDocument, signal: AbortSignal): Promise<string | undefined>
  /** Ends what this process writes and reads for drills: another one may go on with them. */
  release(): Promise<void>
}

export interface DrillRunnerOptions {
  readonly group: string
  readonly actor: string
  readonly store: DrillStore
  readonly journal: JournalPort
  readonly leadership: Pick<Leadership, 'hold' | 'lease' | 'forfeit'>
  readonly effects: DrillEffects
  readonly clock: Clock
  readonly events: FailoverEventBus
  readonly pollMs: number
  readonly callDeadlineMs: number
}

/** Carries the drill of a group out: one reading, one decision, one persisted step a pass. */
export class DrillRunner implements Reconciler<DrillObserved, DrillDecision> {
  readonly #options: DrillRunnerOptions
  #read: ReadDrill | undefined
  #report: DrillCallReport | undefined
  /** The drill and attempt at hand, and since when this process has been at it. */
  #phase = { key: '', sinceMs: 0 }

  constructor(options: DrillRunnerOptions) {
    this.#options = options
  }

  async observe(signal: AbortSignal): Promise<DrillObserved> {
    const { leadership, store, clock, effects } = this.#options
    const hold = leadership.hold()
    this.#read = hold === undefined ? await store.running(signal) : undefined
    if (this.#read === undefined) await effects.release()
    const drill = this.#read?.drill
    const nowMs = clock.monotonicMs()
    const key = drill === undefined ? '' : `${drill.id} ${drill.attempt}`
    if (key !== this.#phase.key) {
      this.#phase = { key, sinceMs: nowMs }
      this.#report = undefined
    }
    return {
      drill,
      hold,
      report: this.#report,
      phaseMs: nowMs - this.#phase.sinceMs,
      incident: drill && (await effects.incident(drill, signal)),
      hasStream: drill !== undefined && effects.hasStream(drill),
      at: new Date(clock.nowMs()).toISOString(),
    }
  }

  decide(observed: DrillObserved): DrillDecision {
    return decideDrill(observed)
  }

  async act(decision: DrillDecision, signal: AbortSignal): Promise<Pass> {
    const { reason } = decision
    switch (decision.kind) {
      case 'idle':
        return { kind: 'done', reason }
      case 'call':
        return await this.#call(decision, signal)
      case 'write':
        return await this.#write(decision.next, reason, signal)
      case 'archive': {
        const lease = this.#options.leadership.lease()
        if (lease === undefined || this.#read === undefined) return this.#wait('the lease has ended')
        await this.#options.store.archive(this.#read, lease, signal)
        this.#tellEnd(decision.drill)
        return { kind: 'again', reason }
      }
      default:
        return unreachable(decision)
    }
  }

  async #call(
    { drill, step, isLast, reason }: Extract<DrillDecision, { kind: 'call' }>,
    signal: AbortSignal,
  ): Promise<Pass> {
    const { clock, effects, callDeadlineMs, store, leadership } = this.#options
    const late = () => new Error(`no answer within ${callDeadlineMs} ms`)
    const phaseMs = clock.monotonicMs() - this.#phase.sinceMs
    const call: DrillCall = { drill, isLast, phaseMs, permit: () => this.#permit() }
    let answer: DrillAnswer
    try {
      const limit = { clock, limitMs: callDeadlineMs, signal, late }
      answer = await withTimeLimit(limit, (inTime) => effects[step.effect](call, inTime))
    } catch (error) {
      signal.throwIfAborted()
      const isFinal = isLast || (isFault(error) && !error.retriable)
      answer = { kind: isFinal ? 'failed' : 'waiting', reason: describeError(error) }
    }
    const lease = leadership.lease()
    if (lease === undefined) return this.#wait('the lease has ended')
    const kept = answer.found?.parts
    const parts: Record<string, EvidenceRef> =
      kept === undefined ? {} : await store.keepParts(drill, kept, lease, signal)
    this.#report = { drill: drill.id, attempt: drill.attempt, answer, parts }
    return answer.kind === 'waiting' ? this.#wait(reason) : { kind: 'again', reason }
  }

  async #write(next: DrillDocument, reason: string, signal: AbortSignal): Promise<Pass> {
    const { journal, actor, group, store, leadership, events } = this.#options
    const { id: operation, level, phase } = next
    // Before the write: a change that nobody can find in the journal must not be possible.
    await journal.append(
      { actor, kind: 'transition', group, operation, facts: { drill: level, phase, reason } },
      signal,
    )
    const lease = leadership.lease()
    const written = lease && (await store.change(this.#read, next, lease, signal))
    if (written === undefined) return this.#wait('the drill is read again')
    events.emit('drill:phase', { group, drill: operation, level, phase, reason })
    return { kind: 'again', reason }
  }

  #tellEnd({ id: drill, group, level, outcome, measured }: DrillDocument): void {
    const { kind, reasons } = outcome ?? { kind: 'failed' as const, reasons: [] }
    const facts = { group, drill, level, outcome: kind, reason: reasons.join('; '), measured: measured ?? null }
    this.#options.events.emit('drill:ended', facts)
  }

  #permit(): Lease {
    const lease = this.#options.leadership.lease()
    if (lease === undefined) throw new Error('this process does not lead any more')
    return lease
  }

  #wait(reason: string): Pass {
    return { kind: 'wait', afterMs: this.#options.pollMs, reason }
  }
}
