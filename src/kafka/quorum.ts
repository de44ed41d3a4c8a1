/** The controllers of a cluster that keeps its metadata itself (KRaft), as their leader has them. */
export interface ControllerQuorum {
  /** -1 where there is none. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
}

/** All times are of the leader's clock, in milliseconds since 1970; -1 where it knows none. */
export interface QuorumReplica {
  readonly nodeId: number
  readonly logEndOffset: number
  readonly lastFetchMs: number
  /** For the leader itself the time of its answer. */
  readonly lastCaughtUpMs: number
}
