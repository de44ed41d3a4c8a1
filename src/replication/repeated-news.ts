import type { Clock } from '../core/index.ts'

const AGAIN_AFTER_MS = 5 * 60_000
const SUBJECTS_MAX = 50_000

/**
 * Keeps a lasting trouble from being told at every try: the same news about the same subject is told once, and again
 * every five minutes while it lasts.
 */
export class RepeatedNews {
  readonly #clock: Clock
  readonly #told = new Map<string, { readonly news: string; readonly atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether it is to be told now. */
  isNews(subject: string, news: string): boolean {
    const nowMs = this.#clock.monotonicMs()
    const last = this.#told.get(subject)
    if (last?.news === news && nowMs - last.atMs < AGAIN_AFTER_MS) return false
    if (this.#told.size >= SUBJECTS_MAX) this.#told.clear()
    this.#told.set(subject, { news, atMs: nowMs })
    return true
  }
}
