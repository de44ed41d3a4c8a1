import type { RetryContext } from '../core/index.ts'
import type {
  AclBinding,
  AclDeletion,
  AclFilter,
  AclOperation,
  AclOutcome,
  ClientQuota,
  OwnRights,
  NewScramCredential,
  ScramUser,
} from './access.ts'
import type {
  TxnMarker,
  GroupDescription,
  GroupListings,
  GroupOffsets,
  GroupOutcome,
  GroupPosition,
  PartitionProducers,
  ProducerIdentity,
  TransactionDescription,
  TransactionHandle,
  TransactionListing,
} from './coordinated.ts'
import type {
  BrokerChannel,
  ChannelOptions,
  FetchRequest,
  FetchResponse,
  ProduceRequest,
  ProduceResponse,
} from './data-path.ts'
import type { GroupMembership, MembershipOptions } from './group-member.ts'
import type { ControllerQuorum } from './quorum.ts'
import type { PartitionLeader, PartitionOutcome, TopicPartition } from './topic-partition.ts'
import type { BrokerVersions } from './wire/versions.ts'

export type * from './access.ts'
export type * from './coordinated.ts'
export type * from './data-path.ts'
export type * from './quorum.ts'
export type * from './topic-partition.ts'

/**
 * The face of one Kafka cluster: everything the other rooms may ask of it. Built by `openCluster`.
 *
 * Offsets, epochs and sizes are plain numbers: each is checked to be a safe integer when it is read off the wire
 * (fault `KAFKA_UNSAFE_INTEGER`). Producer ids are bigint. Topic ids are lower-case UUID strings with dashes.
 * Calls that span partitions answer per partition, with the broker's error code as data, so that one sick partition
 * stops nothing else; they throw only when the whole call failed.
 */
export interface Cluster extends AsyncDisposable {
  /** The name given in the options, for messages. */
  readonly name: string
  readonly clientId: string

  // ---- metadata -------------------------------------------------------------------------------------------------
  /** Fresh from a broker; also refreshes what `leaderOf` answers from. `'all'` lists every topic that may be described. */
  metadata(topics: 'all' | readonly string[], signal: AbortSignal): Promise<ClusterMetadata>
  /** From the last metadata that named the topic; undefined when unknown or leaderless. */
  leaderOf(topic: string, partition: number): PartitionLeader | undefined
  /** Taken from a produce or fetch answer that named the new leader. */
  noteLeader(topic: string, partition: number, leader: PartitionLeader): void

  // ---- data path ------------------------------------------------------------------------------------------------
  /** One TCP connection of its own to one broker. Requests are written in call order and answered in that order. */
  openChannel(nodeId: number, signal: AbortSignal, options?: ChannelOptions): Promise<BrokerChannel>

  // ---- health ---------------------------------------------------------------------------------------------------
  /** A new connection to `host:port`, which the caller closes; the signal also ends its calls. */
  openProbe(address: string, signal: AbortSignal): Promise<ProbeChannel>

  // ---- offsets (each finds leaders itself, follows leader moves and retries what is retriable until its deadline) ----
  listOffsets(query: ListOffsetsQuery, signal: AbortSignal): Promise<ListedOffset[]>
  offsetForLeaderEpoch(query: readonly EpochQuery[], signal: AbortSignal): Promise<EpochEnd[]>

  // ---- transactions (coordinator found and followed; CONCURRENT_TRANSACTIONS and coordinator moves retried) ----
  initProducerId(transactionalId: string, timeoutMs: number, signal: AbortSignal): Promise<ProducerIdentity>
  /** AddPartitionsToTxn v3: throws `KAFKA_PRODUCER_FENCED` on 47/90; per-partition codes otherwise. */
  addPartitionsToTxn(
    txn: TransactionHandle,
    partitions: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<PartitionOutcome[]>
  /** EndTxn v3 (never v5, which raises the epoch). Answers before the markers are written. */
  endTxn(txn: TransactionHandle, outcome: 'commit' | 'abort', signal: AbortSignal): Promise<void>
  describeTransaction(transactionalId: string, signal: AbortSignal): Promise<TransactionDescription | undefined>
  /**
   * Transactions by producer id, of every broker; throws where one does not answer, because its transactions would
   * silently be missing. Transactional ids that may not be described are left out without a word.
   */
  listTransactions(producerIds: readonly bigint[], signal: AbortSignal): Promise<TransactionListing[]>
  describeProducers(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<PartitionProducers[]>
  /** WriteTxnMarkers, sent to each partition's leader. Needs ALTER or CLUSTER_ACTION on the cluster. */
  writeTxnMarkers(
    marker: TxnMarker,
    partitions: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<PartitionOutcome[]>

  // ---- groups ---------------------------------------------------------------------------------------------------
  /** Of every broker that answers; throws where none does. */
  listGroups(signal: AbortSignal): Promise<GroupListings>
  describeGroups(groupIds: readonly string[], signal: AbortSignal): Promise<GroupDescription[]>
  /** Committed offsets of all partitions; those without a position are left out. */
  fetchGroupOffsets(groupIds: readonly string[], signal: AbortSignal): Promise<GroupOffsets[]>
  /** As a simple consumer: generation -1, no member; a broker takes it while the group has no members. */
  commitGroupOffsets(
    groupId: string,
    positions: readonly GroupPosition[],
    signal: AbortSignal,
  ): Promise<PartitionOutcome[]>
  /** OffsetDelete; needs DELETE on the group. 86 where a member of the group is subscribed to the topic. */
  deleteGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    signal: AbortSignal,
  ): Promise<PartitionOutcome[]>
  /** Whole groups without members, with their positions. 69 where there is none of the name. */
  deleteGroups(groupIds: readonly string[], signal: AbortSignal): Promise<GroupOutcome[]>

  /** Of one member in a classic group with a protocol of the caller's own (KIP-345 and KIP-394 apply). */
  openMembership(options: MembershipOptions): GroupMembership

  // ---- admin ----------------------------------------------------------------------------------------------------
  createTopics(topics: readonly NewTopic[], signal: AbortSignal): Promise<TopicOutcome[]>
  createPartitions(topic: string, count: number, signal: AbortSignal): Promise<void>
  deleteTopics(topics: readonly string[], signal: AbortSignal): Promise<TopicOutcome[]>
  /** Never the one that was made anew under the same name. UNKNOWN_TOPIC_ID (100) where it is gone already. */
  deleteTopicById(topicId: string, signal: AbortSignal): Promise<TopicOutcome>
  describeTopicConfigs(topics: readonly string[], signal: AbortSignal): Promise<TopicConfigs[]>
  describeBrokerConfigs(nodeId: number, signal: AbortSignal): Promise<ConfigEntry[]>
  /** IncrementalAlterConfigs; a null value deletes the override. */
  alterTopicConfigs(topic: string, changes: Readonly<Record<string, string | null>>, signal: AbortSignal): Promise<void>
  /** Throws where `alterTopicConfigs` would be refused; changes nothing. */
  validateTopicConfigs(
    topic: string,
    changes: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<void>
  /** DeleteRecords below `offset` per partition. */
  deleteRecords(
    bounds: readonly (TopicPartition & { readonly offset: number })[],
    signal: AbortSignal,
  ): Promise<PartitionOutcome[]>

  // ---- access control lists (never repeated by themselves: see acls.ts) -------------------------------------------
  /** As whichever broker answers has them, or the one asked for. Code 54 in the fault where there is no authorizer. */
  describeAcls(filter: AclFilter, signal: AbortSignal, nodeId?: number): Promise<readonly AclBinding[]>
  /** Through one broker, which hands calls on in their order. Answers before every broker has them in force. */
  createAcls(bindings: readonly AclBinding[], signal: AbortSignal, nodeId: number): Promise<AclOutcome[]>
  /** Of the very bindings; those that are gone already count as deleted. */
  deleteAcls(bindings: readonly AclBinding[], signal: AbortSignal, nodeId: number): Promise<AclDeletion[]>

  // ---- what else clients depend on --------------------------------------------------------------------------------
  /** What this client may do on the cluster and on topics, as the authorizer decides it for whoever asks. */
  ownRights(topics: readonly string[], signal: AbortSignal): Promise<OwnRights>
  /** Needs DESCRIBE on the cluster. As whichever broker answers has them, or the one asked for. */
  describeScramUsers(signal: AbortSignal, nodeId?: number): Promise<readonly ScramUser[]>
  /** Needs DESCRIBE_CONFIGS on the cluster. As whichever broker answers has them, or the one asked for. */
  describeQuotas(signal: AbortSignal, nodeId?: number): Promise<readonly ClientQuota[]>
  /** Needs ALTER on the cluster. Answers before every broker takes them. One that is there already is replaced. */
  putScramCredentials(credentials: readonly NewScramCredential[], signal: AbortSignal): Promise<void>
  /** Needs ALTER_CONFIGS on the cluster. Other values of the same entities stay as they are. */
  setQuotas(quotas: readonly ClientQuota[], signal: AbortSignal): Promise<void>
  /** Of one broker; needs DESCRIBE on the cluster. */
  describeLogDirs(nodeId: number, signal: AbortSignal): Promise<readonly LogDir[]>

  /** Closes every connection. */
  close(): Promise<void>
}

export interface ClusterOptions {
  readonly name: string
  /** `host:port`, at least one. */
  readonly bootstrap: readonly string[]
  /** @defaultValue `isthmus` */
  readonly clientId?: string
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
  /** In place of `tls` and `sasl`, where what they hold may be exchanged. */
  readonly access?: AccessSource
  /** Bound of one request, milliseconds. @defaultValue 30000 */
  readonly requestTimeoutMs?: number
  /** @defaultValue 5000 */
  readonly connectTimeoutMs?: number
  readonly context: Omit<RetryContext, 'signal'>
}

/** What a client logs in with, asked for each time that it connects or logs in again. */
export interface AccessSource {
  tls(): TlsOptions | undefined
  sasl(): SaslOptions | undefined
  /** What `sasl` was before: tried where a broker refuses what it is now, and has not been told of it yet. */
  formerSasl(): SaslOptions | undefined
  /** Which of the two a broker has taken. */
  note(taken: 'current' | 'former'): void
  /** Looks for something newer, once a broker has refused what there is; true where there is. */
  renew(): Promise<boolean>
}

/** PEM texts. Without `ca` the system's roots are trusted. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Expected name in the broker's certificate, where it is not the host in the address. */
  readonly serverName?: string
}

export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  /** RFC 7628, KIP-255. The token is asked for with each login. */
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> }

export interface ClusterMetadata {
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly Broker[]
  /** Asked-for topics that do not exist are listed with their error code and no partitions. */
  readonly topics: readonly TopicMetadata[]
}

export interface Broker {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface TopicMetadata {
  readonly name: string
  readonly topicId: string
  readonly isInternal: boolean
  /** 0, or the broker's code, such as 3 UNKNOWN_TOPIC_OR_PARTITION. */
  readonly errorCode: number
  readonly partitions: readonly PartitionMetadata[]
  /** What the caller may do there; only where that was asked for, and anything is allowed. */
  readonly rights?: readonly AclOperation[]
}

export interface PartitionMetadata {
  readonly partition: number
  readonly errorCode: number
  /** -1 where there is none. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface TopicOutcome {
  readonly topic: string
  readonly errorCode: number
  readonly message: string | null
}

// ---- health -------------------------------------------------------------------------------------------------------

/**
 * A connection of its own to one address, to find out how a cluster does: it is made anew for each look, with TLS, login
 * and versions, so it meets what a new client of the cluster would meet. Nothing is tried again or elsewhere; what goes
 * wrong is thrown as it was heard. A request that times out ends the connection.
 */
export interface ProbeChannel {
  /** `host:port`. */
  readonly address: string
  /** When the certificate of this broker ends, wall clock; undefined without TLS. */
  readonly certificateEndsMs: number | undefined
  /** What this broker serves, by API key. */
  readonly versions: BrokerVersions
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

// ---- offsets ------------------------------------------------------------------------------------------------------

export interface ListOffsetsQuery {
  readonly isolation: 'read_uncommitted' | 'read_committed'
  /** -1 an ordinary consumer: `latest` is the high watermark. -2: `latest` is the leader's log end (measured on 4.3.1). @defaultValue -1 */
  readonly replicaId?: -1 | -2
  /** `timestamp`: -1 latest, -2 earliest, -3 of the largest timestamp, else milliseconds. */
  readonly partitions: readonly (TopicPartition & { readonly timestamp: number })[]
  /** How long retriable answers (moving leaders, 78) are retried; 0 answers with the code at once. @defaultValue 10000 */
  readonly deadlineMs?: number
}

export interface ListedOffset extends PartitionOutcome {
  /** -1 where no record has so late a timestamp. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface EpochQuery extends TopicPartition {
  readonly currentLeaderEpoch: number
  readonly leaderEpoch: number
}

export interface EpochEnd extends PartitionOutcome {
  readonly leaderEpoch: number
  readonly endOffset: number
}

// ---- admin --------------------------------------------------------------------------------------------------------

export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

export interface TopicConfigs {
  readonly topic: string
  readonly errorCode: number
  readonly entries: readonly ConfigEntry[]
}

export interface ConfigEntry {
  readonly name: string
  /** Null where sensitive. */
  readonly value: string | null
  /** topic, broker (dynamic or static), default. */
  readonly source: 'topic' | 'broker' | 'default' | 'other'
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
}

/** One directory of a broker's log. */
export interface LogDir {
  readonly errorCode: number
  readonly path: string
  /** Of its volume; -1 where it cannot be found out. */
  readonly totalBytes: number
  readonly usableBytes: number
}
