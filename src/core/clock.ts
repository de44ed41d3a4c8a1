/**
 * The only source of time and timers. Rooms take a `Clock`, so that tests and the simulation can drive it.
 * Elapsed time is always measured with `monotonicMs`, never with `nowMs`.
 */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  nowMs(): number
  /** Never goes back; its zero means nothing. */
  monotonicMs(): number
  /** Calls `action` once after `delayMs` unless cancelled. An unreferenced timer does not keep the process alive. */
  setTimer(delayMs: number, action: () => void, options?: { keepAlive?: boolean }): Timer
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, action, options = {}) {
    const handle = setTimeout(action, delayMs)
    if (options.keepAlive === false) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal))
      return
    }
    const onAbort = () => {
      timer.cancel()
      reject(abortReason(signal))
    }
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** The same, but an abort only ends the wait early. */
export async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(clock, delayMs, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
