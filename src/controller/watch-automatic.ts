import type { FailoverGroupConfig } from '../config/index.ts'
import { type Clock, type Events, type Pass, runLoop } from '../core/index.ts'
import {
  type AutomaticDecision,
  decideAutomatic,
  type FailoverEvents,
  type GroupDocument,
  type Vote,
} from '../failover/index.ts'
import type { RegionsStatus, RegionStatus, VantageVote } from '../regions/index.ts'

export interface AutomaticWatchOptions {
  readonly group: FailoverGroupConfig
  readonly document: () => GroupDocument | undefined
  readonly health: () => Pick<RegionsStatus, 'regions'>
  readonly clock: Clock
  readonly events: Events<FailoverEvents>
}

const EVERY_MS = 1_000
const VOTES: Readonly<Record<VantageVote['vote'], Vote['verdict']>> = {
  down: 'down',
  'in-doubt': 'in-doubt',
  'cut-off': 'in-doubt',
  silent: 'in-doubt',
  'no-view': 'in-doubt',
  up: 'not-down',
  suspect: 'not-down',
}

/** Tells what the group's mode makes of its active region's state. Nothing here moves anything. */
export class AutomaticWatch {
  readonly #options: AutomaticWatchOptions
  readonly #stopping = new AbortController()
  /** Since when each vantage point has said `down` of the region without a break, by vantage point. */
  #downSince: { readonly region: string; readonly byVantage: Map<string, number> } = {
    region: '',
    byVantage: new Map(),
  }
  #told: AutomaticDecision['kind'] = 'stay'
  #running: Promise<void> | undefined

  constructor(options: AutomaticWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { group, clock, events } = this.#options
    if (group.mode === 'manual') return
    const onError = (error: unknown) =>
      events.emit('failover:error', { group: group.name, what: 'watching for a failover', error })
    this.#running ??= runLoop<AutomaticDecision, AutomaticDecision>(
      {
        observe: () => Promise.resolve(this.decide()),
        decide: (decision) => decision,
        act: (decision): Promise<Pass> => {
          this.#tell(decision)
          return Promise.resolve({ kind: 'done', reason: decision.reason })
        },
      },
      { clock, signal: this.#stopping.signal, everyMs: EVERY_MS, afterErrorMs: EVERY_MS, onError },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** One look. */
  decide(): AutomaticDecision {
    const { group, document: read, health } = this.#options
    const document = read()
    if (document === undefined) return { kind: 'stay', reason: 'the group is not recorded yet' }
    const { regions } = health()
    const active = regions.find(({ region }) => region === document.active)
    const votes = active === undefined ? [] : this.#votesOn(active)
    return decideAutomatic({
      mode: group.mode,
      document,
      votes,
      vantagePoints: votes.length,
      dwellMs: group.timings.dwellMs,
      // No fence is tried before somebody asks for the failover.
      fence: undefined,
      target: findTarget(group, document, regions),
    })
  }

  #votesOn({ region, judgement }: RegionStatus): Vote[] {
    const nowMs = this.#options.clock.monotonicMs()
    const before = this.#downSince.region === region ? this.#downSince.byVantage : new Map<string, number>()
    const byVantage = new Map<string, number>()
    const votes = judgement.votes.map(({ vantage, vote }): Vote => {
      const verdict = VOTES[vote]
      if (verdict !== 'down') return { vantage, verdict, forMs: 0 }
      const sinceMs = before.get(vantage) ?? nowMs
      byVantage.set(vantage, sinceMs)
      return { vantage, verdict, forMs: nowMs - sinceMs }
    })
    this.#downSince = { region, byVantage }
    return votes
  }

  #tell(decision: AutomaticDecision): void {
    if (decision.kind === this.#told) return
    this.#told = decision.kind
    const { group, events } = this.#options
    const { kind, reason } = decision
    const command = kind === 'page' ? decision.command : null
    events.emit('automatic:decided', { group: group.name, kind, reason, command })
  }
}

/** The best ranked standby that serves; its guards are looked at when somebody asks for the move. */
function findTarget(
  { regions: ranked }: FailoverGroupConfig,
  { regions }: GroupDocument,
  health: readonly RegionStatus[],
): string | undefined {
  return ranked.find((name) => {
    const seen = health.find(({ region }) => region === name)
    return regions[name]?.role === 'standby' && seen?.judgement.verdict === 'up'
  })
}
