import { type Cluster, type ConfigEntry, errorName, type TopicMetadata } from '../../kafka/index.ts'

/**
 * The configuration of a region's topics as last told. Topics that are new, were made anew or were not told are asked for
 * at once, the others in turns, a thousand a pass: what thousands of topics cost a broker does not grow with them.
 * Kept is what a topic sets itself, and what counts whoever sets it (`EFFECTIVE`).
 */
export type Unreadable = { readonly unreadable: string }
export type ConfigsByTopic = ReadonlyMap<string, readonly ConfigEntry[] | Unreadable>

interface Told {
  readonly topicId: string
  readonly configs: readonly ConfigEntry[] | Unreadable
}

const IN_TURNS_PER_PASS = 1_000
const TOPICS_PER_REQUEST = 100
const EFFECTIVE: ReadonlySet<string> = new Set(['cleanup.policy', 'max.message.bytes'])

export class ConfigSight {
  readonly #cluster: Cluster
  /** Asked for longest ago comes first. */
  readonly #told = new Map<string, Told>()
  #names: ReadonlySet<string> | undefined

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Names of all configs that the brokers know; undefined before a topic has told them. */
  get names(): ReadonlySet<string> | undefined {
    return this.#names
  }

  /** The topic has been changed, or is to be: the next look asks for it. */
  doubt(topic: string): void {
    this.#told.delete(topic)
  }

  /** What is told of these topics, and of no others. */
  async look(topics: readonly TopicMetadata[], signal: AbortSignal): Promise<ConfigsByTopic> {
    const topicIds = new Map(topics.map(({ name, topicId }) => [name, topicId]))
    for (const [topic, { topicId, configs }] of this.#told) {
      if (topicIds.get(topic) !== topicId || 'unreadable' in configs) this.#told.delete(topic)
    }
    const inTurns = [...this.#told.keys()].slice(0, IN_TURNS_PER_PASS)
    const due = topics.filter(({ name }) => !this.#told.has(name)).map(({ name }) => name)
    due.push(...inTurns)
    for (let at = 0; at < due.length; at += TOPICS_PER_REQUEST) {
      const asked = due.slice(at, at + TOPICS_PER_REQUEST)
      for (const { topic, errorCode, entries } of await this.#cluster.describeTopicConfigs(asked, signal)) {
        this.#told.delete(topic)
        this.#told.set(topic, { topicId: topicIds.get(topic) ?? '', configs: this.#read(errorCode, entries) })
      }
    }
    return new Map([...this.#told].map(([topic, { configs }]) => [topic, configs]))
  }

  #read(errorCode: number, entries: readonly ConfigEntry[]): Told['configs'] {
    if (errorCode !== 0) return { unreadable: `its configuration is not told: ${errorName(errorCode)}` }
    if (entries.length > 0) this.#names = new Set(entries.map(({ name }) => name))
    return entries.filter(({ name, source }) => source === 'topic' || EFFECTIVE.has(name))
  }
}
