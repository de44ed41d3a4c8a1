import type { GroupDocument, MoveKind } from '../state.ts'

/**
 * What the guards judge by, gathered by the rooms that know it. A field that is undefined could not be found out: its
 * guard is `unknown`, never passed. Lists hold what is wrong; an empty list is good news.
 */
export interface MoveEvidence {
  /** Regions whose loss would take the authority along; empty where it stands outside or in three. */
  readonly authorityFallsWith?: readonly string[]
  readonly target?: TargetEvidence
  readonly source?: SourceEvidence
  readonly copy?: CopyEvidence
  /** Links between any two regions of the group that somebody has paused, with who and why. */
  readonly pausedLinks?: readonly string[]
  /** How far the clocks of the two regions and of this controller are apart at least, milliseconds. */
  readonly clockOffsetMs?: number
  /** How long ago the group was moved the last time, milliseconds; null where it never was. */
  readonly sinceLastMoveMs?: number | null
  readonly routing?: ProviderEvidence
  readonly eviction?: ProviderEvidence
  /** How long ago the last drill succeeded, milliseconds; null where there was none. */
  readonly sinceLastDrillMs?: number | null
  /** By guard, why what it judges by could not be found out. */
  readonly troubles?: Readonly<Record<string, string>>
}

export interface ProviderEvidence {
  readonly configured: number
  /** Providers that do not answer or may not do their work, with the reason. */
  readonly unavailable: readonly string[]
}

export interface TargetEvidence {
  readonly isReachable?: boolean
  readonly underReplicated?: readonly string[]
  /** Topics whose min.insync.replicas of the source would be above their replication factor on the target. */
  readonly minIsrTooHigh?: readonly string[]
  /** Configs of the source that the target refuses, found with validateOnly. */
  readonly configsRefused?: readonly string[]
  /** Rights, SCRAM users and quotas that applications have on the source and lack on the target. */
  readonly rightsMissing?: readonly string[]
  /** How it differs from the policies of who may do what. */
  readonly policyDrift?: FoundDiffering
  /** What probes have found about its brokers and listeners. */
  readonly probed?: FoundDiffering
  /** What Isthmus itself may not do there, by step. */
  readonly ownRightsMissing?: readonly string[]
  /** Of the certificate that ends first; null where the region is reached without TLS. */
  readonly certificateDays?: number | null
  /** How long ago its standing fence was last proved on every broker, milliseconds; null where it is not in force. */
  readonly fenceProvedMsAgo?: number | null
  /** Why the region cannot have a standing fence at all. */
  readonly noStandingFence?: string
  /** What it can take, and what the source writes, bytes per second; null where no full drill has measured it. */
  readonly throughput?: { readonly measured: number; readonly needed: number } | null
  /** Of the volume with the least space left. */
  readonly diskFreeShare?: number
}

export interface FoundDiffering {
  /** What a move should not be made with. */
  readonly stops: readonly string[]
  /** What is only told. */
  readonly notes: readonly string[]
}

export interface SourceEvidence {
  readonly isReachable?: boolean
  readonly ownRightsMissing?: readonly string[]
  /** As for the target. */
  readonly certificateDays?: number | null
  /** Why none of its fences can be used; null where one can. */
  readonly fenceUnavailable?: string | null
  /** Principals that no fence stops. */
  readonly superUsers?: readonly string[]
}

export interface CopyEvidence {
  /** Topics copied in both directions, or in none. */
  readonly wrongDirections?: readonly string[]
  readonly openGaps?: readonly string[]
  readonly unequalPartitionCounts?: readonly string[]
  /** Age of the oldest synchronized position, milliseconds; null where those of a group were never carried over. */
  readonly positionsAgeMs?: number | null
  /** Partitions whose offsets differ between the regions, with the groups that read them. */
  readonly offsetsDiffer?: readonly { readonly partition: string; readonly groups: readonly string[] }[]
  /** Internal topics of selected Streams and Connect groups that are outside the selection. */
  readonly internalTopicsOutside?: readonly string[]
  readonly shareGroups?: readonly string[]
  /** Groups of the source that have members on the target, with how many. */
  readonly groupsOnTarget?: readonly string[]
  /** By partition, what the target lacks as far as it is known. */
  readonly missing?: readonly PartitionLoss[]
  /** Partitions of which nothing is known. */
  readonly unknownLoss?: readonly string[]
}

/** An estimate of what a failover would lose in a partition. */
export interface PartitionLoss {
  readonly partition: string
  readonly records: number
  /** How old the last seen end of the source is, milliseconds. */
  readonly seenMsAgo: number
  /** At which rate the source was written to when it was seen, records per second. */
  readonly recordsPerSecond: number
  /** How long the oldest missing record has been waiting, milliseconds, where that is known. */
  readonly waitingMs?: number
}

/** What is asked of the guards, and the limits that the configuration sets. */
export interface GuardContext {
  readonly kind: MoveKind
  readonly document: GroupDocument
  readonly to: string
  readonly evidence: MoveEvidence
  readonly limits: GuardLimits
}

export interface GuardLimits {
  /** The group's objective for a failover, milliseconds; null: it has none. */
  readonly rpoMs: number | null
  /** How far behind the copy may be when a lossless move begins, so that the rest fits into its pause, milliseconds. */
  readonly behindMs: number
  readonly positionsAgeMs: number
  readonly clockOffsetMs: number
  readonly cooldownMs: number
  readonly fenceProofAgeMs: number
  readonly certificateDays: number
  readonly diskFreeShare: number
  readonly drillAgeMs: number
}

export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  rpoMs: 5_000,
  behindMs: 20_000,
  positionsAgeMs: 60_000,
  clockOffsetMs: 1_000,
  cooldownMs: 10 * 60_000,
  fenceProofAgeMs: 30_000,
  certificateDays: 1,
  diskFreeShare: 0.1,
  drillAgeMs: 35 * 24 * 60 * 60_000,
}
