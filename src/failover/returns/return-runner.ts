import { type Pass, type Reconciler, unreachable } from '../../core/index.ts'
import type { EffectCaller } from '../effect-caller.ts'
import type { ReadGroup } from '../group-store.ts'
import type { ReturnEffects } from '../ports.ts'
import type { RunnerParts } from '../runner-parts.ts'
import { regionEntry } from '../state.ts'
import { decideReturn, type ReturnDecision, type ReturnObserved, type ReturnReport } from './decide-return.ts'

/** How often a region that does not answer is tried: its window is open from its brokers' start until it is fenced. */
const RETRY_MS = 1_000
/** What the journal calls the end of a return. */
const BACK = 'standby'

/** Brings one region back, beside whatever moves. There is one for every region of a group. */
export class ReturnRunner implements Reconciler<ReturnObserved, ReturnDecision> {
  readonly #parts: RunnerParts
  readonly #region: string
  readonly #effects: ReturnEffects
  readonly #caller: EffectCaller
  #read: ReadGroup | undefined
  #report: ReturnReport | undefined

  constructor(parts: RunnerParts, region: string, effects: ReturnEffects) {
    this.#parts = parts
    this.#region = region
    this.#effects = effects
    this.#caller = parts.makeCaller()
  }

  async observe(signal: AbortSignal): Promise<ReturnObserved> {
    const { clock, leadership, store } = this.#parts
    this.#read = leadership.hold() === undefined ? await store.read(signal) : undefined
    return {
      document: this.#read?.document,
      region: this.#region,
      hold: leadership.hold(),
      report: this.#report,
      at: new Date(clock.nowMs()).toISOString(),
    }
  }

  decide(observed: ReturnObserved): ReturnDecision {
    return decideReturn(observed)
  }

  async act(decision: ReturnDecision, signal: AbortSignal): Promise<Pass> {
    switch (decision.kind) {
      case 'idle':
        return { kind: 'done', reason: decision.reason }
      case 'call':
        return await this.#call(decision, signal)
      case 'write':
        return await this.#write(decision, signal)
      default:
        return unreachable(decision)
    }
  }

  async #call(decision: Extract<ReturnDecision, { kind: 'call' }>, signal: AbortSignal): Promise<Pass> {
    const { record, step, reason } = decision
    const { id, attempt } = record
    const document = this.#read?.document
    const region = this.#region
    if (document === undefined) return { kind: 'wait', afterMs: RETRY_MS, reason: 'the document is gone' }
    const { store } = this.#parts
    const result = await this.#caller.call(
      {
        effect: step.effect,
        owner: id,
        attempt,
        part: record.phase,
        sides: { region },
        run: (permit, deadline) =>
          this.#effects[step.effect](
            {
              document,
              region,
              record,
              permit,
              evidenceOf: async (phase) => {
                const ref = record.evidence[phase]
                return ref && (await store.evidence(ref, deadline))
              },
            },
            deadline,
          ),
      },
      signal,
    )
    if (result === undefined) return { kind: 'wait', afterMs: RETRY_MS, reason: 'not now' }
    this.#report = { return: id, attempt, ...result }
    const { kind } = result.outcome
    return kind === 'done' || kind === 'failed'
      ? { kind: 'again', reason }
      : { kind: 'wait', afterMs: RETRY_MS, reason }
  }

  async #write(decision: Extract<ReturnDecision, { kind: 'write' }>, signal: AbortSignal): Promise<Pass> {
    const { next, reason } = decision
    const was = this.#read
    const owner = was && regionEntry(was.document, this.#region)?.return?.id
    const entered = regionEntry(next, this.#region)?.return?.phase ?? BACK
    const isWritten = await this.#parts.writeGroup({ was, next, reason, owner, phase: entered }, signal)
    if (!isWritten) return { kind: 'wait', afterMs: this.#parts.pollMs, reason: 'the document is read again' }
    const { events, group } = this.#parts
    events.emit('return:phase', {
      group,
      region: this.#region,
      phase: regionEntry(next, this.#region)?.return?.phase,
      reason,
    })
    return { kind: 'again', reason }
  }
}
