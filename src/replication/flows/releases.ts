import { type FlowKey, flowKeyText } from '../offset-map/index.ts'

/** Where stopped flows wait until somebody has done what lets them go on. */
export class Releases {
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()

  /** Rejects when the signal aborts. */
  async until(key: FlowKey, signal: AbortSignal): Promise<void> {
    const text = flowKeyText(key)
    const waiting = Promise.withResolvers<void>()
    const onAbort = () => waiting.reject(new Error('the flow ends'))
    this.#waiting.set(text, waiting)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    await waiting.promise.finally(() => {
      signal.removeEventListener('abort', onAbort)
      if (this.#waiting.get(text) === waiting) this.#waiting.delete(text)
    })
  }

  release(key: FlowKey): void {
    this.#waiting.get(flowKeyText(key))?.resolve()
  }
}
