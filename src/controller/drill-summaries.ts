import type { Authority } from '../authority/index.ts'
import type { FailoverGroupConfig } from '../config/index.ts'
import { type Clock, describeError } from '../core/index.ts'
import { type DrillSummary, SUMMARIES } from '../failover/index.ts'

type Group = Pick<FailoverGroupConfig, 'name' | 'canaryOf'>

/** What the drills of this process's failover groups came to, as the authority told it last. */
export class DrillSummaries {
  readonly #authority: Pick<Authority, 'watch'>
  readonly #clock: Clock
  readonly #stopping = new AbortController()
  #summaries: ReadonlyMap<string, DrillSummary> = new Map()
  #running: Promise<void> | undefined

  constructor(authority: Pick<Authority, 'watch'>, clock: Clock) {
    this.#authority = authority
    this.#clock = clock
  }

  start(onError: (reason: string) => void): void {
    this.#running ??= this.#follow().catch((error: unknown) => onError(describeError(error)))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  all(): readonly DrillSummary[] {
    return [...this.#summaries.values()]
  }

  /** How long ago a drill of the group, or of the group that a canary group is for, passed that moved something. */
  sinceLastMs(group: Group): number | null {
    const passedAt = this.#of(group)?.passedAt ?? null
    return passedAt === null ? null : Math.max(0, this.#clock.nowMs() - Date.parse(passedAt))
  }

  /** How long the last one held up writes: of applications where there was a full drill, else of its canary. */
  writePauseMs(group: Group): number | undefined {
    const { full, canary } = this.#of(group)?.last ?? {}
    return full?.measured?.writePauseMs ?? canary?.measured?.writePauseMs ?? undefined
  }

  #of({ name, canaryOf }: Group): DrillSummary | undefined {
    return this.#summaries.get(canaryOf ?? name)
  }

  async #follow(): Promise<void> {
    for await (const stored of this.#authority.watch(SUMMARIES, this.#stopping.signal)) {
      const summaries = stored.map(({ value }) => value as DrillSummary)
      this.#summaries = new Map(summaries.map((summary) => [summary.group, summary]))
    }
  }
}
