import type { Clock, Random } from '../../core/index.ts'
import type { FeedEvent, News } from './feed-event.ts'

/**
 * The newest events of this process in a ring. An id is the life of the process, a random text, and a number without
 * gaps: whoever shows one is told whether anything behind it is missing here. Nothing is kept over a restart, so ids of
 * another life ask for a reset.
 */
export interface EventFeedOptions {
  readonly clock: Pick<Clock, 'nowMs'>
  readonly random: Random
  /** How many are kept. @defaultValue 2000 */
  readonly size?: number
}

/** Where a reader goes on, and why it cannot go on where it was. */
export interface FeedPlace {
  /** Number of the last event that it has. */
  readonly after: number
  /** Undefined where nothing is missing. */
  readonly reset: string | undefined
}

const SIZE = 2_000
/** Facts of an event, as JSON: what is larger is left out, and said to be. */
const FACTS_CHARACTERS_MAX = 16_384
const ID = /^(?<life>[0-9a-f]{12})-(?<number>\d{1,15})$/

export class EventFeed {
  readonly life: string
  readonly #options: EventFeedOptions
  readonly #size: number
  readonly #listeners = new Set<(event: FeedEvent) => void>()
  readonly #ring: FeedEvent[] = []
  #last = 0

  constructor(options: EventFeedOptions) {
    this.#options = options
    this.#size = options.size ?? SIZE
    this.life = Math.floor(options.random.next() * 2 ** 48)
      .toString(16)
      .padStart(12, '0')
  }

  /** `told` says who tells the same and when it happened, where that is not only this process, now. */
  tell(news: News, told: { readonly uid?: string; readonly at?: string } = {}): FeedEvent {
    this.#last++
    const id = this.idOf(this.#last)
    const at = told.at ?? new Date(this.#options.clock.nowMs()).toISOString()
    const event: FeedEvent = { id, uid: told.uid ?? id, at, ...news, facts: plain(news.facts) }
    this.#ring[this.#last % this.#size] = event
    for (const listener of this.#listeners) listener(event)
    return event
  }

  idOf(number: number): string {
    return `${this.life}-${number}`
  }

  /** Number of the newest event; 0 before the first. */
  get last(): number {
    return this.#last
  }

  /** Where a reader that has nothing begins with all that is kept. */
  get beforeOldest(): number {
    return Math.max(0, this.#last - this.#size)
  }

  /** For a reader that has shown an id. */
  placeOf(id: string): FeedPlace {
    const { life, number } = ID.exec(id)?.groups ?? {}
    const all = { after: this.beforeOldest }
    if (life === undefined || number === undefined) return { ...all, reset: 'the id is none of this API' }
    if (life !== this.life) return { ...all, reset: 'the id is of another process, or of one before a restart' }
    const after = Number(number)
    if (after > this.#last) return { ...all, reset: 'the id is one that has not been given yet' }
    if (after < this.beforeOldest) {
      return { ...all, reset: `${this.beforeOldest - after} events behind the id are not kept any more` }
    }
    return { after, reset: undefined }
  }

  /** The one behind that number; undefined where there is none yet, or it is not kept any more. */
  next(after: number): FeedEvent | undefined {
    return after < this.beforeOldest ? undefined : this.#eventOf(after + 1)
  }

  /** Called with each event from now on; must not throw. Returns what ends it. */
  onEvent(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #eventOf(number: number): FeedEvent | undefined {
    return number > this.#last ? undefined : this.#ring[number % this.#size]
  }
}

/** As JSON has it: big numbers as text, errors as their message. */
function plain(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = JSON.stringify(facts, (_key, value: unknown) => {
    if (typeof value === 'bigint') return value.toString()
    return value instanceof Error ? value.message : value
  })
  if (text.length > FACTS_CHARACTERS_MAX) return { leftOut: `${text.length} characters` }
  return JSON.parse(text) as Record<string, unknown>
}
