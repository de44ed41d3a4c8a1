import type { RetryContext } from '../core/index.ts'
import type { BrokerCalls } from './broker-calls.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Coordinators } from './coordinators.ts'
import type { GatheredOffsets } from './gathered-offsets.ts'
import type { MetadataRefresh } from './metadata-refresh.ts'

/** What the calls of a cluster share. Built once by `openCluster`. */
export interface ClusterParts {
  readonly name: string
  readonly requestTimeoutMs: number
  readonly calls: BrokerCalls
  readonly view: ClusterView
  readonly refresh: MetadataRefresh
  readonly coordinators: Coordinators
  readonly gathered: GatheredOffsets
  retryContext(signal: AbortSignal): RetryContext
}

/** Deadline of calls that have none of their own: longer than an election, shorter than an operator's patience. */
export const CALL_DEADLINE_MS = 10_000

/** How long a broker may work on a request that it may answer with 7: less than this side waits. */
export function brokerTimeoutMs({ requestTimeoutMs }: ClusterParts): number {
  return Math.floor(requestTimeoutMs * 0.8)
}
