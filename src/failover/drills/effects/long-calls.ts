import { type Clock, describeError, pause } from '../../../core/index.ts'

export type LongAnswer<Value> =
  | { readonly kind: 'done'; readonly value: Value }
  | { readonly kind: 'failed'; readonly reason: string }

interface Running {
  readonly answer: Promise<LongAnswer<unknown>>
  readonly limit: AbortController
}

/** How long one look waits. */
const LOOK_MS = 1_000

/** Work that takes longer than a call of a step may: it goes on by itself, and each call asks how it stands. */
export class LongCalls {
  readonly #clock: Clock
  readonly #running = new Map<string, Running>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins it where it is not under way; undefined where it has not ended yet. The answer is given once. */
  async run<Value>(
    key: string,
    begin: (signal: AbortSignal) => Promise<Value>,
    limitMs: number,
    signal: AbortSignal,
  ): Promise<LongAnswer<Value> | undefined> {
    const running = this.#running.get(key) ?? this.#begin(key, begin, limitMs)
    const looked = pause(this.#clock, LOOK_MS, signal).then(() => undefined)
    const answer = await Promise.race([running.answer, looked])
    if (answer === undefined) return undefined
    this.#running.delete(key)
    return answer as LongAnswer<Value>
  }

  /** Ends all of it. */
  abort(): void {
    for (const { limit } of this.#running.values()) limit.abort(new Error('it is not needed any more'))
    this.#running.clear()
  }

  #begin(key: string, begin: (signal: AbortSignal) => Promise<unknown>, limitMs: number): Running {
    const limit = new AbortController()
    const timer = this.#clock.setTimer(limitMs, () => limit.abort(new Error(`not done within ${limitMs} ms`)))
    const answer = begin(limit.signal)
      .then(
        (value): LongAnswer<unknown> => ({ kind: 'done', value }),
        (error: unknown): LongAnswer<unknown> => ({ kind: 'failed', reason: describeError(error) }),
      )
      .finally(() => timer.cancel())
    const running = { answer, limit }
    this.#running.set(key, running)
    return running
  }
}
