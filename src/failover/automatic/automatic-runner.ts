import { type Pass, type Reconciler, type RegionName, unreachable } from '../../core/index.ts'
import type { EffectCaller } from '../effect-caller.ts'
import { digestOf } from '../evidence.ts'
import type { ReadGroup } from '../group-store.ts'
import { explainOutcome, type Outcome } from '../outcome.ts'
import type { Lease, Permit } from '../ports.ts'
import type { RunnerParts } from '../runner-parts.ts'
import type { GroupDocument } from '../state.ts'
import type { AutomaticRecord } from './automatic-record.ts'
import { withAttempt, withoutAttempt } from './change-attempt.ts'
import {
  type AutomaticDecision,
  type AutomaticEvidence,
  type AutomaticMode,
  decideAutomatic,
  type FenceFound,
  type TargetFound,
} from './decide-automatic.ts'
import { judgeFence } from './judge-fence.ts'
import { tallyVotes, type Vote } from './tally-votes.ts'

/** What an attempt does to the region that it is about to leave. */
export interface AttemptContext {
  readonly document: GroupDocument
  readonly attempt: AutomaticRecord
  readonly permit: Permit
}

/** What automatic mode works with. Every effect is idempotent, as those of moves are. */
export interface AutomaticPorts {
  readonly mode: AutomaticMode
  readonly vantagePoints: number
  readonly dwellMs: number
  readonly cooldownMs: number
  /** How long a fence is tried, milliseconds, unless its means is under way and has longer: then for as long as that. */
  readonly fencePatienceMs: number
  /**
   * What every vantage point says of a region now, as far as it is heard here; without one, of the active region as it
   * was last told. Asked in every pass, so that the time for which they say so is counted by whoever may lead next too.
   */
  votes(region: string | undefined): readonly Vote[]
  /** The best ranked standby that could take over now. */
  findTarget(document: GroupDocument, signal: AbortSignal): Promise<TargetFound>
  /** Done means that it is shown from outside: the reason says how, `findings.fence` by which means. */
  fence(context: AttemptContext, signal: AbortSignal): Promise<Outcome>
  unfence(context: AttemptContext, signal: AbortSignal): Promise<Outcome>
  /** Asks for the failover as a person would. Throws where it is refused. */
  order(attempt: AutomaticRecord, reason: string, lease: Lease, signal: AbortSignal): Promise<void>
}

interface Observed extends Omit<AutomaticEvidence, 'document'> {
  readonly document: GroupDocument | undefined
}

/** What this process knows of the attempt at hand. */
interface Trial {
  readonly operation: string
  readonly sinceMs: number
  found: FenceFound | undefined
}

/** How long what was found of the standbys is good for. */
const TARGET_MS = 5_000
/** An order that is refused is tried again this often. */
const ORDERS_MOST = 3

/** Watches over one group in the mode that it is given, and makes one attempt for each incident. */
export class AutomaticRunner implements Reconciler<Observed, AutomaticDecision> {
  readonly #parts: RunnerParts
  readonly #ports: AutomaticPorts
  readonly #caller: EffectCaller
  #read: ReadGroup | undefined
  #trial: Trial | undefined
  #target: { readonly atMs: number; readonly found: TargetFound } | undefined
  #orders = 0
  #decision: AutomaticDecision = { kind: 'stay', reason: 'this process has just started' }

  constructor(parts: RunnerParts, ports: AutomaticPorts) {
    this.#parts = parts
    this.#ports = ports
    this.#caller = parts.makeCaller()
  }

  /** What was last decided. */
  get decision(): AutomaticDecision {
    return this.#decision
  }

  async observe(signal: AbortSignal): Promise<Observed> {
    const { leadership, store, clock, group } = this.#parts
    const { mode, vantagePoints, dwellMs, cooldownMs } = this.#ports
    const hold = leadership.hold()
    this.#read = hold === undefined ? await store.read(signal) : undefined
    const document = this.#read?.document
    const votes = this.#ports.votes(document?.active)
    const attempt = document?.automatic
    if (attempt?.operation !== this.#trial?.operation) this.#trial = undefined
    const at = new Date(clock.nowMs()).toISOString()
    const name = digestOf({ group, epoch: document?.epoch ?? 0, at, automatic: true }).slice(0, 16)
    return {
      mode,
      document,
      hold,
      votes,
      vantagePoints,
      dwellMs,
      target: document && (await this.#findTarget(document, votes, signal)),
      fence: this.#trial?.found,
      attemptAgeMs: attempt === undefined ? 0 : Math.max(0, clock.nowMs() - Date.parse(attempt.at)),
      cooldownMs,
      at,
      nextOperation: `${group}-${name}`,
    }
  }

  decide(observed: Observed): AutomaticDecision {
    const { document, hold } = observed
    if (document !== undefined) return decideAutomatic({ ...observed, document })
    return { kind: 'stay', reason: hold ?? 'the group is not recorded yet' }
  }

  async act(decision: AutomaticDecision, signal: AbortSignal): Promise<Pass> {
    this.#tell(decision)
    const { reason } = decision
    switch (decision.kind) {
      case 'stay':
      case 'would-move':
      case 'page':
        return { kind: 'done', reason }
      case 'fence':
        return await this.#fence(decision.attempt, signal)
      case 'move':
        return await this.#move(decision, signal)
      case 'undo':
        return await this.#undo(decision.attempt, reason, signal)
      case 'fail':
        return await this.#write(
          withAttempt(this.#document, { ...decision.attempt, phase: 'failed', reason }),
          reason,
          signal,
        )
      case 'forget':
        return await this.#write(withoutAttempt(this.#document), reason, signal)
      default:
        return unreachable(decision)
    }
  }

  get #document(): GroupDocument {
    if (this.#read === undefined) throw new TypeError('nothing is decided without a document')
    return this.#read.document
  }

  /** Looked at only where it may come to a move: every guard looks at the regions. */
  async #findTarget(
    document: GroupDocument,
    votes: readonly Vote[],
    signal: AbortSignal,
  ): Promise<TargetFound | undefined> {
    const { mode, vantagePoints, dwellMs } = this.#ports
    const { automatic, operation, paused, active: region } = document
    const isTrying = automatic === undefined || automatic.phase === 'fencing' || automatic.phase === 'fenced'
    const { isRipe } = tallyVotes(votes, { region, vantagePoints, dwellMs })
    if (mode === 'manual' || !isTrying || !isRipe || operation !== undefined || paused !== undefined) {
      this.#target = undefined
      return undefined
    }
    const nowMs = this.#parts.clock.monotonicMs()
    if (this.#target === undefined || nowMs - this.#target.atMs >= TARGET_MS) {
      const found = await this.#ports.findTarget(document, signal)
      this.#target = { atMs: this.#parts.clock.monotonicMs(), found }
    }
    return this.#target.found
  }

  /** On record first; then every pass asks once more, until it is shown, refused, or overdue. */
  async #fence(attempt: AutomaticRecord, signal: AbortSignal): Promise<Pass> {
    const document = this.#document
    if (document.automatic === undefined) {
      return await this.#write(withAttempt(document, attempt), `an attempt begins: ${attempt.reason}`, signal)
    }
    const { clock } = this.#parts
    this.#trial ??= { operation: attempt.operation, sinceMs: clock.monotonicMs(), found: undefined }
    const trial = this.#trial
    const outcome = await this.#call('fenceAhead', attempt, signal)
    if (outcome === undefined) return this.#wait('not now: the lease has ended, or an earlier call may still arrive')
    const triedMs = clock.monotonicMs() - trial.sinceMs
    const found = judgeFence(outcome, { triedMs, patienceMs: this.#ports.fencePatienceMs })
    trial.found = found
    return found.kind === 'trying' ? this.#wait(found.reason) : { kind: 'again', reason: found.reason }
  }

  /** What was shown goes on record, and with it stands the right to order. */
  async #move(
    { attempt, by, reason }: Extract<AutomaticDecision, { kind: 'move' }>,
    signal: AbortSignal,
  ): Promise<Pass> {
    if (attempt.phase !== 'fenced') {
      this.#orders = 0
      return await this.#write(withAttempt(this.#document, { ...attempt, phase: 'fenced', fence: by }), reason, signal)
    }
    const lease = this.#parts.leadership.lease()
    if (lease === undefined) return this.#wait('the lease has ended')
    try {
      this.#orders++
      await this.#ports.order(attempt, reason, lease, signal)
    } catch (error) {
      if (signal.aborted || this.#orders < ORDERS_MOST) throw error
      const refused = `the failover was refused: ${error instanceof Error ? error.message : String(error)}`
      return await this.#write(
        withAttempt(this.#document, { ...attempt, phase: 'undoing', reason: refused }),
        refused,
        signal,
      )
    }
    return { kind: 'again', reason }
  }

  async #undo(attempt: AutomaticRecord, reason: string, signal: AbortSignal): Promise<Pass> {
    if (attempt.phase !== 'undoing') {
      return await this.#write(withAttempt(this.#document, { ...attempt, phase: 'undoing', reason }), reason, signal)
    }
    const outcome = await this.#call('unfence', attempt, signal)
    if (outcome?.kind !== 'done') return this.#wait(outcome === undefined ? 'not now' : explainOutcome(outcome))
    return await this.#write(withAttempt(this.#document, { ...attempt, phase: 'failed' }), reason, signal)
  }

  async #call(
    effect: 'fenceAhead' | 'unfence',
    attempt: AutomaticRecord,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    const { from, operation } = attempt
    const document = this.#document
    const ports = this.#ports
    const does = effect === 'fenceAhead' ? 'fence' : 'unfence'
    const result = await this.#caller.call(
      {
        effect,
        owner: operation,
        attempt: 1,
        part: effect,
        sides: { from },
        run: (permit, deadline) => ports[does]({ document, attempt, permit }, deadline),
      },
      signal,
    )
    return result?.outcome
  }

  async #write(next: GroupDocument, reason: string, signal: AbortSignal): Promise<Pass> {
    const owner = this.#read?.document.automatic?.operation ?? next.automatic?.operation
    const isWritten = await this.#parts.writeGroup({ was: this.#read, next, reason, owner }, signal)
    return isWritten ? { kind: 'again', reason } : this.#wait('the document is read again')
  }

  #tell(decision: AutomaticDecision): void {
    const before = this.#decision
    this.#decision = decision
    if (decision.kind === before.kind) return
    const { kind, reason } = decision
    const command = 'command' in decision ? decision.command : null
    this.#parts.events.emit('automatic:decided', { group: this.#parts.group, kind, reason, command })
  }

  #wait(reason: string): Pass {
    return { kind: 'wait', afterMs: this.#parts.pollMs, reason }
  }
}

/** The standbys of a group in their ranks. */
export function standbysOf({ regions }: GroupDocument, ranked: readonly RegionName[]): RegionName[] {
  return ranked.filter((region) => regions[region]?.role === 'standby')
}
