import type { RegionName } from '../core/index.ts'

/**
 * What one look at a region found, as data: nothing in here is a judgement. Times named `atMs` are of the observer's
 * monotonic clock.
 */
export interface RegionSample {
  readonly region: RegionName
  readonly atMs: number
  readonly tookMs: number
  /** Every broker that is known, with what the newest look at it found; the bootstrap addresses where none is known. */
  readonly brokers: readonly BrokerFinding[]
  readonly quorum: Check<QuorumFinding>
  readonly partitions: Check<PartitionsFinding>
  readonly canary: Check<CanaryFinding>
  /** How far the region's clock is ahead of the one here. */
  readonly clock: Check<ClockFinding>
}

/** `unknown`: could not be asked, which says nothing about the region. */
export type Check<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'failed'; readonly code: string; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

export interface BrokerFinding {
  /** `host:port`. */
  readonly address: string
  /** Undefined for a bootstrap address. */
  readonly nodeId: number | undefined
  readonly atMs: number
  /** False where the look at it is of an earlier sample: of many brokers, a few are looked at each time. */
  readonly isFresh: boolean
  /**
   * `answers`: connected, logged in, versions and metadata read. `refuses`: it is there, and turned this client away:
   * TLS, credentials, rights. `silent`: anything else.
   */
  readonly state: 'answers' | 'refuses' | 'silent'
  /** Code of the fault; '' where it answers. */
  readonly code: string
  /** '' where it answers. */
  readonly reason: string
  /** Until connected and logged in; undefined where it was not. */
  readonly connectMs: number | undefined
}

export interface QuorumFinding {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly voters: readonly number[]
  /** Voters that the leader has not heard of for longer than `voterLagSeconds`. */
  readonly lagging: readonly number[]
}

export interface PartitionsFinding {
  readonly atMs: number
  readonly topics: number
  readonly partitions: number
  /** Without a leader. */
  readonly offline: PartitionList
  /** With fewer replicas in sync than `min.insync.replicas`, so that they refuse acks=all. */
  readonly underMinIsr: PartitionList
  /** With any replica out of sync: ordinary during a reassignment or a restart. */
  readonly underReplicated: PartitionList
  /** Brokers that hold replicas and are not among the live ones. */
  readonly missingBrokers: readonly number[]
}

export interface PartitionList {
  readonly count: number
  /** A few of them, as `topic-partition`. */
  readonly examples: readonly string[]
}

export interface CanaryFinding {
  /** Leaders that were tried. */
  readonly tried: number
  readonly written: number
  /** From write to read at the slowest leader that took it. */
  readonly slowestMs: number
  /** Why the others did not take it: a sentence for each. */
  readonly refusals: readonly string[]
}

export interface ClockFinding {
  readonly offsetMs: number
  /** The true offset is within this of `offsetMs`. */
  readonly uncertaintyMs: number
}

export const ok = <Value>(value: Value): Check<Value> => ({ kind: 'ok', value })
export const failed = (code: string, reason: string): Check<never> => ({ kind: 'failed', code, reason })
export const unknown = (reason: string): Check<never> => ({ kind: 'unknown', reason })
