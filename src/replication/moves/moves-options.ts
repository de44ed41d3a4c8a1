import type { Clock, Random, RegionName } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { Flow } from '../flows/flow.ts'
import type { LinkSpec } from '../link-options.ts'
import type { FlowKey, MapMemory } from '../offset-map/index.ts'
import type { CopyLedger } from '../shards/copy-ledger.ts'
import type { MapAtlas } from './map-atlas.ts'
import type { SilentSources } from './silent-sources.ts'

export interface MovesOptions {
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly ledgers: ReadonlyMap<RegionName, CopyLedger>
  readonly atlas: MapAtlas
  readonly memory: MapMemory
  readonly acknowledgeUnfenced: boolean
  readonly clock: Clock
  readonly random: Random
  /** Shared by those who look at the same regions. */
  readonly silent?: SilentSources
  /** The flow of a link of this process; undefined where another replicator has it. */
  flowOf(key: FlowKey): Flow | undefined
  /** Has this process let go of a shard meanwhile; see `ShardBoard.lend`. */
  lend<Result>(region: RegionName, shard: number, use: () => Promise<Result>, signal: AbortSignal): Promise<Result>
}

/** What of a link the steps of a move are about. */
export type MovedLink = Pick<LinkSpec, 'source' | 'target' | 'topics' | 'rename' | 'transform'>
