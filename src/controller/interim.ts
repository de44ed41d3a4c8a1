import { clusterOptionsOf, type Config, type FailoverGroupConfig } from '../config/index.ts'
import type { Clock, Events, Random } from '../core/index.ts'
import type { MoveEffects, MoveEvidence, ReturnEffects, GroupRooms } from '../failover/index.ts'
import { makeRegionEffects } from '../failover/index.ts'
import { openCluster, KeyedTopic, type Cluster } from '../kafka/index.ts'
import {
  FENCE_REQUEST_TIMEOUT_MS,
  FenceWatch,
  type FenceRecord,
  type FenceRecords,
  RegionFences,
  type SecurityEvents,
  type WatchedFence,
} from '../security/index.ts'
import type { CopyRegions } from '../authority/index.ts'
import type { GroupDocuments } from './group-documents.ts'
import { scopeOf } from './controlled-group.ts'

export class RegionAccess {
  readonly fences: ReadonlyMap<string, RegionFences>
  readonly state: CopyRegions
  readonly #clusters: Cluster[] = []
  readonly #topics: KeyedTopic[] = []
  constructor({
    config,
    events,
    context,
  }: { config: Config; events: Events<SecurityEvents>; context: { clock: Clock; random: Random } }) {
    const names = [...new Set(config.failoverGroups.flatMap((g) => g.regions))]
    const open = (o: Parameters<typeof openCluster>[0]) => {
      const c = openCluster(o)
      this.#clusters.push(c)
      return c
    }
    const memory = new Map<string, Map<string, FenceRecord>>()
    const records: FenceRecords = {
      list: async (region) => [...(memory.get(region)?.values() ?? [])],
      put: async (region, key, record) =>
        void (memory.get(region) ?? memory.set(region, new Map()).get(region))?.set(key, record),
      remove: async (region, key) => void memory.get(region)?.delete(key),
    }
    const topics = new Map<string, KeyedTopic>()
    this.fences = new Map(
      names.map((name) => {
        const region = config.regions.get(name)!
        const cluster = open({
          ...clusterOptionsOf(region),
          clientId: 'isthmus-fences',
          requestTimeoutMs: FENCE_REQUEST_TIMEOUT_MS,
          context,
        })
        topics.set(
          name,
          new KeyedTopic({
            cluster: open({ ...clusterOptionsOf(region), clientId: 'isthmus-state', context }),
            topic: '__isthmus.state',
            context,
          }),
        )
        const canary = region.canary && {
          principal: region.canary.principal,
          cluster: open({
            ...clusterOptionsOf({ ...region, ...region.canary }),
            clientId: 'isthmus-canary',
            requestTimeoutMs: FENCE_REQUEST_TIMEOUT_MS,
            context,
          }),
        }
        return [
          name,
          new RegionFences({
            region: name,
            cluster,
            principal: region.fence.principal,
            superUsers: region.fence.superUsers,
            canary,
            command: region.fence.command && { ...region.fence.command, env: process.env },
            records,
            clock: context.clock,
            events,
          }),
        ]
      }),
    )
    this.#topics.push(...topics.values())
    this.state = {
      regions: names,
      put: (region, key, text, signal) => topics.get(region as never)!.put(key, text, signal),
      readAll: (region, signal) => topics.get(region as never)!.readAll(signal),
    }
  }
  async close() {
    await Promise.all(this.#topics.map((t) => t[Symbol.asyncDispose]()))
    await Promise.all(this.#clusters.map((c) => c.close()))
  }
}

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
