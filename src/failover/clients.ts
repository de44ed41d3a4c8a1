import type { RegionName } from '../core/index.ts'
import type { RegionRole } from './state.ts'

/** Who of the applications is where, as it can be seen from outside. */

export interface ClientMember {
  readonly clientId: string
  /** Address that the broker sees. */
  readonly host: string
  /** Partitions of the failover group that it reads; 0 where it has none, or does not say. */
  readonly partitions: number
}

/** A selected consumer group that reads topics of the failover group, with its members in a region. */
export interface GroupClients {
  readonly group: string
  readonly protocol: 'classic' | 'consumer'
  readonly members: readonly ClientMember[]
}

/** Who a region remembers as having written there: idempotent and transactional producers only. */
export interface ProducerClient {
  readonly producerId: bigint
  readonly epoch: number
  /** Null where it has none, or none that may be described. */
  readonly transactionalId: string | null
  /** As `topic-partition`. */
  readonly partitions: readonly string[]
  /** The producer's own time of its last batch, milliseconds since 1970. */
  readonly lastWriteMs: number
}

export interface RegionClients {
  readonly region: RegionName
  readonly role: RegionRole
  /** Why nothing is known; null where it answered. */
  readonly trouble: string | null
  readonly groups: readonly GroupClients[]
  readonly producers: readonly ProducerClient[]
}

/** A partition that was written to before the move and is not written to now. */
export interface QuietPartition {
  readonly topic: string
  readonly partition: number
  /** A second, in the region that was left. */
  readonly ratePerSecond: number
}

export interface ClientsLook {
  readonly group: string
  readonly active: RegionName
  /** The region that the last move has left; null where there was none. */
  readonly left: RegionName | null
  /** When that move was committed. */
  readonly movedAtMs: number | null
  readonly atMs: number
  /** In their ranks. */
  readonly regions: readonly RegionClients[]
  readonly quiet: readonly QuietPartition[]
}

/** Members that a region has although it is not active; undefined where it does not say. */
export interface LeftMembers {
  readonly group: string
  readonly region: RegionName
  readonly groups: number | undefined
  readonly members: number | undefined
}

export function countMembers(groups: readonly GroupClients[]): number {
  return groups.reduce((sum, { members }) => sum + members.length, 0)
}

const NAMED_MAX = 3

/** `billing (2: app-1 at 10.0.0.7, app-2 at 10.0.0.8)`. */
export function nameGroup({ group, members }: GroupClients): string {
  const named = members.slice(0, NAMED_MAX).map(({ clientId, host }) => `${clientId} at ${host}`)
  const more = members.length > NAMED_MAX ? ` and ${members.length - NAMED_MAX} more` : ''
  return `${group} (${members.length}: ${named.join(', ')}${more})`
}
