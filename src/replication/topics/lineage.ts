import { type Clock, describeError, type Fault, isFault, type RegionName } from '../../core/index.ts'
import type { ConfigEntry } from '../../kafka/index.ts'
import type { CopiedFlow } from '../offset-map/index.ts'
import { topicFaults } from './faults.ts'
import { hasStandbyConfigs } from './standby-configs.ts'

/**
 * Where a source topic comes from, so that no record goes round: a link never copies a topic that Isthmus itself, in
 * whatever process, has copied from the link's target, directly or over several regions. Names say nothing, since links
 * rename: the offset maps of the regions do, by cluster id and topic id. Copies of copies that do not return are fine.
 *
 * A copy is in the map of its region a moment after its topic is made. So a topic that is new to this process, has the
 * configuration of a standby, and is not in the map yet is left alone for half a minute.
 */
export interface LineageOptions {
  readonly source: RegionName
  readonly target: RegionName
  /** What the offset map of each region of this process says; the source's among them. */
  readonly ledgers: ReadonlyMap<RegionName, OriginLedger>
  readonly clock: Clock
  /** The source's map may not be read: copies that come back can't be noticed. */
  onUnreadable(error: Fault): void
}

/** The part of a `CopyLedger` that is used. */
export interface OriginLedger {
  readonly clusterId: string
  refresh(signal: AbortSignal): Promise<void>
  originOf(topicId: string): CopiedFlow | undefined
  /** Whether copies were made into the topic, closed ones included. */
  isKnown(topicId: string): boolean
}

export interface LineageQuery {
  readonly topic: string
  readonly topicId: string
  readonly configs: readonly ConfigEntry[]
}

/** `held`: nothing is to be done about it yet. */
export type LineageVerdict = 'free' | 'held' | { readonly refused: Fault } | { readonly unreadable: string }

const HOPS_MAX = 32
const HELD_MS = 30_000
const SEEN_MAX = 100_000

export class Lineage {
  readonly #options: LineageOptions
  readonly #seenMs = new Map<string, number>()
  #isReadable = false

  constructor(options: LineageOptions) {
    this.#options = options
  }

  /** Reads what the source's map says by now. Faults: whatever keeps it from being read for the moment. */
  async refresh(signal: AbortSignal): Promise<void> {
    try {
      await this.#ledger(this.#options.source)?.refresh(signal)
      this.#isReadable = true
    } catch (error) {
      if (!isFault(error, 'PARTITION_REFUSED')) throw error
      this.#isReadable = false
      this.#options.onUnreadable(error)
    }
  }

  async judge(query: LineageQuery, targetClusterId: string, signal: AbortSignal): Promise<LineageVerdict> {
    const ledger = this.#ledger(this.#options.source)
    if (!this.#isReadable || ledger === undefined) return 'free'
    const origin = ledger.originOf(query.topicId)
    if (origin === undefined) return !ledger.isKnown(query.topicId) && this.#isYoung(query) ? 'held' : 'free'
    return this.#follow(query.topic, origin, targetClusterId, signal)
  }

  async #follow(
    topic: string,
    first: CopiedFlow,
    targetClusterId: string,
    signal: AbortSignal,
  ): Promise<LineageVerdict> {
    const { source, target } = this.#options
    const way = [`${source}/${topic}`]
    let origin: CopiedFlow | undefined = first
    for (let hops = 0; origin !== undefined && hops < HOPS_MAX; hops++) {
      const { key, sourceClusterId, sourceTopicId }: CopiedFlow = origin
      way.push(`${key.source}/${key.topic}`)
      if (sourceClusterId === targetClusterId) {
        const facts = {
          topic,
          source,
          target,
          origin: `${key.source}/${key.topic}`,
          way: way.toReversed().join(' -> '),
        }
        return { refused: topicFaults.fault('TOPIC_WOULD_CYCLE', facts) }
      }
      try {
        origin = (await this.#ledgerOf(sourceClusterId, signal))?.originOf(sourceTopicId)
      } catch (error) {
        signal.throwIfAborted()
        return { unreadable: `it is a copy, and where it comes from is not told: ${describeError(error)}` }
      }
    }
    return 'free'
  }

  /** By cluster id, because every process gives its own names to regions. */
  async #ledgerOf(clusterId: string, signal: AbortSignal): Promise<OriginLedger | undefined> {
    const { ledgers, source, target } = this.#options
    for (const [region, ledger] of ledgers) {
      if (region === source || region === target) continue
      if (ledger.clusterId === '' || ledger.clusterId === clusterId) await ledger.refresh(signal)
      if (ledger.clusterId === clusterId) return ledger
    }
    return undefined
  }

  #ledger(region: RegionName): OriginLedger | undefined {
    return this.#options.ledgers.get(region)
  }

  #isYoung({ topicId, configs }: LineageQuery): boolean {
    if (!hasStandbyConfigs(configs)) return false
    const nowMs = this.#options.clock.monotonicMs()
    const seenMs = this.#seenMs.get(topicId) ?? nowMs
    if (this.#seenMs.size >= SEEN_MAX) this.#seenMs.clear()
    this.#seenMs.set(topicId, seenMs)
    return nowMs - seenMs < HELD_MS
  }
}
