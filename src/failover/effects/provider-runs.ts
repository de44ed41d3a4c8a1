import type { Clock } from '../../core/index.ts'
import { pause } from '../../core/index.ts'
import type { ProviderStep } from '../../routing/index.ts'

interface Run {
  readonly key: string
  step: ProviderStep | undefined
  readonly ended: Promise<unknown>
}

/**
 * What providers of the operator are doing. They may take minutes, and a call of an effect may not: one is begun by the
 * first call of an attempt, and the later ones look how far it is. What it came to is kept until the next attempt, so
 * that a step which waits for clients does not begin it again each time it is asked.
 */
export class ProviderRuns {
  readonly #clock: Clock
  /** By what is done, the last one. */
  readonly #runs = new Map<string, Run>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined while it goes on after `waitMs`. One that ended as unknown is begun again by the next call. */
  async step(
    run: { readonly what: string; readonly key: string; readonly waitMs: number },
    begin: () => Promise<ProviderStep>,
    signal: AbortSignal,
  ): Promise<ProviderStep | undefined> {
    const { what, key, waitMs } = run
    const known = this.#runs.get(what)
    const present = known?.key === key ? known : this.#begin(key, begin)
    this.#runs.set(what, present)
    if (present.step === undefined) await Promise.race([present.ended, pause(this.#clock, waitMs, signal)])
    signal.throwIfAborted()
    if (present.step?.kind === 'unknown') this.#runs.delete(what)
    return present.step
  }

  #begin(key: string, begin: () => Promise<ProviderStep>): Run {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const run: Run = { key, step: undefined, ended }
    void begin().then(
      (step) => {
        run.step = step
        resolve()
      },
      (error: unknown) => {
        run.step = { kind: 'unknown', reason: String(error) }
        resolve()
      },
    )
    return run
  }
}
