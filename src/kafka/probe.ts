import type {
  ClusterMetadata,
  FetchRequest,
  FetchResponse,
  ProduceRequest,
  ProduceResponse,
  TopicConfigs,
} from './cluster.ts'

/**
 * A connection of its own to one address, to find out how a cluster does: it is made anew for each look, with TLS, login
 * and versions, so it meets what a new client of the cluster would meet. Nothing is tried again or elsewhere; what goes
 * wrong is thrown as it was heard. A request that times out ends the connection.
 */
export interface ProbeChannel {
  /** `host:port`. */
  readonly address: string
  /** As this broker has it. `'all'` lists every topic that may be described. */
  metadata(topics: 'all' | readonly string[]): Promise<ClusterMetadata>
  /** Of the topics that exist, only the named settings. */
  topicSettings(topics: readonly string[], names: readonly string[]): Promise<TopicConfigs[]>
  /**
   * The active controller answers, through this broker; needs DESCRIBE on the cluster. Fault
   * `KAFKA_VERSION_UNSUPPORTED` where the cluster has no KRaft quorum.
   */
  describeQuorum(): Promise<ControllerQuorum>
  fetch(request: FetchRequest): Promise<FetchResponse>
  produce(request: ProduceRequest): Promise<ProduceResponse>
  /** At once: what is in flight is rejected. */
  close(): void
}

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
