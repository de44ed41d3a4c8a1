import { type Config, type FailoverGroupConfig, impliedLinkName } from '../config/index.ts'
import { type Clock, regionName } from '../core/index.ts'
import type { GroupDocument, GroupRooms, MoveExtras, PartitionLoss } from '../failover/index.ts'
import type { Cluster } from '../kafka/index.ts'
import { compileGroupSelection, type LinkStatus, type Moves } from '../replication/index.ts'
import type { FenceCommand, WatchedFence } from '../security/index.ts'
import { clientProviders } from './client-providers.ts'
import {
  authorityFallsWith,
  findMembers,
  findMissing,
  type GatherParts,
  guardLimitsOf,
  lookAtSource,
  Looks,
  makeGather,
  type SeenEnd,
} from './evidence/index.ts'

export interface MoveEvidenceOptions
  extends Pick<GatherParts, 'rates' | 'replication' | 'health' | 'pauses' | 'security' | 'sinceLastDrillMs'> {
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

/** What the standbys of a group lack now, each by partition; see `findMissing`. */
export type FindMissing = (
  document: GroupDocument,
  signal: AbortSignal,
) => Promise<readonly (readonly PartitionLoss[] | undefined)[]>

/** What the guards of a group, and the steps that move its clients, look up and work with. */
export function moveEvidence(options: MoveEvidenceOptions): MoveExtras & { readonly missing: FindMissing } {
  const { config, group, rooms, clusters, replication, health, pauses, rates, fences, env, lifetime } = options
  const { clock } = rooms
  const { routing, eviction } = clientProviders(group, { clock, env })
  const parts: GatherParts = {
    rooms,
    consumerGroups: group.consumerGroups,
    clusters,
    fencing: new Map([...config.regions].map(([name, { fence }]) => [name, fence])),
    replication,
    pauses,
    rates,
    health,
    standing: (region) => fences().find((one) => one.region === region && one.group === group.name),
    authorityFallsWith: authorityFallsWith(config),
    routing,
    eviction,
    security: options.security,
    sinceLastDrillMs: options.sinceLastDrillMs,
    clock,
  }
  const isGroup = compileGroupSelection(group.consumerGroups)
  const scope = { isTopic: (topic: string) => rooms.scope.isSelected(topic), isGroup }
  return {
    gather: makeGather(parts),
    missing: (document, signal) => findMissing(parts, document, signal),
    limits: guardLimitsOf(group),
    routing,
    eviction,
    clients: async (region, signal) => {
      const cluster = clusters.get(region)
      return cluster === undefined ? [] : await findMembers(cluster, scope, signal)
    },
    lifetime,
  }
}

/** Where the active regions of groups end now; one that does not answer is left out. */
export async function lookAtSources(
  groups: readonly Pick<FailoverGroupConfig, 'name' | 'topics'>[],
  known: {
    readonly document: (group: string) => GroupDocument | undefined
    readonly links: readonly LinkStatus[]
    readonly moves: Pick<Moves, 'ends' | 'partitions'>
    readonly clock: Clock
  },
  signal: AbortSignal,
): Promise<SeenEnd[]> {
  const { moves, clock } = known
  const looks = new Looks({ clock }, signal)
  const seen = groups.map(async ({ name, topics }) => {
    const document = known.document(name)
    if (document === undefined) return []
    const active = regionName(document.active)
    const names = new Set(Object.keys(document.regions).map((other) => impliedLinkName(name, active, other)))
    const links = known.links.filter(({ link }) => names.has(link))
    const ends = await looks.look([], (within) => lookAtSource({ moves, links, topics, active, clock }, within))
    return ends ?? []
  })
  return (await Promise.all(seen)).flat()
}
