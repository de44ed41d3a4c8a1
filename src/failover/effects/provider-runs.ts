import type { Clock } from '../../core/index.ts'
import { pause } from '../../core/index.ts'
import type { ProviderStep } from '../../routing/index.ts'

interface Run {
  readonly key: string
  step: ProviderStep | undefined
  /** When it ended. */
  endedMs: number
  readonly ended: Promise<unknown>
}

/** How long after its end something that came to nothing is begun again. */
const AGAIN_AFTER_MS = 1_000

/**
 * What providers of the operator are doing. They may take minutes, and a call of an effect may not: one is begun by the
 * first call of an attempt, and the later ones look how far it is. What it came to is kept until the next attempt, so
 * that a step which waits for clients does not begin it again each time it is asked.
 */
export class ProviderRuns {
  readonly #clock: Clock
  readonly #againAfterMs: number
  /** By what is done, the last one. */
  readonly #runs = new Map<string, Run>()

  constructor(clock: Clock, againAfterMs = AGAIN_AFTER_MS) {
    this.#clock = clock
    this.#againAfterMs = againAfterMs
  }

  /** Undefined while it goes on after `waitMs`. One that ended as unknown is begun again by a later call. */
  async step(
    run: { readonly what: string; readonly key: string; readonly waitMs: number },
    begin: () => Promise<ProviderStep>,
    signal: AbortSignal,
  ): Promise<ProviderStep | undefined> {
    const { what, key, waitMs } = run
    const known = this.#runs.get(what)
    const present = known?.key === key && !this.#isOver(known) ? known : this.#begin(key, begin)
    this.#runs.set(what, present)
    if (present.step === undefined) await Promise.race([present.ended, pause(this.#clock, waitMs, signal)])
    signal.throwIfAborted()
    return present.step
  }

  #isOver({ step, endedMs }: Run): boolean {
    return step?.kind === 'unknown' && this.#clock.monotonicMs() - endedMs >= this.#againAfterMs
  }

  #begin(key: string, begin: () => Promise<ProviderStep>): Run {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const run: Run = { key, step: undefined, endedMs: 0, ended }
    const end = (step: ProviderStep) => {
      run.step = step
      run.endedMs = this.#clock.monotonicMs()
      resolve()
    }
    void begin().then(end, (error: unknown) => end({ kind: 'unknown', reason: String(error) }))
    return run
  }
}
