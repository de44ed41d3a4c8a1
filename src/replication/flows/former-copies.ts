import { flowKeyText, type FlowKey } from '../offset-map/index.ts'
import type { Flow } from './flow.ts'
import type { FormerCopy } from './position-context.ts'

/** The oldest are forgotten first. */
const FORMER_MAX = 100_000

/** What ended flows had come to: one that is made again under their key tells by it what it has lost. */
export class FormerCopies {
  readonly #byKey = new Map<string, FormerCopy>()

  of(key: FlowKey): FormerCopy | undefined {
    return this.#byKey.get(flowKeyText(key))
  }

  remember({ spec, sourceDone: source, targetDone: target, sight }: Flow): void {
    if (source === null || target === null) return
    const { sourceTopicId, targetTopicId } = spec
    const text = flowKeyText(spec.key)
    this.#byKey.delete(text)
    this.#byKey.set(text, { sourceTopicId, targetTopicId, source, target, sourceEnd: sight?.highWatermark })
    const [oldest] = this.#byKey.keys()
    if (oldest !== undefined && this.#byKey.size > FORMER_MAX) this.#byKey.delete(oldest)
  }

  forget(key: FlowKey): void {
    this.#byKey.delete(flowKeyText(key))
  }
}
