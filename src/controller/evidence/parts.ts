import type { Clock, RegionName } from '../../core/index.ts'
import type { GroupRooms } from '../../failover/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { RegionsStatus } from '../../regions/index.ts'
import type { LinkPauses, LinkSpec, ReplicationStatus } from '../../replication/index.ts'
import type { EvictionProvider, RoutingProvider } from '../../routing/index.ts'
import type { ResolvedFenceOptions, WatchedFence } from '../../security/index.ts'
import type { SecurityLooks } from './security-looks.ts'
import type { SourceRates } from './source-rates.ts'

/** What the guards of one failover group are looked up with. */
export interface GatherParts {
  readonly rooms: GroupRooms
  readonly consumerGroups: LinkSpec['topics']
  /**
   * Of every region of the group, with `FENCE_REQUEST_TIMEOUT_MS`: one broker that is silent is passed over for another
   * within the time of a look.
   */
  readonly clusters: ReadonlyMap<string, Cluster>
  readonly fencing: ReadonlyMap<string, ResolvedFenceOptions>
  /** What the replicator of this process knows. */
  replication(): Pick<ReplicationStatus, 'links' | 'incidents'>
  /** Which links are paused. */
  readonly pauses: Pick<LinkPauses, 'read'>
  readonly rates: Pick<SourceRates, 'note' | 'rateOf' | 'lastOf' | 'seenIn'>
  health(): Pick<RegionsStatus, 'regions'>
  /** The standing fence of the group as the watch on the region has it; undefined where it has not looked yet. */
  standing(region: RegionName): WatchedFence | undefined
  /** How regions hold to the policies of who may do what. @defaultValue there are none */
  readonly security?: SecurityLooks | undefined
  /** Regions whose loss would take the authority along; see `authorityFallsWith`. */
  readonly authorityFallsWith: readonly string[]
  readonly routing: readonly RoutingProvider[]
  readonly eviction: readonly EvictionProvider[]
  /** How long ago a drill passed that moved something, milliseconds; null where none has. */
  sinceLastDrillMs(): number | null
  readonly clock: Clock
  /** Bound of one look; a gathering is two of them, one after the other. @defaultValue 5000 */
  readonly lookMs?: number
}
