import type { FailoverGroupConfig } from '../config/index.ts'
import type { Clock, Events } from '../core/index.ts'
import type { MoveEffects, MoveEvidence, ReturnEffects, GroupRooms } from '../failover/index.ts'
import { makeRegionEffects } from '../failover/index.ts'
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

const good = (): MoveEvidence => ({
  authorityFallsWith: [],
  target: {
    isReachable: true,
    underReplicated: [],
    minIsrTooHigh: [],
    configsRefused: [],
    rightsMissing: [],
    ownRightsMissing: [],
    certificateDays: 90,
    fenceProvedMsAgo: 4_000,
    throughput: null,
    diskFreeShare: 0.6,
  },
  source: { isReachable: true, ownRightsMissing: [], certificateDays: 90, superUsers: [] },
  copy: {
    wrongDirections: [],
    openGaps: [],
    unequalPartitionCounts: [],
    positionsAgeMs: 2_000,
    offsetsDiffer: [],
    internalTopicsOutside: [],
    shareGroups: [],
    missing: [],
  },
  clockOffsetMs: 12,
  sinceLastMoveMs: null,
  routing: { configured: 1, unavailable: [] },
  eviction: { configured: 1, unavailable: [] },
  sinceLastDrillMs: null,
})
export const makeGather = (_: object) => async () => good()
const done = async () => ({ kind: 'done' as const, reason: 'interim' })
export const makeMoveEffects = (rooms: GroupRooms, _: object): MoveEffects => ({
  ...makeRegionEffects(rooms),
  preflight: done,
  reroute: done,
  evict: done,
  verify: done,
})
const never = async () => ({ kind: 'waiting' as const, reason: 'interim' })
export const makeReturnEffects = (_: GroupRooms): ReturnEffects => ({
  fenceLost: never,
  scan: never,
  export: never,
  replay: never,
  keep: never,
  reseed: never,
  rejoin: never,
})
