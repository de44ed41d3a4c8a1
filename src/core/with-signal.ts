/** The promise, or the signal's reason as soon as it is aborted. What the promise comes to after that is ignored. */
export function withSignal<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      const reason: unknown = signal.reason
      reject(reason instanceof Error ? reason : new Error('aborted', { cause: reason }))
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Settles as the promise does, or resolves as soon as the signal is aborted. */
export async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await withSignal(promise, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
