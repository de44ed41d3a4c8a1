import type { CopyRegions } from '../authority/index.ts'
import type { RetryContext } from '../core/index.ts'
import { type Cluster, KeyedTopic } from '../kafka/index.ts'

/**
 * The compacted topic `__isthmus.state` of each region: copies of the authority's documents, and records of fences. No
 * selection of a link or a failover group can take a topic of this name, and no prefix of a fence can reach it.
 *
 * Puts of one key are sent one after the other, so none of this process overtakes a later one.
 */
export const STATE_TOPIC = '__isthmus.state'

export interface StateTopicsOptions {
  /** By region. */
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly context: Omit<RetryContext, 'signal'>
}

export class StateTopics implements CopyRegions {
  readonly #topics: ReadonlyMap<string, KeyedTopic>
  /** The last put of each key that is under way. */
  readonly #puts = new Map<string, Promise<void>>()

  constructor({ clusters, context }: StateTopicsOptions) {
    this.#topics = new Map(
      [...clusters].map(([region, cluster]) => [region, new KeyedTopic({ cluster, topic: STATE_TOPIC, context })]),
    )
  }

  get regions(): readonly string[] {
    return [...this.#topics.keys()]
  }

  /** Resolves once the region keeps it; null removes the key. Faults: those of `Cluster`. */
  async put(region: string, key: string, text: string | null, signal: AbortSignal): Promise<void> {
    const place = `${region} ${key}`
    const before = this.#puts.get(place) ?? Promise.resolve()
    const own = before.then(() => this.#topic(region).put(key, text, signal))
    const settled = own.catch(() => undefined)
    this.#puts.set(place, settled)
    try {
      await own
    } finally {
      if (this.#puts.get(place) === settled) this.#puts.delete(place)
    }
  }

  /** The latest of each key. Faults: those of `Cluster`. */
  readAll(region: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    return this.#topic(region).readAll(signal)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((topic) => topic[Symbol.asyncDispose]()))
  }

  #topic(region: string): KeyedTopic {
    const topic = this.#topics.get(region)
    if (topic === undefined) throw new TypeError(`there is no state topic for the region ${region}`)
    return topic
  }
}
