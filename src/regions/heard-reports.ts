import type { HealthTimings } from './options.ts'
import type { HeardReport, VantageReport } from './report.ts'

interface Entry {
  readonly report: VantageReport
  /** Monotonic time here at which the report was written, by its age when it was read. */
  readonly writtenMs: number
  readonly isSilent: boolean
}

export interface VantageNews {
  readonly kind: 'heard' | 'silent'
  readonly report: VantageReport
  readonly ageMs: number
}

/** More vantage points than anybody runs; those heard of least lately are dropped. */
const VANTAGES_MAX = 200

/** The newest report of every other vantage point. Pure but for what it remembers. */
export class HeardReports {
  readonly #own: string
  readonly #timings: Pick<HealthTimings, 'reportStaleMs' | 'vantageForgetMs'>
  readonly #entries = new Map<string, Entry>()

  constructor(own: string, timings: Pick<HealthTimings, 'reportStaleMs' | 'vantageForgetMs'>) {
    this.#own = own
    this.#timings = timings
  }

  /** In any order, and from any region: the highest sequence counts. */
  note(heard: readonly HeardReport[], nowMs: number): void {
    for (const { report, ageMs } of heard) {
      if (report.vantage === this.#own) continue
      const before = this.#entries.get(report.vantage)
      if (before !== undefined && before.report.sequence >= report.sequence) continue
      this.#entries.set(report.vantage, { report, writtenMs: nowMs - ageMs, isSilent: before?.isSilent ?? true })
    }
  }

  /** Forgets who has been silent for too long, and tells who is newly heard or newly silent. */
  review(nowMs: number): VantageNews[] {
    const { reportStaleMs, vantageForgetMs } = this.#timings
    const news: VantageNews[] = []
    for (const [vantage, { report, writtenMs, isSilent }] of this.#entries) {
      const ageMs = nowMs - writtenMs
      const isSilentNow = ageMs > reportStaleMs
      if (ageMs > vantageForgetMs) this.#entries.delete(vantage)
      else this.#entries.set(vantage, { report, writtenMs, isSilent: isSilentNow })
      if (isSilent !== isSilentNow) news.push({ kind: isSilentNow ? 'silent' : 'heard', report, ageMs })
    }
    this.#dropMost()
    return news
  }

  list(nowMs: number): HeardReport[] {
    return [...this.#entries.values()]
      .map(({ report, writtenMs }) => ({ report, ageMs: nowMs - writtenMs }))
      .sort((one, other) => (one.report.vantage < other.report.vantage ? -1 : 1))
  }

  #dropMost(): void {
    if (this.#entries.size <= VANTAGES_MAX) return
    const byAge = [...this.#entries].sort(([, one], [, other]) => other.writtenMs - one.writtenMs)
    for (const [vantage] of byAge.slice(VANTAGES_MAX)) this.#entries.delete(vantage)
  }
}
