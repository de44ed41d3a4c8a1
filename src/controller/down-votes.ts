import type { Clock } from '../core/index.ts'
import type { Vote } from '../failover/index.ts'
import type { RegionsStatus } from '../regions/index.ts'

/** Counts for how long each vantage point has said without a break that a region is down, on the clock of this process. */
export class DownVotes {
  readonly #health: () => Pick<RegionsStatus, 'regions'>
  readonly #clock: Clock
  #since: { readonly region: string; readonly byVantage: ReadonlyMap<string, number> } = {
    region: '',
    byVantage: new Map(),
  }

  constructor(health: () => Pick<RegionsStatus, 'regions'>, clock: Clock) {
    this.#health = health
    this.#clock = clock
  }

  /** What every vantage point says of the region now; asked for another one, it counts anew. */
  look(region: string | undefined): Vote[] {
    const found = this.#health().regions.find((one) => one.region === region)
    if (found === undefined) return []
    const nowMs = this.#clock.monotonicMs()
    const before = this.#since.region === region ? this.#since.byVantage : new Map<string, number>()
    const byVantage = new Map<string, number>()
    const votes = found.judgement.votes.map((vote): Vote => {
      if (vote.vote !== 'down') return { ...vote, downForMs: 0 }
      const sinceMs = before.get(vote.vantage) ?? nowMs
      byVantage.set(vote.vantage, sinceMs)
      return { ...vote, downForMs: nowMs - sinceMs }
    })
    this.#since = { region: found.region, byVantage }
    return votes
  }

  /** For how long no look from here has found the region serving, milliseconds; 0 where it serves, or nothing is known. */
  awayMs(region: string): number {
    const health = this.#health().regions.find((one) => one.region === region)?.health
    const run = health?.runs.unserving
    return run === undefined || run.samples === 0 ? 0 : this.#clock.monotonicMs() - run.sinceMs
  }
}
