import { type Clock, sleep } from './clock.ts'
import type { Random } from './random.ts'

/** Delays of one kind of failure: doubled from the first to the most, each spread by up to a quarter. */
export interface RetryDelays {
  readonly firstMs: number
  readonly mostMs: number
}

export interface RetryPolicy {
  /** Undefined means: do not retry this error. */
  delaysFor(error: unknown): RetryDelays | undefined
  /** After this long the last error is thrown. */
  readonly deadlineMs: number
  /** Told before each wait. */
  onRetry?(error: unknown, attempt: number, delayMs: number): void
}

export interface RetryContext {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

export const DEFAULT_DELAYS: RetryDelays = { firstMs: 100, mostMs: 2_000 }

/** Calls until it succeeds, the policy refuses, the deadline passes or the signal aborts. */
export async function retry<Result>(
  call: (signal: AbortSignal) => Promise<Result>,
  policy: RetryPolicy,
  { clock, random, signal }: RetryContext,
): Promise<Result> {
  const startedMs = clock.monotonicMs()
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await call(signal)
    } catch (error) {
      const delays = policy.delaysFor(error)
      if (delays === undefined || signal.aborted) throw error
      const delayMs = backoffMs(delays, attempt, random)
      const elapsedMs = clock.monotonicMs() - startedMs
      if (elapsedMs + delayMs > policy.deadlineMs) {
        if (error instanceof Error) error.message += ` (after ${attempt} tries in ${Math.round(elapsedMs)} ms)`
        throw error
      }
      policy.onRetry?.(error, attempt, delayMs)
      await sleep(clock, delayMs, signal).catch(() => {
        throw new Error('stopped while retrying', { cause: error })
      })
    }
  }
}

/** Exponential with jitter: attempt 1 waits about `firstMs`. */
export function backoffMs(delays: RetryDelays, attempt: number, random: Random): number {
  const base = Math.min(delays.mostMs, delays.firstMs * 2 ** Math.min(attempt - 1, 20))
  return base * (0.75 + random.next() * 0.5)
}
