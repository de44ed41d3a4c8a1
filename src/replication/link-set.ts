import { canonicalJson, type Events, type LinkName, type RegionName, untilAborted } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'
import { Bandwidth } from './bandwidth.ts'
import type { ReplicationEvents } from './events.ts'
import { replicationFaults } from './faults.ts'
import { ByteBudget } from './flows/byte-budget.ts'
import type { LinkSpec } from './link-options.ts'
import { LinkPauses } from './link-pauses.ts'
import { LinkRunner } from './link-runner.ts'
import { workOf } from './membership/link-work.ts'
import { MapAtlas } from './moves/map-atlas.ts'
import type { Permit } from './moves/permitted.ts'
import { MapMemory } from './offset-map/index.ts'
import { resolveTraffic } from './options.ts'
import type { ReplicatorOptions } from './replicator-options.ts'
import { CopyLedger } from './shards/copy-ledger.ts'
import { NEW_MAP_SHARDS } from './shards/map-topic.ts'
import { TargetEngine } from './target-engine.ts'

const MAP_MEMORY_BYTES = 64 * 1024 * 1024

/** The links of a process, which may come and go, and what they share: an engine for each target among it. */
export class LinkSet {
  readonly ledgers: ReadonlyMap<RegionName, CopyLedger>
  readonly memory = new MapMemory({ limitBytes: MAP_MEMORY_BYTES })
  readonly atlas: MapAtlas
  readonly pauses: LinkPauses
  readonly engines = new Map<RegionName, TargetEngine>()
  readonly #options: ReplicatorOptions
  readonly #events: Events<ReplicationEvents>
  readonly #onLost: (reason: string) => void
  readonly #budget: ByteBudget
  readonly #bandwidth: Bandwidth
  #runners: readonly LinkRunner[]
  /** Those of the configuration. */
  #declared: readonly LinkSpec[]
  /** Links come and go one after the other. */
  #change: Promise<void> = Promise.resolve()
  #isStarted = false

  constructor(options: ReplicatorOptions, events: Events<ReplicationEvents>, onLost: (reason: string) => void) {
    this.#options = options
    this.#events = events
    this.#onLost = onLost
    this.#budget = new ByteBudget(options.bufferBytes)
    this.#bandwidth = new Bandwidth(options.clock, options.maxBytesPerSecond)
    this.ledgers = new Map([...options.clusters].map(([region, cluster]) => [region, new CopyLedger(cluster, options)]))
    this.atlas = new MapAtlas({ ...options, ledgers: this.ledgers, memory: this.memory })
    this.pauses = new LinkPauses(options)
    this.#declared = options.links
    this.#runners = options.links.map((spec) => this.#makeRunner(spec))
  }

  get runners(): readonly LinkRunner[] {
    return this.#runners
  }

  start(): void {
    this.#isStarted = true
    for (const runner of this.#runners) runner.start()
  }

  /** One that is there already, between the same regions, is left as it is. Fault LINK_NAME_TAKEN. */
  add(spec: LinkSpec, permit: Permit = () => undefined): Promise<void> {
    return this.#inTurn(() => {
      permit()
      const known = this.#runners.find((runner) => runner.spec.name === spec.name)?.spec
      if (known !== undefined && known.source === spec.source && known.target === spec.target) return Promise.resolve()
      if (known !== undefined) {
        const { name: link, source, target } = known
        throw replicationFaults.fault('LINK_NAME_TAKEN', { link, source, target })
      }
      const runner = this.#makeRunner(spec)
      this.#runners = [...this.#runners, runner]
      if (this.#isStarted) runner.start()
      return Promise.resolve()
    })
  }

  /** A link that is not there is stopped already. Shards that no other link needs are handed over. */
  stop(
    name: LinkName,
    { reason, permit = () => undefined }: { readonly reason: string; readonly permit?: Permit | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const runner = this.#runners.find(({ spec }) => spec.name === name)
      if (runner === undefined) return
      permit()
      await untilAborted(runner.stop(new Error(reason)), signal)
      this.drop(runner)
      const { target } = runner.spec
      if (this.#runners.some(({ spec }) => spec.target === target)) return
      const engine = this.engines.get(target)
      this.engines.delete(target)
      await engine?.stop(signal)
    })
  }

  /**
   * The links of the configuration as they are from now on: one that is other than it was stops and begins anew. Begun
   * again after it has failed, it goes on. Those who share the work of a target hear of it.
   */
  async declare(links: readonly LinkSpec[], signal: AbortSignal): Promise<void> {
    const isIn = (list: readonly LinkSpec[]) => {
      const texts = new Set(list.map((spec) => canonicalJson(spec)))
      return (spec: LinkSpec) => texts.has(canonicalJson(spec))
    }
    const [isWanted, isKnown] = [isIn(links), isIn(this.#declared)]
    for (const spec of this.#declared.filter((one) => !isWanted(one))) {
      await this.stop(spec.name, { reason: 'the configuration has changed' }, signal)
      this.#declared = this.#declared.filter((one) => one !== spec)
    }
    for (const spec of links.filter((one) => !isKnown(one))) {
      await this.add(spec)
      this.#declared = [...this.#declared, spec]
    }
    for (const engine of this.engines.values()) engine.tellWork()
  }

  /** No longer counted; it has to have stopped. */
  drop(runner: LinkRunner): void {
    this.#runners = this.#runners.filter((one) => one !== runner)
    this.#bandwidth.leave(runner.bandwidth)
  }

  cluster(region: RegionName): Cluster {
    const cluster = this.#options.clusters.get(region)
    if (cluster === undefined) throw new Error(`no cluster is open for region ${region}`)
    return cluster
  }

  /** After everything that reads maps has stopped. */
  async close(): Promise<void> {
    await this.atlas[Symbol.asyncDispose]()
    await this.pauses[Symbol.asyncDispose]()
    await Promise.all([...this.ledgers.values()].map((ledger) => ledger[Symbol.asyncDispose]()))
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const mine = this.#change.then(change)
    this.#change = mine.catch(() => undefined)
    return mine
  }

  #makeRunner(spec: LinkSpec): LinkRunner {
    const { creationGate } = this.#options
    return new LinkRunner({
      ...this.#options,
      creationGate: creationGate && ((topics, signal) => creationGate(spec.target, topics, signal)),
      spec,
      source: this.cluster(spec.source),
      target: this.cluster(spec.target),
      engine: this.#engineOf(spec.target),
      ledgers: this.ledgers,
      atlas: this.atlas,
      pauses: this.pauses,
      budget: this.#budget,
      bandwidth: this.#bandwidth.join(spec.traffic ?? resolveTraffic()),
      events: this.#events,
    })
  }

  #engineOf(target: RegionName): TargetEngine {
    const known = this.engines.get(target)
    if (known !== undefined) return known
    const { clock, random, processName, sharing, acknowledgeUnfenced = false } = this.#options
    const engine = new TargetEngine({
      region: target,
      cluster: this.cluster(target),
      shards: NEW_MAP_SHARDS,
      memory: this.memory,
      acknowledgeUnfenced,
      processName,
      sharing,
      work: () => workOf(this.#declared.filter((link) => link.target === target)),
      clock,
      random,
      events: this.#events,
      onLost: this.#onLost,
    })
    this.engines.set(target, engine)
    return engine
  }
}
