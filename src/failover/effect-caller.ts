import { type Clock, describeError, isFault, mayPass } from '../core/index.ts'
import type { EvidenceRef } from './evidence.ts'
import type { GroupStore } from './group-store.ts'
import type { Leadership } from './leadership.ts'
import { explainOutcome, type Json, type Outcome } from './outcome.ts'
import { failoverFaults } from './faults.ts'
import type { JournalPort, Lease, Permit } from './ports.ts'
import type { AnyEffect, Sides, UnsettledCalls } from './unsettled-calls.ts'

/**
 * Makes one call of an effect, and nothing without a right to. In this order: the journal says that it is begun, the
 * lease is looked at once more with nothing in between, the call is made with a deadline, its evidence is kept, and the
 * journal says what it came to. A call that is repeated with the same outcome is told once.
 */
export interface EffectCallerOptions {
  readonly clock: Clock
  readonly leadership: Leadership
  readonly store: GroupStore
  readonly journal: JournalPort
  readonly unsettled: UnsettledCalls
  readonly group: string
  readonly actor: string
  readonly callDeadlineMs: number
}

export interface EffectCall {
  readonly effect: AnyEffect
  /** The operation or return on whose behalf it is made, and the attempt. */
  readonly owner: string
  readonly attempt: number
  readonly part: string
  readonly sides: Sides
  /** Where this call has less time than any other. */
  readonly deadlineMs?: number
  run(permit: Permit, signal: AbortSignal): Promise<Outcome>
}

export interface CallResult {
  readonly outcome: Outcome
  readonly evidence?: EvidenceRef
}

export class EffectCaller {
  readonly #options: EffectCallerOptions
  /** What the journal was last told of the present call. */
  #told = ''

  constructor(options: EffectCallerOptions) {
    this.#options = options
  }

  /** Undefined where the call may not be made now; the reason is `hold`'s. */
  async call(call: EffectCall, signal: AbortSignal): Promise<CallResult | undefined> {
    const { leadership, unsettled, store } = this.#options
    const about = `${call.effect} ${call.owner} ${call.attempt}:`
    if (!this.#told.startsWith(about)) {
      await this.#tell('effect-started', call, { effect: call.effect, attempt: call.attempt }, signal)
      this.#told = about
    }
    // From here to the call nothing is awaited: the lease that was looked at is the one that is acted under.
    const lease = leadership.lease()
    if (lease === undefined || unsettled.hold(call.effect, call.sides) !== undefined) return undefined
    const outcome = await unsettled.track(
      call,
      () => this.#run(call, lease.token, signal),
      ({ kind }) => kind === 'unknown',
    )
    if (outcome.kind !== 'done') {
      await this.#tellEnd(call, about, outcome, signal)
      return { outcome }
    }
    // Also a step that has nothing to show leaves something behind: the invariants of a commit ask for it.
    const found = outcome.evidence ?? { reason: outcome.reason }
    const evidence = await store.keepEvidence(call.owner, call.part, found, lease, signal)
    await this.#tellEnd(call, about, outcome, signal)
    return { outcome, evidence }
  }

  async #run(call: EffectCall, token: number, signal: AbortSignal): Promise<Outcome> {
    const { clock, callDeadlineMs } = this.#options
    const deadlineMs = Math.min(callDeadlineMs, call.deadlineMs ?? callDeadlineMs)
    const deadline = new AbortController()
    const onAbort = () => deadline.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    const timer = clock.setTimer(deadlineMs, () =>
      deadline.abort(new Error(`no answer in ${Math.round(deadlineMs)} ms`)),
    )
    try {
      return await call.run(() => this.#permit(token, deadline.signal), deadline.signal)
    } catch (error) {
      signal.throwIfAborted()
      if (isFault(error) && !mayPass(error)) {
        return { kind: 'failed', fault: { code: error.code, message: error.message, remedy: error.remedy } }
      }
      return { kind: 'unknown', reason: describeError(error), isCutShort: deadline.signal.aborted }
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The lease under which the call began, as long as it is held without a break and the call is waited for. */
  #permit(token: number, deadline: AbortSignal): Lease {
    deadline.throwIfAborted()
    const lease = this.#options.leadership.lease()
    if (lease?.token !== token) throw failoverFaults.fault('LEASE_ENDED', { token })
    return lease
  }

  async #tellEnd(call: EffectCall, about: string, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const told = `${about} ${outcome.kind}`
    if (this.#told === told) return
    await this.#tell('effect-ended', call, { effect: call.effect, ...endFacts(outcome) }, signal)
    this.#told = told
  }

  async #tell(
    kind: 'effect-started' | 'effect-ended',
    call: EffectCall,
    facts: Readonly<Record<string, Json>>,
    signal: AbortSignal,
  ): Promise<void> {
    const { journal, group, actor } = this.#options
    await journal.append({ actor, kind, group, operation: call.owner, facts: { ...facts, ...call.sides } }, signal)
  }
}

function endFacts(outcome: Outcome): Readonly<Record<string, Json>> {
  const facts = { outcome: outcome.kind, reason: explainOutcome(outcome) }
  return outcome.kind === 'failed' ? { ...facts, code: outcome.fault.code } : facts
}
