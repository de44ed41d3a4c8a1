import type { Journal, JournalEntry } from '../../authority/index.ts'
import { backoffMs, type Clock, isFault, pause, type Random } from '../../core/index.ts'

export interface JournalFollowerOptions {
  readonly journal: Pick<Journal, 'read' | 'head'>
  readonly clock: Clock
  readonly random: Random
  readonly onEntry: (entry: JournalEntry) => void
  /** @defaultValue 1000 */
  readonly everyMs?: number
}

const EVERY_MS = 1_000
const PAGE = 200
const DELAYS = { firstMs: 1_000, mostMs: 15_000 }

/**
 * Every entry of the journal from the start of this process on, whichever process has written it: once each, in order.
 * While the authority does not answer nothing comes, and nothing is passed over.
 */
export class JournalFollower {
  readonly #options: JournalFollowerOptions
  readonly #stopping = new AbortController()
  #after: number | undefined
  #running: Promise<void> | undefined

  constructor(options: JournalFollowerOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random, everyMs = EVERY_MS } = this.#options
    const { signal } = this.#stopping
    for (let failures = 0; !signal.aborted; ) {
      try {
        const isAll = await this.#look(signal)
        failures = 0
        if (!isAll) continue
        await pause(clock, everyMs, signal)
      } catch (error) {
        if (signal.aborted) return
        // The room of the authority tells that it does not answer.
        if (!isFault(error)) throw error
        failures++
        await pause(clock, backoffMs(DELAYS, failures, random), signal)
      }
    }
  }

  /** False where there may be more at once. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { journal, onEntry } = this.#options
    this.#after ??= (await journal.head(signal))?.number ?? 0
    const entries = await journal.read(signal, { after: this.#after, limit: PAGE })
    for (const entry of entries) {
      this.#after = entry.number
      onEntry(entry)
    }
    return entries.length < PAGE
  }
}
