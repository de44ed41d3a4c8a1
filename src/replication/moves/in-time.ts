import type { Clock } from '../../core/index.ts'

/** `late`: the time is over; what the step did not come to may happen yet. */
export type InTime<Result> = { readonly result: Result } | 'late'

/** Gives a step some time, and cuts it off after that. The step has to heed its signal. */
export async function inTime<Result>(
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
  step: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<InTime<Result>> {
  const late = new AbortController()
  const timer = clock.setTimer(withinMs, () => late.abort(new Error(`not done within ${withinMs} ms`)))
  try {
    return { result: await step(AbortSignal.any([signal, late.signal])) }
  } catch (error) {
    if (!late.signal.aborted || signal.aborted) throw error
    return 'late'
  } finally {
    timer.cancel()
  }
}
