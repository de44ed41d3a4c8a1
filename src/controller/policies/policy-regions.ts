import { type Config, clusterOptionsOf } from '../../config/index.ts'
import type { Clock, Random, RegionName } from '../../core/index.ts'
import { type Cluster, openCluster } from '../../kafka/index.ts'
import { DEFAULT_TIMINGS, FENCE_REQUEST_TIMEOUT_MS, type PolicyAccess } from '../../security/index.ts'
import { StateTopics } from '../state-topics.ts'
import { TopicPolicyRecords } from './topic-policy-records.ts'

export interface PolicyRegions {
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  /** Every one of the configuration. */
  readonly all: ReadonlyMap<RegionName, PolicyAccess>
  close(): Promise<void>
}

/** Clients of their own, with the bounds that changes of ACLs count on. Nothing is connected to before it is needed. */
export function openPolicyRegions({
  config,
  clock,
  random,
}: {
  readonly config: Pick<Config, 'regions'>
  readonly clock: Clock
  readonly random: Random
}): PolicyRegions {
  const context = { clock, random }
  const bounds = { requestTimeoutMs: FENCE_REQUEST_TIMEOUT_MS, connectTimeoutMs: FENCE_REQUEST_TIMEOUT_MS }
  const regions = [...config.regions.values()]
  const clusters = new Map(
    regions.map((region) => {
      const options = { ...clusterOptionsOf(region), clientId: 'isthmus-policy', ...bounds, context }
      return [region.name, openCluster(options)] as const
    }),
  )
  const states = new StateTopics({ clusters, context })
  const records = new TopicPolicyRecords(states)
  const all = new Map(
    regions.flatMap(({ name: region, fence }) => {
      const cluster = clusters.get(region)
      if (cluster === undefined) return []
      const { principal, superUsers } = fence
      const own = { records, principal, superUsers }
      return [[region, { region, cluster, accounts: cluster, clock, timings: DEFAULT_TIMINGS, ...own }] as const]
    }),
  )
  return {
    clusters,
    all,
    async close() {
      await states.close()
      await Promise.all([...clusters.values()].map((cluster) => cluster.close()))
    },
  }
}
