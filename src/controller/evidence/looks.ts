import { type Clock, describeError, isFault, sleep, withSignal, withTimeLimit } from '../../core/index.ts'

const LOOK_MS = 5_000
const AGAIN_AFTER_MS = 200

/**
 * The looks of one gathering: each is bounded, tried again for as long as that may
 * help, and fails alone. What failed is undefined, and its reason is noted for the
 * guards that would have judged by it; nothing that could not be found out counts as good.
 */
export class Looks {
  readonly #clock: Clock
  readonly #lookMs: number
  readonly #signal: AbortSignal
  readonly #troubles: Record<string, string> = {}

  constructor({ clock, lookMs = LOOK_MS }: { clock: Clock; lookMs?: number | undefined }, signal: AbortSignal) {
    this.#clock = clock
    this.#lookMs = lookMs
    this.#signal = signal
  }

  /** By guard. */
  get troubles(): Readonly<Record<string, string>> {
    return this.#troubles
  }

  /** What is not known although nothing failed. */
  note(guard: string, trouble: string): void {
    this.#troubles[guard] ??= trouble
  }

  async look<Result>(
    guards: readonly string[],
    look: (signal: AbortSignal) => Promise<Result> | Result,
    withinMs = this.#lookMs,
  ): Promise<Result | undefined> {
    const late = () => new Error(`no answer in ${withinMs} ms`)
    const limit = { clock: this.#clock, limitMs: withinMs, signal: this.#signal, late }
    return await withTimeLimit(limit, async (inTime) => {
      let trouble: unknown
      for (;;) {
        try {
          return await withSignal((async () => look(inTime))(), inTime)
        } catch (error) {
          // Why it failed says more than that its time is over.
          if (trouble === undefined || !inTime.aborted) trouble = error
          if (inTime.aborted || !isFault(error) || !error.retriable) break
          await sleep(this.#clock, AGAIN_AFTER_MS, inTime).catch(() => undefined)
        }
      }
      for (const guard of guards) this.note(guard, describeError(trouble))
      return undefined
    })
  }
}

/** For what cannot be asked; never reaches the operator as an error. */
export function mustAnswer<Value>(value: Value | undefined, region: string): Value {
  if (value === undefined) throw new Error(`${region} does not answer`)
  return value
}
