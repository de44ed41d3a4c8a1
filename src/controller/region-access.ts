import type { CanaryRegion } from '../canary/index.ts'
import { type Config, clusterOptionsOf, type RegionConfig } from '../config/index.ts'
import type { Clock, Events, Random, RegionName } from '../core/index.ts'
import { type Cluster, openCluster } from '../kafka/index.ts'
import {
  type CommandElsewhere,
  FENCE_REQUEST_TIMEOUT_MS,
  type FenceCommand,
  RegionFences,
  type SecurityEvents,
} from '../security/index.ts'
import { StateTopics } from './state-topics.ts'
import { TopicFenceRecords } from './topic-fence-records.ts'

/**
 * What a controller reaches regions by, besides the copying: clients of its own whose bounds are those of a fence, so
 * that a broker that is silent holds up no move. Nothing is connected to before it is needed.
 */
export interface RegionAccess {
  /** Of every region of a failover group, as Isthmus itself reaches it. */
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly fences: ReadonlyMap<RegionName, RegionFences>
  /** The same without the operator's commands, which fence a whole region: for groups that only drills move. */
  readonly quietFences: ReadonlyMap<RegionName, RegionFences>
  /** As drills write and read, with time for it. */
  readonly drills: ReadonlyMap<RegionName, CanaryRegion>
  /** The state topic of each of them, for copies of documents. */
  readonly states: StateTopics
  close(): Promise<void>
}

export interface RegionAccessOptions {
  readonly config: Pick<Config, 'regions' | 'failoverGroups'>
  readonly events: Events<SecurityEvents>
  readonly clock: Clock
  readonly random: Random
  /** Of the process, for the operator's commands. */
  readonly env: FenceCommand['env']
  /** How commands that run in agents are ordered. @defaultValue they cannot be, and a person has to run them there */
  readonly agents?: (region: RegionConfig) => CommandElsewhere
}

const NO_ORDERS: CommandElsewhere = {
  join: () => {
    const reason = 'it runs in an agent of the region, which only a controller can order: run it there by hand'
    return Promise.resolve({ kind: 'not-started', reason })
  },
}

const DRILL_BOUNDS = { requestTimeoutMs: 10_000, connectTimeoutMs: 5_000 }
const BOUNDS = { requestTimeoutMs: FENCE_REQUEST_TIMEOUT_MS, connectTimeoutMs: FENCE_REQUEST_TIMEOUT_MS }

export function openRegionAccess({ config, events, clock, random, env, agents }: RegionAccessOptions): RegionAccess {
  const context = { clock, random }
  const names = new Set(config.failoverGroups.flatMap(({ regions }) => regions))
  const regions = [...config.regions.values()].filter(({ name }) => names.has(name))
  const open = (of: Parameters<typeof clusterOptionsOf>[0], clientId: string, bounds = BOUNDS) =>
    openCluster({ ...clusterOptionsOf(of), clientId, ...bounds, context })
  const clusters = new Map(regions.map((region) => [region.name, open(region, 'isthmus-fence')]))
  const canaries = new Map<RegionName, Cluster>()
  for (const { name, canary } of regions) {
    if (canary !== undefined) canaries.set(name, open({ name, ...canary }, 'isthmus-canary'))
  }
  const states = new StateTopics({ clusters, context })
  const records = new TopicFenceRecords(states)
  const fencesOf = (region: RegionConfig, cluster: Cluster, isQuiet: boolean): RegionFences => {
    const { name, canary, fence } = region
    const canaryCluster = canaries.get(name)
    const elsewhere = fence.command?.runs === 'agent' ? (agents?.(region) ?? NO_ORDERS) : undefined
    return new RegionFences({
      region: name,
      cluster,
      principal: fence.principal,
      superUsers: fence.superUsers,
      canary: canary && canaryCluster && { cluster: canaryCluster, principal: canary.principal },
      command: isQuiet ? undefined : fence.command && { ...fence.command, env, elsewhere },
      allowsTopicConfig: !isQuiet && fence.allowTopicConfig,
      records,
      clock,
      events,
    })
  }
  const allFences = (isQuiet: boolean) =>
    new Map(
      regions.flatMap((region) => {
        const cluster = clusters.get(region.name)
        return cluster === undefined ? [] : [[region.name, fencesOf(region, cluster, isQuiet)] as const]
      }),
    )
  const drills = new Map(
    regions.map(({ name, canary, ...region }) => {
      const cluster = open({ name, ...region }, 'isthmus-drill', DRILL_BOUNDS)
      const application = canary && open({ name, ...canary }, 'isthmus-drill-canary', DRILL_BOUNDS)
      return [name, { cluster, application }] as const
    }),
  )
  return {
    clusters,
    fences: allFences(false),
    quietFences: allFences(true),
    drills,
    states,
    async close() {
      await states.close()
      const ofDrills = [...drills.values()].flatMap(({ cluster, application }) => [cluster, application ?? []].flat())
      const all = [...clusters.values(), ...canaries.values(), ...ofDrills]
      await Promise.all(all.map((cluster) => cluster.close()))
    },
  }
}
