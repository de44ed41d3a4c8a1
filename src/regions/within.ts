import { type Clock, withSignal, withTimeLimit } from '../core/index.ts'
import { regionFaults } from './faults.ts'

export interface Bound {
  readonly clock: Clock
  readonly region: string
  /** What is bounded, for the message. */
  readonly what: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The call's outcome, or the fault REGION_LOOK_TIMED_OUT; the call is told by its signal to stop then. */
export async function within<Result>(bound: Bound, call: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const { clock, region, what, timeoutMs, signal } = bound
  const late = () => regionFaults.fault('REGION_LOOK_TIMED_OUT', { region, what, timeoutMs })
  return await withTimeLimit({ clock, limitMs: timeoutMs, signal, late }, (inTime) => withSignal(call(inTime), inTime))
}
