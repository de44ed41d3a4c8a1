import {
  type Clock,
  describeError,
  type Events,
  type LinkName,
  type Pass,
  type Reconciler,
  runLoop,
} from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import type { GroupStatus } from '../status.ts'
import { compileGroupSelection, type Selection } from '../topics/selection.ts'
import { type CommitOutcome, concludePositions } from './conclude-positions.ts'
import {
  decidePositions,
  type GroupVerdict,
  type ObservedPositions,
  type PositionDecision,
  type PositionMemory,
  traceKey,
} from './decide-positions.ts'
import { observePositions, type PositionTranslator } from './observe-positions.ts'

/**
 * Keeps the positions of one link's consumer groups on the target in step with the source, so that a group that moves
 * goes on at the record it has not read yet. Groups that are deleted at the source keep their positions on the target.
 */
export interface PositionSyncOptions {
  readonly link: LinkName
  readonly source: Cluster
  readonly target: Cluster
  /** Which groups. */
  readonly selection: Selection
  /** Name of the copy; undefined for a topic that the link does not copy. */
  readonly targetTopicOf: (topic: string) => string | undefined
  readonly translator: PositionTranslator
  /** Between passes, milliseconds. @defaultValue 1000 */
  readonly everyMs?: number
  /** Age at which an unchanged position is written again, milliseconds; less than the target's `offsets.retention.minutes`. @defaultValue 3600000 */
  readonly renewAfterMs?: number
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

const EVERY_MS = 1_000
const RENEW_AFTER_MS = 3_600_000
const COMMITS_AT_ONCE = 8

export class PositionSync implements Reconciler<ObservedPositions, PositionDecision> {
  readonly #options: PositionSyncOptions
  readonly #isSelected: (group: string) => boolean
  #memory: PositionMemory = new Map()
  #statuses: readonly GroupStatus[] = []
  #startedMs = 0
  /** The failure last told of each group, so that a lasting one is told once. */
  #told: ReadonlyMap<string, string> = new Map()
  readonly #leftOut = new Set<string>()

  /** @throws `SELECTION_INVALID` */
  constructor(options: PositionSyncOptions) {
    this.#options = options
    this.#isSelected = compileGroupSelection(options.selection)
  }

  /** As the last pass left them; the groups without a position in a copied topic are not listed. */
  get statuses(): readonly GroupStatus[] {
    return this.#statuses
  }

  /** Passes until the signal aborts; never throws. A pass that fails as a whole is told as `link:error`. */
  run(signal: AbortSignal): Promise<void> {
    const { clock, events, link, everyMs = EVERY_MS } = this.#options
    return runLoop(this, {
      clock,
      signal,
      everyMs,
      afterErrorMs: everyMs,
      onError: (error) => events.emit('link:error', { link, what: 'keeping the consumer positions in step', error }),
    })
  }

  async observe(signal: AbortSignal): Promise<ObservedPositions> {
    const { clock, renewAfterMs = RENEW_AFTER_MS } = this.#options
    this.#startedMs = clock.monotonicMs()
    const { groups, shareGroups } = await observePositions({ ...this.#options, isSelected: this.#isSelected }, signal)
    this.#tellLeftOut(shareGroups)
    return {
      nowMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      renewAfterMs,
      groups,
      memory: this.#memory,
    }
  }

  decide(observed: ObservedPositions): PositionDecision {
    return decidePositions(observed)
  }

  async act(decision: PositionDecision, signal: AbortSignal): Promise<Pass> {
    const { link, clock, events } = this.#options
    const outcomes = await this.#commitAll(decision.groups, signal)
    const { memory, statuses, committed } = concludePositions(decision, outcomes, link)
    this.#memory = memory
    this.#statuses = statuses
    this.#tellFailures(statuses)
    if (committed > 0) {
      const tookMs = clock.monotonicMs() - this.#startedMs
      events.emit('positions:synced', { link, groups: decision.groups.length, committed, tookMs })
    }
    return { kind: 'done', reason: decision.reason }
  }

  async #commitAll(groups: readonly GroupVerdict[], signal: AbortSignal): Promise<Map<string, CommitOutcome>> {
    const outcomes = new Map<string, CommitOutcome>()
    const due = groups.filter(({ positions }) => positions.some(({ kind }) => kind === 'commit')).values()
    const worker = async () => {
      for (const group of due) outcomes.set(group.group, await this.#commit(group, signal))
    }
    await Promise.all(Array.from({ length: COMMITS_AT_ONCE }, worker))
    return outcomes
  }

  async #commit({ group, positions }: GroupVerdict, signal: AbortSignal): Promise<CommitOutcome> {
    const due = positions.flatMap(({ commit }) => (commit === undefined ? [] : [commit.position]))
    try {
      const answered = await this.#options.target.commitGroupOffsets(group, due, signal)
      return new Map(answered.map((outcome) => [traceKey(outcome), outcome.errorCode]))
    } catch (error) {
      // Told as an outcome even when stopping: the writes of the other groups are still to be remembered.
      return { failed: describeError(error) }
    }
  }

  #tellFailures(statuses: readonly GroupStatus[]): void {
    const { link, events } = this.#options
    const told = new Map<string, string>()
    for (const { group, state, reason } of statuses) {
      if (state !== 'failed') continue
      told.set(group, reason)
      if (this.#told.get(group) !== reason) events.emit('positions:failed', { link, group, reason })
    }
    this.#told = told
  }

  #tellLeftOut(shareGroups: readonly string[]): void {
    const { link, events } = this.#options
    for (const group of shareGroups) {
      if (this.#leftOut.has(group)) continue
      this.#leftOut.add(group)
      const reason = 'left out: it is a share group, which has no positions that could be translated'
      events.emit('positions:failed', { link, group, reason })
    }
  }
}
