import {
  type Clock,
  eitherSignal,
  type Events,
  type LinkName,
  pause,
  type Random,
  type RegionName,
} from '../core/index.ts'
import { type Cluster, KeyedTopic } from '../kafka/index.ts'
import type { ReplicationEvents } from './events.ts'
import { LINKS_TOPIC } from './shards/own-topic.ts'

/**
 * Which links are paused: one record each in a compacted topic of the target. Whoever runs a link reaches its target, so
 * a pause holds in every process, in every role, after every restart, and needs no authority. A target without the topic
 * has no paused link; the first pause makes it.
 */
export interface LinkPause {
  readonly by: string
  readonly reason: string
  /** ISO 8601, for people. */
  readonly since: string
}

export interface LinkPausesOptions {
  /** By region. */
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly clock: Clock
  readonly random: Random
}

/** How often other processes are listened to, milliseconds. */
const LOOK_EVERY_MS = 2_000
const UNKNOWN_TOPIC = 3

export class LinkPauses implements AsyncDisposable {
  readonly #options: LinkPausesOptions
  readonly #topics: ReadonlyMap<RegionName, KeyedTopic>
  /** Those that wait for news. */
  readonly #waiting = new Set<AbortController>()

  constructor(options: LinkPausesOptions) {
    this.#options = options
    const { clusters, clock, random } = options
    const open = (cluster: Cluster) => new KeyedTopic({ cluster, topic: LINKS_TOPIC, context: { clock, random } })
    this.#topics = new Map([...clusters].map(([region, cluster]) => [region, open(cluster)]))
  }

  /** Of the links into a region, by name. Faults: those of `Cluster`. */
  async read(target: RegionName, signal: AbortSignal): Promise<ReadonlyMap<string, LinkPause>> {
    const { topics } = (await this.#options.clusters.get(target)?.metadata([LINKS_TOPIC], signal)) ?? { topics: [] }
    const found = topics.find(({ name }) => name === LINKS_TOPIC)
    if (found === undefined || found.errorCode === UNKNOWN_TOPIC) return new Map()
    return parsePauses(await this.#topic(target).readAll(signal))
  }

  /** Undefined resumes the link. This process acts on it at once, others within seconds. Faults: those of `Cluster`. */
  async set(target: RegionName, link: LinkName, to: LinkPause | undefined, signal: AbortSignal): Promise<void> {
    if (to === undefined && !(await this.read(target, signal)).has(link)) return
    await this.#topic(target).put(link, to === undefined ? null : JSON.stringify(to), signal)
    for (const waiting of this.#waiting) waiting.abort()
  }

  /** Until it is time to look again. */
  async untilNews(signal: AbortSignal): Promise<void> {
    const news = new AbortController()
    const either = eitherSignal(signal, news.signal)
    this.#waiting.add(news)
    await pause(this.#options.clock, LOOK_EVERY_MS, either.signal)
    this.#waiting.delete(news)
    either.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#topics.values()].map((topic) => topic[Symbol.asyncDispose]()))
  }

  #topic(target: RegionName): KeyedTopic {
    const topic = this.#topics.get(target)
    if (topic === undefined) throw new TypeError(`no cluster is open for region ${target}`)
    return topic
  }
}

export interface LinkGateOptions {
  readonly pauses: Pick<LinkPauses, 'read' | 'untilNews'>
  readonly link: LinkName
  readonly target: RegionName
  readonly events: Events<ReplicationEvents>
}

/** What one link of this process knows of its pause. */
export class LinkGate {
  readonly #options: LinkGateOptions
  #pause: LinkPause | undefined

  constructor(options: LinkGateOptions) {
    this.#options = options
  }

  /** As it was read last. */
  get pause(): LinkPause | undefined {
    return this.#pause
  }

  /** Resolves once the target says that the link may copy. Faults: those of `Cluster`, before anything is known. */
  async untilOpen(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        if ((await this.#look(signal)) === undefined) return
      } catch (error) {
        // A target that is worked on while its links are paused is no trouble.
        if (this.#pause === undefined || signal.aborted) throw error
      }
      await this.#options.pauses.untilNews(signal)
      signal.throwIfAborted()
    }
  }

  /** Until the link is paused, or the signal aborts. */
  async watch(signal: AbortSignal, onPaused: (reason: string) => void): Promise<void> {
    while (!signal.aborted) {
      await this.#options.pauses.untilNews(signal)
      // A target that does not answer is told by everything that writes to it.
      const found = signal.aborted ? undefined : await this.#look(signal).catch(() => undefined)
      if (found !== undefined) return onPaused(explainPause(found))
    }
  }

  async #look(signal: AbortSignal): Promise<LinkPause | undefined> {
    const { pauses, link, target, events } = this.#options
    const before = this.#pause
    this.#pause = (await pauses.read(target, signal)).get(link)
    if (before === undefined && this.#pause !== undefined) events.emit('link:paused', { link, ...this.#pause })
    if (before !== undefined && this.#pause === undefined) events.emit('link:resumed', { link })
    return this.#pause
  }
}

/** Pure, by link: a record that cannot be read holds its own link back, and no other one. */
export function parsePauses(texts: ReadonlyMap<string, string>): Map<string, LinkPause> {
  return new Map([...texts].map(([link, text]) => [link, parsePause(text) ?? UNREADABLE]))
}

const UNREADABLE: LinkPause = {
  by: 'unknown',
  reason: `its record in ${LINKS_TOPIC} cannot be read`,
  since: 'unknown',
}

function parsePause(text: string): LinkPause | undefined {
  try {
    const { by, reason, since } = JSON.parse(text) as Record<keyof LinkPause, unknown>
    if (typeof by !== 'string' || typeof reason !== 'string' || typeof since !== 'string') return undefined
    return { by, reason, since }
  } catch {
    // Not JSON, or null.
    return undefined
  }
}

/** For people. */
export function explainPause({ by, reason, since }: LinkPause): string {
  return `paused by ${by} since ${since}: ${reason}`
}
