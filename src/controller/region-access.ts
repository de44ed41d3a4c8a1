import { type Config, clusterOptionsOf, type RegionConfig } from '../config/index.ts'
import type { Clock, Events, Random, RegionName } from '../core/index.ts'
import { type Cluster, openCluster } from '../kafka/index.ts'
import { FENCE_REQUEST_TIMEOUT_MS, type FenceCommand, RegionFences, type SecurityEvents } from '../security/index.ts'
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
}

const BOUNDS = { requestTimeoutMs: FENCE_REQUEST_TIMEOUT_MS, connectTimeoutMs: FENCE_REQUEST_TIMEOUT_MS }

export function openRegionAccess({ config, events, clock, random, env }: RegionAccessOptions): RegionAccess {
  const context = { clock, random }
  const names = new Set(config.failoverGroups.flatMap(({ regions }) => regions))
  const regions = [...config.regions.values()].filter(({ name }) => names.has(name))
  const open = (of: Parameters<typeof clusterOptionsOf>[0], clientId: string) =>
    openCluster({ ...clusterOptionsOf(of), clientId, ...BOUNDS, context })
  const clusters = new Map(regions.map((region) => [region.name, open(region, 'isthmus-fence')]))
  const canaries = new Map<RegionName, Cluster>()
  for (const { name, canary } of regions) {
    if (canary !== undefined) canaries.set(name, open({ name, ...canary }, 'isthmus-canary'))
  }
  const states = new StateTopics({ clusters, context })
  const records = new TopicFenceRecords(states)
  const fencesOf = (region: RegionConfig, cluster: Cluster): RegionFences => {
    const { name, canary, fence } = region
    const canaryCluster = canaries.get(name)
    return new RegionFences({
      region: name,
      cluster,
      principal: fence.principal,
      superUsers: fence.superUsers,
      canary: canary && canaryCluster && { cluster: canaryCluster, principal: canary.principal },
      command: fence.command && { ...fence.command, env },
      allowsTopicConfig: fence.allowTopicConfig,
      records,
      clock,
      events,
    })
  }
  const fences = new Map(
    regions.flatMap((region) => {
      const cluster = clusters.get(region.name)
      return cluster === undefined ? [] : [[region.name, fencesOf(region, cluster)] as const]
    }),
  )
  return {
    clusters,
    fences,
    states,
    async close() {
      await states.close()
      await Promise.all([...clusters.values(), ...canaries.values()].map((cluster) => cluster.close()))
    },
  }
}
