import type { Authority, Journal, JournalEntry } from '../../authority/index.ts'
import { type Clock, isFault, runLoop } from '../../core/index.ts'

/**
 * What the journal tells, sent by whoever leads. How far that has come is a document of the authority, so that the next
 * leader goes on where the one before ended: each entry is handed out at least once, and again only where a leader ended
 * before it had written down that it was settled. Until receivers have settled what they were given, little more is.
 */
export interface JournalNoticesOptions {
  readonly journal: Pick<Journal, 'read' | 'head'>
  readonly authority: Pick<Authority, 'read' | 'write'>
  readonly isLeading: () => boolean
  /** Gives the entry to every receiver; resolves when all have settled it. */
  readonly hand: (entry: JournalEntry) => Promise<void>
  readonly clock: Clock
  /** Told what should not happen; that the authority does not answer is told by its own room. */
  readonly onError: (error: unknown) => void
  /** @defaultValue 1000 */
  readonly everyMs?: number
}

export const CURSOR_KEY = 'notifications/cursor'
const EVERY_MS = 1_000
const PAGE = 100
const UNSETTLED_MAX = 500

interface Cursor {
  /** Number of the last entry that is settled. */
  readonly journal: number
}

/** One time of leading. */
interface Reign {
  /** Of the document; undefined while it is not there. */
  revision: number | undefined
  written: number
  after: number
  /** By number, whether it is settled; in the order of the journal. */
  readonly handed: Map<number, boolean>
}

export class JournalNotices {
  readonly #options: JournalNoticesOptions
  readonly #stopping = new AbortController()
  #reign: Reign | undefined
  #running: Promise<void> | undefined

  constructor(options: JournalNoticesOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, isLeading, onError, everyMs = EVERY_MS } = this.#options
    this.#running ??= runLoop(
      {
        observe: () => Promise.resolve(isLeading()),
        decide: (leads) => ({ leads, reason: leads ? 'this process leads' : 'another process leads' }),
        act: async ({ leads, reason }, signal) => {
          if (leads) await this.#pass(signal)
          else this.#reign = undefined
          return { kind: 'done', reason }
        },
      },
      {
        clock,
        signal: this.#stopping.signal,
        everyMs,
        afterErrorMs: everyMs,
        onError: (error) => {
          // The next pass reads anew where this one was.
          this.#reign = undefined
          if (!isFault(error)) onError(error)
        },
      },
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    await this.#running
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { journal, hand } = this.#options
    const reign = (this.#reign ??= await this.#begin(signal))
    while (reign.handed.size < UNSETTLED_MAX) {
      const entries = await journal.read(signal, { after: reign.after, limit: PAGE })
      for (const entry of entries) {
        const { number } = entry
        reign.after = number
        reign.handed.set(number, false)
        void hand(entry).then(() => reign.handed.set(number, true))
      }
      if (entries.length < PAGE) break
    }
    await this.#write(reign, signal)
  }

  async #begin(signal: AbortSignal): Promise<Reign> {
    const { authority, journal } = this.#options
    const stored = await authority.read(CURSOR_KEY, signal)
    const head = (await journal.head(signal))?.number ?? 0
    // An authority that was set back has a shorter journal.
    const known = (stored?.value as Cursor | undefined)?.journal
    const after = known === undefined ? head : Math.min(known, head)
    const reign: Reign = { revision: stored?.revision, written: known ?? -1, after, handed: new Map() }
    return reign
  }

  async #write(reign: Reign, signal: AbortSignal): Promise<void> {
    let upTo = reign.handed.size === 0 ? reign.after : Math.min(...reign.handed.keys()) - 1
    for (const [number, isSettled] of reign.handed) {
      if (!isSettled) break
      upTo = number
      reign.handed.delete(number)
    }
    if (upTo === reign.written) return
    const cursor: Cursor = { journal: upTo }
    const terms = { expected: reign.revision ?? ('absent' as const) }
    const outcome = await this.#options.authority.write(CURSOR_KEY, cursor, terms, signal)
    // Somebody else leads, or has led, meanwhile: its document says where to go on.
    if (outcome.kind !== 'written') this.#reign = undefined
    else Object.assign(reign, { revision: outcome.revision, written: upTo })
  }
}
