import { type Clock, pause } from './clock.ts'

/** What one pass of a control loop came to. Waiting is a result, not an error. */
export type Pass =
  | { readonly kind: 'done'; readonly reason: string }
  | { readonly kind: 'again'; readonly reason: string }
  | { readonly kind: 'wait'; readonly afterMs: number; readonly reason: string }

/** One pass: observe -> decide (pure) -> act (one idempotent step). Throwing means unexpected; waiting is a result. */
export interface Reconciler<Observed, Decision extends { reason: string }> {
  observe(signal: AbortSignal): Promise<Observed>
  /** No I/O, no clock, no randomness. */
  decide(observed: Observed): Decision
  act(decision: Decision, signal: AbortSignal): Promise<Pass>
}

export interface LoopOptions<Decision> {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Pause after `done`; the loop then looks again. */
  readonly everyMs: number
  /** Pause after an unexpected error. */
  readonly afterErrorMs: number
  onPass?(pass: Pass, decision: Decision): void
  /** The pause between two passes, for a loop that may be woken. @defaultValue waits for as long as it is told */
  nap?(ms: number): Promise<void>
  onError(error: unknown): void
}

/** Runs passes until the signal aborts; never throws. */
export async function runLoop<Observed, Decision extends { reason: string }>(
  reconciler: Reconciler<Observed, Decision>,
  options: LoopOptions<Decision>,
): Promise<void> {
  const { clock, signal } = options
  while (!signal.aborted) {
    let waitMs = options.afterErrorMs
    try {
      const decision = reconciler.decide(await reconciler.observe(signal))
      const pass = await reconciler.act(decision, signal)
      options.onPass?.(pass, decision)
      waitMs = pass.kind === 'wait' ? pass.afterMs : pass.kind === 'again' ? 0 : options.everyMs
    } catch (error) {
      if (!signal.aborted) options.onError(error)
    }
    await (options.nap?.(waitMs) ?? pause(clock, waitMs, signal))
  }
}
