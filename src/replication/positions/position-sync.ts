import {
  type Clock,
  describeError,
  eitherSignal,
  type Events,
  type LinkName,
  type Pass,
  pause,
  type Reconciler,
  runLoop,
  withSignal,
} from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { ReplicationEvents } from '../events.ts'
import type { GroupStatus } from '../status.ts'
import { compileGroupSelection, type Selection } from '../topics/selection.ts'
import { type CommitOutcome, concludePositions, type GroupOutcome } from './conclude-positions.ts'
import {
  decidePositions,
  type GroupVerdict,
  type ObservedPositions,
  type PositionDecision,
  type PositionMemory,
} from './decide-positions.ts'
import { observePositions, type PositionTranslator } from './observe-positions.ts'
import { traceKey } from './position-trace.ts'
import type { DeletionOutcome } from './source-deletions.ts'

/**
 * Keeps the positions of one link's consumer groups on the target in step with the source, so that a group that moves
 * goes on at the record it has not read yet. What a pass costs in requests does not grow with the groups that have not
 * moved: those are read by the hundred, and written only to be renewed.
 */
export interface PositionSyncOptions {
  readonly link: LinkName
  readonly source: Cluster
  readonly target: Cluster
  /** Which groups. */
  readonly selection: Selection
  /** See `LinkSpec.isStandby`. */
  readonly isStandby?: boolean
  /** Name of the copy; undefined for a partition that this process does not copy: it forgets whose its position is. */
  readonly targetTopicOf: (topic: string, partition: number) => string | undefined
  readonly translator: PositionTranslator
  /**
   * Asked right before a write: false where this process may have been frozen since it looked, so that another one has
   * the partition by now, whose newer position would be moved back. @defaultValue always
   */
  readonly mayWrite?: (at: {
    readonly topic: string
    readonly targetTopic: string
    readonly partition: number
  }) => boolean
  /** Between passes, milliseconds. @defaultValue 1000 */
  readonly everyMs?: number
  /** Age at which an unchanged position is written again, milliseconds; less than the target's `offsets.retention.minutes`. @defaultValue 3600000 */
  readonly renewAfterMs?: number
  /** How long a position has to be gone at the source before it is deleted here, milliseconds. @defaultValue 600000 */
  readonly deletionGraceMs?: number
  readonly clock: Clock
  readonly events: Events<ReplicationEvents>
}

const EVERY_MS = 1_000
const RENEW_AFTER_MS = 3_600_000
const DELETION_GRACE_MS = 600_000
/** Groups that are written to at the same time. */
const WRITES_AT_ONCE = 8
const MAY_BE_ELSEWHERE = { failed: 'the group of replicators has not confirmed lately that this process has its flows' }
/** Events of one kind in one pass. */
const TOLD_PER_PASS = 20

export class PositionSync implements Reconciler<ObservedPositions, PositionDecision> {
  readonly #options: PositionSyncOptions
  readonly #isSelected: (group: string) => boolean
  #memory: PositionMemory = new Map()
  #statuses: readonly GroupStatus[] = []
  #startedMs = 0
  /** The failure last told of each group, so that a lasting one is told once. */
  #told: ReadonlyMap<string, string> = new Map()
  readonly #leftOut = new Set<string>()
  /** Callers that wait for a pass to begin, and those whose pass has begun. */
  #asking: PromiseWithResolvers<readonly GroupStatus[]>[] = []
  #served: PromiseWithResolvers<readonly GroupStatus[]>[] = []
  #wake = new AbortController()

  /** @throws `SELECTION_INVALID` */
  constructor(options: PositionSyncOptions) {
    this.#options = options
    this.#isSelected = compileGroupSelection(options.selection)
  }

  /** As the last pass left them; the groups without a position in a copied topic are not listed. */
  get statuses(): readonly GroupStatus[] {
    return this.#statuses
  }

  /** What a whole pass has come to that begins after this call. Only while it runs. */
  nextPass(signal: AbortSignal): Promise<readonly GroupStatus[]> {
    const asking = Promise.withResolvers<readonly GroupStatus[]>()
    this.#asking.push(asking)
    this.#wake.abort()
    return withSignal(asking.promise, signal)
  }

  /** Passes until the signal aborts; never throws. A pass that fails as a whole is told as `link:error`. */
  run(signal: AbortSignal): Promise<void> {
    const { clock, events, link, everyMs = EVERY_MS } = this.#options
    return runLoop(this, {
      clock,
      signal,
      everyMs,
      afterErrorMs: everyMs,
      nap: (ms) => this.#nap(ms, signal),
      onError: (error) => events.emit('link:error', { link, what: 'keeping the consumer positions in step', error }),
    })
  }

  /** Ends when somebody asks for a pass. */
  async #nap(ms: number, signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController()
    if (this.#asking.length > 0) return
    const either = eitherSignal(signal, this.#wake.signal)
    await pause(this.#options.clock, ms, either.signal)
    either.release()
  }

  async observe(signal: AbortSignal): Promise<ObservedPositions> {
    const {
      clock,
      renewAfterMs = RENEW_AFTER_MS,
      deletionGraceMs = DELETION_GRACE_MS,
      isStandby = false,
    } = this.#options
    this.#startedMs = clock.monotonicMs()
    this.#served.push(...this.#asking.splice(0))
    const sight = { ...this.#options, isSelected: this.#isSelected, memory: this.#memory }
    const { groups, shareGroups } = await observePositions(sight, signal)
    this.#tellLeftOut(shareGroups)
    return {
      nowMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      renewAfterMs,
      deletionGraceMs,
      isStandby,
      groups,
      memory: this.#memory,
    }
  }

  decide(observed: ObservedPositions): PositionDecision {
    return decidePositions(observed)
  }

  async act(decision: PositionDecision, signal: AbortSignal): Promise<Pass> {
    const { link, clock, events } = this.#options
    const outcomes = await this.#writeAll(decision.groups, signal)
    const { memory, statuses, committed, deleted } = concludePositions(decision, outcomes, link)
    this.#memory = memory
    this.#statuses = statuses
    this.#tellFailures(statuses)
    for (const [group, positions] of deleted) events.emit('positions:deleted', { link, group, positions })
    if (committed > 0) {
      const tookMs = clock.monotonicMs() - this.#startedMs
      events.emit('positions:synced', { link, groups: decision.groups.length, committed, tookMs })
    }
    for (const { resolve } of this.#served.splice(0)) resolve(statuses)
    return { kind: 'done', reason: decision.reason }
  }

  async #writeAll(groups: readonly GroupVerdict[], signal: AbortSignal): Promise<Map<string, GroupOutcome>> {
    const outcomes = new Map<string, GroupOutcome>()
    const isDue = ({ positions, gone }: GroupVerdict) =>
      positions.some(({ kind }) => kind === 'commit') || gone.some(({ kind }) => kind === 'delete')
    const due = groups.filter(isDue).values()
    const worker = async () => {
      for (const verdict of due) {
        const commits = await this.#commit(verdict, signal)
        const deletions = await this.#delete(verdict, signal)
        outcomes.set(verdict.group, { ...(commits && { commits }), ...(deletions && { deletions }) })
      }
    }
    await Promise.all(Array.from({ length: WRITES_AT_ONCE }, worker))
    return outcomes
  }

  async #commit({ group, positions }: GroupVerdict, signal: AbortSignal): Promise<CommitOutcome | undefined> {
    const { mayWrite = () => true } = this.#options
    const written = positions.filter(({ commit }) => commit !== undefined)
    const due = written.flatMap(({ commit }) => commit?.position ?? [])
    if (due.length === 0) return undefined
    if (!written.every(({ observed }) => mayWrite(observed))) return MAY_BE_ELSEWHERE
    try {
      const answered = await this.#options.target.commitGroupOffsets(group, due, signal)
      return new Map(answered.map((outcome) => [traceKey(outcome), outcome.errorCode]))
    } catch (error) {
      // Told as an outcome even when stopping: the writes of the other groups are still to be remembered.
      return { failed: describeError(error) }
    }
  }

  async #delete({ group, gone }: GroupVerdict, signal: AbortSignal): Promise<DeletionOutcome | undefined> {
    const due = gone.filter(({ kind }) => kind === 'delete').map(({ observed }) => observed)
    if (due.length === 0) return undefined
    const { mayWrite = () => true } = this.#options
    if (!due.every(mayWrite)) return MAY_BE_ELSEWHERE
    const partitions = due.map(({ targetTopic: topic, partition }) => ({ topic, partition }))
    try {
      const answered = await this.#options.target.deleteGroupOffsets(group, partitions, signal)
      return new Map(answered.map((outcome) => [traceKey(outcome), outcome.errorCode]))
    } catch (error) {
      return { failed: describeError(error) }
    }
  }

  /** Groups that fail alike, as those of one coordinator do, are told together. */
  #tellFailures(statuses: readonly GroupStatus[]): void {
    const { link, events } = this.#options
    const told = new Map<string, string>()
    const news = new Map<string, string[]>()
    for (const { group, state, reason } of statuses) {
      if (state !== 'failed') continue
      told.set(group, reason)
      if (this.#told.get(group) !== reason) append(news, reason, group)
    }
    this.#told = told
    const most = [...news].slice(0, TOLD_PER_PASS)
    for (const [reason, [group = '', ...others]] of most) {
      events.emit('positions:failed', { link, group, groups: others.length + 1, reason })
    }
    const rest = [...news.values()].slice(TOLD_PER_PASS).flat()
    const [group] = rest
    if (group === undefined) return
    const reason = 'these groups fail for many reasons: the groups of the link say which'
    events.emit('positions:failed', { link, group, groups: rest.length, reason })
  }

  #tellLeftOut(shareGroups: readonly string[]): void {
    const { link, events } = this.#options
    const present = new Set(shareGroups)
    for (const group of this.#leftOut) if (!present.has(group)) this.#leftOut.delete(group)
    for (const group of shareGroups.filter((one) => !this.#leftOut.has(one)).slice(0, TOLD_PER_PASS)) {
      this.#leftOut.add(group)
      const reason = 'a share group has no positions that could be translated'
      events.emit('positions:left-out', { link, group, reason })
    }
  }
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
