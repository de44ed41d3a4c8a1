import type { Journal, JournalEntry } from '../../authority/index.ts'
import { type Clock, isFault, type Pass, runLoop } from '../../core/index.ts'

export interface JournalFollowerOptions {
  readonly journal: Pick<Journal, 'read' | 'head'>
  readonly clock: Clock
  readonly onEntry: (entry: JournalEntry) => void
  /** Told what should not happen; that the authority does not answer is told by its own room. */
  readonly onError: (error: unknown) => void
  /** @defaultValue 1000 */
  readonly everyMs?: number
}

const EVERY_MS = 1_000
const AFTER_ERROR_MS = 3_000
const PAGE = 200

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
    const { clock, onError, everyMs = EVERY_MS } = this.#options
    this.#running ??= runLoop(
      {
        observe: (signal) => this.#read(signal),
        decide: (entries) => ({ entries, reason: 'the journal goes on' }),
        act: ({ entries, reason }) => Promise.resolve(this.#tell(entries, reason)),
      },
      {
        clock,
        signal: this.#stopping.signal,
        everyMs,
        afterErrorMs: AFTER_ERROR_MS,
        onError: (error) => {
          if (!isFault(error)) onError(error)
        },
      },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  async #read(signal: AbortSignal): Promise<readonly JournalEntry[]> {
    const { journal } = this.#options
    this.#after ??= (await journal.head(signal))?.number ?? 0
    return await journal.read(signal, { after: this.#after, limit: PAGE })
  }

  /** An entry that cannot be told is passed over, so that it does not end the others. */
  #tell(entries: readonly JournalEntry[], reason: string): Pass {
    for (const entry of entries) {
      this.#after = entry.number
      this.#options.onEntry(entry)
    }
    return { kind: entries.length < PAGE ? 'done' : 'again', reason }
  }
}
