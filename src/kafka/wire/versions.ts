/**
 * The versions of each Kafka API that Isthmus speaks, as data. A connection picks the highest version that both sides
 * know, per broker (KIP-511). Every version listed is a flexible one (KIP-482), so that all requests and responses
 * share one header layout; the exceptions are the response header of ApiVersions, and what is marked.
 */
export interface VersionRange {
  readonly key: number
  readonly min: number
  readonly max: number
  /** Set where the lowest common version is wanted instead of the highest. */
  readonly prefer?: 'lowest'
  /** False where no version is flexible: headers without tagged fields. */
  readonly isFlexible?: boolean
}

export const API_VERSIONS = {
  /** v13 names topics by id (KIP-516); until then by name. */
  Produce: { key: 0, min: 9, max: 13 },
  /** From v13 on topics are named by id; v16 adds the endpoints of new leaders. */
  Fetch: { key: 1, min: 13, max: 17 },
  /** v7 is the first with the offset of the largest timestamp (-3). */
  ListOffsets: { key: 2, min: 7, max: 9 },
  /** v10 is the first with topic ids. */
  Metadata: { key: 3, min: 10, max: 13 },
  /** v10 takes topic ids only; positions are committed by name. */
  OffsetCommit: { key: 8, min: 8, max: 9 },
  /** v8 is the first with several groups in a request. */
  OffsetFetch: { key: 9, min: 8, max: 9 },
  FindCoordinator: { key: 10, min: 4, max: 5 },
  /** Of the membership APIs one version each: every broker from 3.2 on has them. */
  JoinGroup: { key: 11, min: 9, max: 9 },
  Heartbeat: { key: 12, min: 4, max: 4 },
  LeaveGroup: { key: 13, min: 5, max: 5 },
  SyncGroup: { key: 14, min: 5, max: 5 },
  /** v6 tells a missing group from an empty one. */
  DescribeGroups: { key: 15, min: 5, max: 6 },
  /** v4 adds states, v5 types. */
  ListGroups: { key: 16, min: 4, max: 5 },
  ApiVersions: { key: 18, min: 3, max: 3 },
  CreateTopics: { key: 19, min: 5, max: 7 },
  DeleteTopics: { key: 20, min: 6, max: 6 },
  DeleteRecords: { key: 21, min: 2, max: 2 },
  InitProducerId: { key: 22, min: 4, max: 5 },
  OffsetForLeaderEpoch: { key: 23, min: 4, max: 4 },
  /** v4 and later are for brokers. */
  AddPartitionsToTxn: { key: 24, min: 3, max: 3 },
  /** v5 would raise the producer epoch with every transaction (KIP-890). */
  EndTxn: { key: 26, min: 3, max: 3 },
  /** v2 asks for a strictly greater epoch; v1 is enough for a marker at the recorded epoch + 1. */
  WriteTxnMarkers: { key: 27, min: 1, max: 2, prefer: 'lowest' },
  /** Of the ACL APIs v3 only adds the resource type of users; brokers before 3.3 have v2. */
  DescribeAcls: { key: 29, min: 2, max: 3 },
  CreateAcls: { key: 30, min: 2, max: 3 },
  DeleteAcls: { key: 31, min: 2, max: 3 },
  DescribeConfigs: { key: 32, min: 4, max: 4 },
  /** v4 is the first with the size of the volume; brokers before 3.3 do not have it. */
  DescribeLogDirs: { key: 35, min: 4, max: 4 },
  CreatePartitions: { key: 37, min: 2, max: 3 },
  DeleteGroups: { key: 42, min: 2, max: 2 },
  IncrementalAlterConfigs: { key: 44, min: 1, max: 1 },
  /** Positions of one group; there is no other way to delete some of them. */
  OffsetDelete: { key: 47, min: 0, max: 0, isFlexible: false },
  DescribeClientQuotas: { key: 48, min: 1, max: 1 },
  AlterClientQuotas: { key: 49, min: 1, max: 1 },
  DescribeUserScramCredentials: { key: 50, min: 0, max: 0 },
  AlterUserScramCredentials: { key: 51, min: 0, max: 0 },
  /** v1 is the first with the times of the voters. Brokers of a ZooKeeper cluster do not have it. */
  DescribeQuorum: { key: 55, min: 1, max: 2 },
  /** v2 adds fenced brokers. */
  DescribeCluster: { key: 60, min: 0, max: 1 },
  DescribeProducers: { key: 61, min: 0, max: 0 },
  DescribeTransactions: { key: 65, min: 0, max: 0 },
  /** Later versions only add filters. */
  ListTransactions: { key: 66, min: 0, max: 0 },
  /** Groups of the consumer protocol (KIP-848); brokers before 3.7 do not have it. */
  ConsumerGroupDescribe: { key: 69, min: 0, max: 1 },
} as const satisfies Record<string, VersionRange>

export type ApiName = keyof typeof API_VERSIONS

/** What one broker answered to ApiVersions: API key to the range it serves. */
export type BrokerVersions = ReadonlyMap<number, { readonly min: number; readonly max: number }>

/** The version to speak with a broker; undefined where the ranges do not meet. */
export function chooseVersion(name: ApiName, broker: BrokerVersions): number | undefined {
  const ours: VersionRange = API_VERSIONS[name]
  const theirs = broker.get(ours.key)
  if (theirs === undefined) return undefined
  const lowest = Math.max(ours.min, theirs.min)
  const highest = Math.min(ours.max, theirs.max)
  if (lowest > highest) return undefined
  return ours.prefer === 'lowest' ? lowest : highest
}

/**
 * What clusters that Isthmus works with may lack: those with ZooKeeper, those before 3.7, and those whose users and quotas
 * are made elsewhere.
 */
const DISPENSABLE: ReadonlySet<string> = new Set<ApiName>([
  'DescribeQuorum',
  'ConsumerGroupDescribe',
  'AlterClientQuotas',
  'AlterUserScramCredentials',
])

/** What Isthmus needs and a broker does not serve in a version that both know. */
export function findMissingApis(broker: BrokerVersions): ApiName[] {
  const names = Object.keys(API_VERSIONS) as ApiName[]
  return names.filter((name) => !DISPENSABLE.has(name) && chooseVersion(name, broker) === undefined)
}

/** Whether request and response carry tagged fields in their headers. */
export function headersOf(name: ApiName): { readonly request: boolean; readonly response: boolean } {
  const { isFlexible = true }: VersionRange = API_VERSIONS[name]
  return { request: isFlexible, response: isFlexible && name !== 'ApiVersions' }
}
