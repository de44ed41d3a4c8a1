import { withSignal } from '../../core/index.ts'
import { type FlowKey, flowKeyText } from '../offset-map/index.ts'

/**
 * Where stopped flows wait until somebody has done what lets them go on. A release that comes while the flow is on its
 * way to stop, and has read already what the release is about, counts for the wait that follows.
 */
export class Releases {
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()
  /** How often each flow was released: no more than incidents were acknowledged. */
  readonly #counts = new Map<string, number>()

  /** To be taken before the flow looks at what may stop it. */
  count(key: FlowKey): number {
    return this.#counts.get(flowKeyText(key)) ?? 0
  }

  /** Resolves at once where there was a release since the count. Rejects when the signal aborts. */
  async until(key: FlowKey, since: number, signal: AbortSignal): Promise<void> {
    if (this.count(key) !== since) return
    const text = flowKeyText(key)
    const waiting = Promise.withResolvers<void>()
    this.#waiting.set(text, waiting)
    await withSignal(waiting.promise, signal).finally(() => {
      if (this.#waiting.get(text) === waiting) this.#waiting.delete(text)
    })
  }

  release(key: FlowKey): void {
    this.#counts.set(flowKeyText(key), this.count(key) + 1)
    this.#waiting.get(flowKeyText(key))?.resolve()
  }
}
