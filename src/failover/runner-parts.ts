import type { Clock } from '../core/index.ts'
import { EffectCaller } from './effect-caller.ts'
import type { FailoverEventBus } from './events.ts'
import { GroupStore, type ReadGroup } from './group-store.ts'
import type { Leadership } from './leadership.ts'
import type { StepTimeouts } from './moves/decide-move.ts'
import type { Json } from './outcome.ts'
import type { AuthorityPort, JournalPort } from './ports.ts'
import type { GroupDocument } from './state.ts'
import { UnsettledCalls } from './unsettled-calls.ts'

export interface RunnerOptions {
  readonly group: string
  /** The name of this process in journal entries. */
  readonly actor: string
  readonly authority: AuthorityPort
  readonly journal: JournalPort
  readonly leadership: Leadership
  readonly clock: Clock
  readonly events: FailoverEventBus
  /** How long to wait before a step is asked again, milliseconds. */
  readonly pollMs: number
  /** How often a group without anything to do is looked at, milliseconds. */
  readonly idleMs: number
  /** The longest that one call of an effect may take. */
  readonly callDeadlineMs: number
  /** How long a call whose answer was lost may still arrive; not less than the deadline. */
  readonly settleMs: number
  /** What the configuration allows the steps of a move. @defaultValue what the table of steps says */
  readonly timeoutsMs?: StepTimeouts
}

interface GroupChange {
  readonly was: ReadGroup | undefined
  readonly next: GroupDocument
  readonly reason: string
  readonly owner: string | undefined
  /** That the owner enters. @defaultValue that of the group's operation */
  readonly phase?: string
}

/** What the runner of a group's moves and those of its returning regions have in common. */
export class RunnerParts {
  readonly group: string
  readonly clock: Clock
  readonly events: FailoverEventBus
  readonly leadership: Leadership
  readonly pollMs: number
  readonly timeoutsMs: StepTimeouts | undefined
  readonly store: GroupStore
  readonly #options: RunnerOptions
  readonly #unsettled: UnsettledCalls

  constructor(options: RunnerOptions) {
    this.#options = options
    this.group = options.group
    this.clock = options.clock
    this.events = options.events
    this.leadership = options.leadership
    this.pollMs = options.pollMs
    this.timeoutsMs = options.timeoutsMs
    this.store = new GroupStore(options.authority, options.group)
    this.#unsettled = new UnsettledCalls(options.clock, options.settleMs)
  }

  makeCaller(): EffectCaller {
    const { store } = this
    return new EffectCaller({ ...this.#options, store, unsettled: this.#unsettled })
  }

  isQuiet(): boolean {
    return this.#unsettled.isQuiet()
  }

  /** Why a call of the effect would have to wait now. */
  hold(...call: Parameters<UnsettledCalls['hold']>): string | undefined {
    return this.#unsettled.hold(...call)
  }

  /** Changes the document under the lease; false where it has to be read again first. */
  async writeGroup({ was, next, reason, owner, ...given }: GroupChange, signal: AbortSignal): Promise<boolean> {
    const { journal, actor, group } = this.#options
    if (this.leadership.hold() !== undefined) return false
    const facts: Record<string, Json> = { reason, revision: was?.revision ?? 0, epoch: next.epoch, active: next.active }
    const phase = given.phase ?? next.operation?.phase
    if (phase !== undefined) facts['phase'] = phase
    // Before the write: a change that nobody can find in the journal must not be possible.
    await journal.append(
      { actor, kind: 'transition', group, facts, ...(owner !== undefined && { operation: owner }) },
      signal,
    )
    const lease = this.leadership.lease()
    if (lease === undefined) return false
    const result = await this.store.change(was, next, lease, signal)
    if (result.kind === 'lease-lost') this.leadership.forfeit('the authority refused the token of a write')
    return result.kind === 'written'
  }
}
