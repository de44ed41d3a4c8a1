import type { Clock } from './clock.ts'
import { eitherSignal } from './either-signal.ts'

export interface TimeLimit {
  readonly clock: Clock
  readonly limitMs: number
  /** Of whoever waits. */
  readonly signal: AbortSignal
  /** What the call is told when its time is over. */
  readonly late: () => Error
}

/** The call, told by its signal when to stop: with whoever waits, or when its time is over. It is waited for until it does. */
export async function withTimeLimit<Result>(
  { clock, limitMs, signal, late }: TimeLimit,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController()
  const timer = clock.setTimer(limitMs, () => limit.abort(late()))
  const either = eitherSignal(signal, limit.signal)
  try {
    return await call(either.signal)
  } finally {
    timer.cancel()
    either.release()
  }
}
