import type { Clock, RegionName } from '../../core/index.ts'

/** Long enough for the steps of a failover that look at the same copies, short enough to notice a region that is back. */
const REMEMBERED_MS = 10_000

/** Regions that lately did not answer: looks that can do without them do not wait for them again. */
export class SilentSources {
  readonly #clock: Clock
  readonly #sinceMs = new Map<RegionName, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(region: RegionName): boolean {
    const sinceMs = this.#sinceMs.get(region) ?? Number.NEGATIVE_INFINITY
    return this.#clock.monotonicMs() - sinceMs < REMEMBERED_MS
  }

  note(region: RegionName): void {
    this.#sinceMs.set(region, this.#clock.monotonicMs())
  }
}
