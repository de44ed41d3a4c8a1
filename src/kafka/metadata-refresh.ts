import { type Clock, sleep, withSignal } from '../core/index.ts'

/**
 * Collects the wishes for fresh metadata: one refresh runs at a time, at most one every 100 ms, and each asks for all
 * topics that were wished for since the one before. A wish made during a refresh waits for the next, because the
 * answer under way may be older than what the wish was made for.
 */
const REFRESH_EVERY_MS = 100

export interface MetadataRefreshOptions {
  readonly clock: Clock
  /** Ends everything; a caller's own signal ends only its waiting. */
  readonly lifetime: AbortSignal
  read(topics: readonly string[], signal: AbortSignal): Promise<unknown>
}

export class MetadataRefresh {
  readonly #options: MetadataRefreshOptions
  readonly #wanted = new Set<string>()
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  #lastStartMs = Number.NEGATIVE_INFINITY

  constructor(options: MetadataRefreshOptions) {
    this.#options = options
  }

  refresh(topics: readonly string[], signal: AbortSignal): Promise<void> {
    for (const topic of topics) this.#wanted.add(topic)
    this.#next ??= this.#runNext()
    return withSignal(this.#next, signal)
  }

  async #runNext(): Promise<void> {
    const { clock, lifetime } = this.#options
    await this.#running
    const waitMs = this.#lastStartMs + REFRESH_EVERY_MS - clock.monotonicMs()
    if (waitMs > 0) await sleep(clock, waitMs, lifetime)
    const topics = [...this.#wanted]
    this.#wanted.clear()
    this.#next = undefined
    this.#lastStartMs = clock.monotonicMs()
    const reading = this.#options.read(topics, lifetime).then(() => undefined)
    // Whoever waits for this refresh hears of its failure; the one after it must not.
    this.#running = reading.catch(() => undefined)
    await reading
  }
}
