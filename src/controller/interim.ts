import type { FailoverGroupConfig } from '../config/index.ts'
import type { Clock, Events } from '../core/index.ts'
import { FenceWatch, RegionFences, type SecurityEvents, type WatchedFence } from '../security/index.ts'
import type { GroupDocuments } from './group-documents.ts'
import { scopeOf } from './controlled-group.ts'

export class StandingFences {
  readonly #watches: FenceWatch[]
  constructor({
    groups,
    fences,
    documents,
    isLeading,
    events,
    clock,
  }: {
    groups: readonly FailoverGroupConfig[]
    fences: ReadonlyMap<string, RegionFences>
    documents: GroupDocuments
    isLeading: () => boolean
    events: Events<SecurityEvents>
    clock: Clock
  }) {
    this.#watches = [...fences].map(
      ([region, one]) =>
        new FenceWatch({
          fences: one,
          scopes: () =>
            groups
              .filter((g) => {
                const d = documents.get(g.name)
                return d !== undefined && d.active !== region && d.operation === undefined && region in d.regions
              })
              .map(scopeOf),
          mayAct: isLeading,
          clock,
          events,
          onError: (e) => console.error(e),
        }),
    )
  }
  start() {
    for (const w of this.#watches) w.start()
  }
  async stop() {
    await Promise.all(this.#watches.map((w) => w.stop()))
  }
  status(): WatchedFence[] {
    return this.#watches.flatMap((w) => w.status())
  }
}
