import { canonicalJson, type Clock, type LinkName, linkName, pause } from '../core/index.ts'
import { impliedLinkName } from '../config/index.ts'
import type { GroupDocument } from '../failover/index.ts'
import type { LinkSpec, Replicator } from '../replication/index.ts'
import { type Copying, planLinks } from './plan-links.ts'

export interface GroupLinksOptions {
  readonly group: string
  readonly regions: readonly string[]
  readonly replicator: Pick<Replicator, 'addLink' | 'stopLink' | 'links'>
  readonly linkOf: (source: string, target: string, topics?: readonly string[]) => LinkSpec
  readonly clock: Clock
  /** Told what could not be done; it is tried again. */
  readonly onError: (error: unknown) => void
}

/** How often what runs is compared with the document where nothing changes, milliseconds. */
const EVERY_MS = 5_000
/** What handing over the shards of a link may take. */
const STOP_WITHIN_MS = 10_000

/** Has this process copy what the document of a failover group says, whoever carries out its moves. */
export class GroupLinks {
  readonly #options: GroupLinksOptions
  readonly #names: ReadonlyMap<LinkName, Copying>
  readonly #stopping = new AbortController()
  #wake = new AbortController()
  #document: GroupDocument | undefined
  #halted: string | undefined
  #running: Promise<void> | undefined

  constructor(options: GroupLinksOptions) {
    const { group, regions } = options
    this.#options = options
    const pairs = regions.flatMap((source) =>
      regions.filter((target) => target !== source).map((target): Copying => ({ source, target })),
    )
    this.#names = new Map(pairs.map((pair) => [linkName(impliedLinkName(group, pair.source, pair.target)), pair]))
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'))
    this.#wake.abort()
    await this.#running
  }

  follow(document: GroupDocument): void {
    this.#document = document
    this.#halted = undefined
    this.#wake.abort()
  }

  /** Copies nothing of the group until its document can be followed again. */
  halt(reason: string): void {
    this.#halted = reason
    this.#wake.abort()
  }

  async #run(): Promise<void> {
    const { clock, onError } = this.#options
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController()
      try {
        if (this.#halted !== undefined) await this.#stopAll(this.#halted)
        else if (this.#document !== undefined) await this.#pass(this.#document)
      } catch (error) {
        if (!this.#stopping.signal.aborted) onError(error)
      }
      await pause(clock, EVERY_MS, this.#wake.signal)
    }
  }

  async #pass(document: GroupDocument): Promise<void> {
    const { replicator, linkOf } = this.#options
    if (document.operation === undefined) await this.#stopOutdated()
    const present = replicator.links().flatMap(({ name }) => this.#names.get(name) ?? [])
    const { add, stop } = planLinks(document, present)
    for (const { source, target, reason } of stop) await this.#stop(linkOf(source, target).name, reason)
    for (const { source, target, topics } of add) {
      // Of a newer configuration: this process cannot reach it, those that have been restarted copy there.
      if (!this.#isKnown(source) || !this.#isKnown(target)) continue
      await replicator.addLink(linkOf(source, target, topics))
    }
  }

  #isKnown(region: string): boolean {
    return this.#options.regions.includes(region)
  }

  async #stopAll(reason: string): Promise<void> {
    for (const { name } of this.#options.replicator.links()) {
      if (this.#names.has(name)) await this.#stop(name, reason)
    }
  }

  /** A link that is not as the configuration has it begins anew; while a move runs, links are the move's own. */
  async #stopOutdated(): Promise<void> {
    const { replicator, linkOf } = this.#options
    for (const spec of replicator.links()) {
      const pair = this.#names.get(spec.name)
      if (pair === undefined) continue
      const isAsWanted = canonicalJson(spec) === canonicalJson(linkOf(pair.source, pair.target))
      if (!isAsWanted) await this.#stop(spec.name, 'the configuration has changed')
    }
  }

  async #stop(name: LinkName, reason: string): Promise<void> {
    const { replicator, clock } = this.#options
    const limit = new AbortController()
    const timer = clock.setTimer(STOP_WITHIN_MS, () => limit.abort(new Error(`${name} did not stop in time`)))
    try {
      await replicator.stopLink(name, reason, limit.signal)
    } finally {
      timer.cancel()
    }
  }
}
