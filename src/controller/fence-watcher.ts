import type { Config } from '../config/index.ts'
import { type Clock, createEvents, type Random, type RegionName } from '../core/index.ts'
import type { FenceCommand, SecurityEvents } from '../security/index.ts'
import type { GroupDocuments } from './group-documents.ts'
import { openRegionAccess, type RegionAccess } from './region-access.ts'
import { StandingFences } from './standing-fences.ts'

export interface FenceWatcherOptions {
  readonly config: Pick<Config, 'regions' | 'failoverGroups'>
  readonly documents: Pick<GroupDocuments, 'get'>
  readonly clock: Clock
  readonly random: Random
  readonly env: FenceCommand['env']
}

/**
 * For a process that only copies: it sees whether the fences of standbys reach the topics that it is to create, puts none
 * up, and tells of none, because controllers do.
 */
export class FenceWatcher {
  readonly #regions: RegionAccess
  readonly #standing: StandingFences

  constructor({ config, documents, ...context }: FenceWatcherOptions) {
    const events = createEvents<SecurityEvents>()
    this.#regions = openRegionAccess({ config, events, ...context })
    this.#standing = new StandingFences({
      groups: config.failoverGroups,
      fences: this.#regions.fences,
      documents,
      isLeading: () => false,
      events,
      clock: context.clock,
      // What it cannot see holds a topic back, and is told of there.
      onError: () => undefined,
    })
  }

  start(): void {
    this.#standing.start()
  }

  async stop(): Promise<void> {
    await this.#standing.stop()
    await this.#regions.close()
  }

  cover(region: RegionName, topics: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    return this.#standing.cover(region, topics, signal)
  }
}
