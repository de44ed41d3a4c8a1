import type { Config, FailoverGroupConfig } from '../config/index.ts'
import type { GroupRooms, MoveExtras } from '../failover/index.ts'
import type { Cluster } from '../kafka/index.ts'
import { compileGroupSelection } from '../replication/index.ts'
import type { FenceCommand, WatchedFence } from '../security/index.ts'
import { clientProviders } from './client-providers.ts'
import { authorityFallsWith, countClients, type GatherParts, guardLimitsOf, makeGather } from './evidence/index.ts'

export interface MoveEvidenceOptions extends Pick<GatherParts, 'rates' | 'replication' | 'health'> {
  readonly config: Pick<Config, 'regions' | 'authority' | 'health'>
  readonly group: FailoverGroupConfig
  readonly rooms: GroupRooms
  /** Of every region of the group, with the bounds of a fence. */
  readonly clusters: ReadonlyMap<string, Cluster>
  /** Every standing fence that is watched. */
  readonly fences: () => readonly WatchedFence[]
  /** Of the process, for the operator's commands. */
  readonly env: FenceCommand['env']
  /** Until this process stops. */
  readonly lifetime: AbortSignal
}

/** What the guards of a group, and the steps that move its clients, look up and work with. */
export function moveEvidence(options: MoveEvidenceOptions): MoveExtras {
  const { config, group, rooms, clusters, replication, health, rates, fences, env, lifetime } = options
  const { clock } = rooms
  const { routing, eviction } = clientProviders(group, { clock, env })
  const gather = makeGather({
    rooms,
    consumerGroups: group.consumerGroups,
    clusters,
    fencing: new Map([...config.regions].map(([name, { fence }]) => [name, fence])),
    replication,
    rates,
    health,
    standing: (region) => fences().find((one) => one.region === region && one.group === group.name),
    authorityFallsWith: authorityFallsWith(config),
    routing,
    eviction,
    clock,
  })
  const isGroup = compileGroupSelection(group.consumerGroups)
  const scope = { isTopic: (topic: string) => rooms.scope.isSelected(topic), isGroup }
  return {
    gather,
    limits: guardLimitsOf(group),
    routing,
    eviction,
    clients: async (region, signal) => {
      const cluster = clusters.get(region)
      return cluster === undefined ? [] : await countClients(cluster, scope, signal)
    },
    lifetime,
  }
}
