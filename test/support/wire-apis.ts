import { addPartitionsToTxnApi } from '../../src/kafka/wire/add-partitions-to-txn.ts'
import type { Api } from '../../src/kafka/wire/api.ts'
import { apiVersionsApi } from '../../src/kafka/wire/api-versions.ts'
import { consumerGroupDescribeApi } from '../../src/kafka/wire/consumer-group-describe.ts'
import { createAclsApi } from '../../src/kafka/wire/create-acls.ts'
import { createPartitionsApi } from '../../src/kafka/wire/create-partitions.ts'
import { createTopicsApi } from '../../src/kafka/wire/create-topics.ts'
import { deleteAclsApi } from '../../src/kafka/wire/delete-acls.ts'
import { deleteGroupsApi } from '../../src/kafka/wire/delete-groups.ts'
import { deleteRecordsApi } from '../../src/kafka/wire/delete-records.ts'
import { deleteTopicsApi } from '../../src/kafka/wire/delete-topics.ts'
import { describeAclsApi } from '../../src/kafka/wire/describe-acls.ts'
import { alterClientQuotasApi } from '../../src/kafka/wire/alter-client-quotas.ts'
import { alterUserScramCredentialsApi } from '../../src/kafka/wire/alter-user-scram-credentials.ts'
import { describeClientQuotasApi } from '../../src/kafka/wire/describe-client-quotas.ts'
import { describeClusterApi } from '../../src/kafka/wire/describe-cluster.ts'
import { describeConfigsApi } from '../../src/kafka/wire/describe-configs.ts'
import { describeGroupsApi } from '../../src/kafka/wire/describe-groups.ts'
import { describeLogDirsApi } from '../../src/kafka/wire/describe-log-dirs.ts'
import { describeProducersApi } from '../../src/kafka/wire/describe-producers.ts'
import { describeQuorumApi } from '../../src/kafka/wire/describe-quorum.ts'
import { describeTransactionsApi } from '../../src/kafka/wire/describe-transactions.ts'
import { describeUserScramCredentialsApi } from '../../src/kafka/wire/describe-user-scram-credentials.ts'
import { endTxnApi } from '../../src/kafka/wire/end-txn.ts'
import { fetchApi } from '../../src/kafka/wire/fetch.ts'
import { findCoordinatorApi } from '../../src/kafka/wire/find-coordinator.ts'
import { heartbeatApi } from '../../src/kafka/wire/heartbeat.ts'
import { incrementalAlterConfigsApi } from '../../src/kafka/wire/incremental-alter-configs.ts'
import { initProducerIdApi } from '../../src/kafka/wire/init-producer-id.ts'
import { joinGroupApi } from '../../src/kafka/wire/join-group.ts'
import { leaveGroupApi } from '../../src/kafka/wire/leave-group.ts'
import { listGroupsApi } from '../../src/kafka/wire/list-groups.ts'
import { listOffsetsApi } from '../../src/kafka/wire/list-offsets.ts'
import { listTransactionsApi } from '../../src/kafka/wire/list-transactions.ts'
import { metadataApi } from '../../src/kafka/wire/metadata.ts'
import { offsetCommitApi } from '../../src/kafka/wire/offset-commit.ts'
import { offsetDeleteApi } from '../../src/kafka/wire/offset-delete.ts'
import { offsetFetchApi } from '../../src/kafka/wire/offset-fetch.ts'
import { offsetForLeaderEpochApi } from '../../src/kafka/wire/offset-for-leader-epoch.ts'
import { produceApi } from '../../src/kafka/wire/produce.ts'
import type { ApiName } from '../../src/kafka/wire/versions.ts'
import { syncGroupApi } from '../../src/kafka/wire/sync-group.ts'
import { writeTxnMarkersApi } from '../../src/kafka/wire/write-txn-markers.ts'

/** Every API the room speaks, by name. */
export const WIRE_APIS: Readonly<Record<ApiName, Api<never, unknown>>> = {
  AddPartitionsToTxn: addPartitionsToTxnApi,
  ApiVersions: apiVersionsApi,
  ConsumerGroupDescribe: consumerGroupDescribeApi,
  CreateAcls: createAclsApi,
  CreatePartitions: createPartitionsApi,
  CreateTopics: createTopicsApi,
  DeleteAcls: deleteAclsApi,
  DeleteGroups: deleteGroupsApi,
  DeleteRecords: deleteRecordsApi,
  DeleteTopics: deleteTopicsApi,
  DescribeAcls: describeAclsApi,
  AlterClientQuotas: alterClientQuotasApi,
  AlterUserScramCredentials: alterUserScramCredentialsApi,
  DescribeClientQuotas: describeClientQuotasApi,
  DescribeCluster: describeClusterApi,
  DescribeConfigs: describeConfigsApi,
  DescribeGroups: describeGroupsApi,
  DescribeLogDirs: describeLogDirsApi,
  DescribeProducers: describeProducersApi,
  DescribeQuorum: describeQuorumApi,
  DescribeTransactions: describeTransactionsApi,
  DescribeUserScramCredentials: describeUserScramCredentialsApi,
  EndTxn: endTxnApi,
  Fetch: fetchApi,
  FindCoordinator: findCoordinatorApi,
  Heartbeat: heartbeatApi,
  IncrementalAlterConfigs: incrementalAlterConfigsApi,
  InitProducerId: initProducerIdApi,
  JoinGroup: joinGroupApi,
  LeaveGroup: leaveGroupApi,
  ListGroups: listGroupsApi,
  ListOffsets: listOffsetsApi,
  ListTransactions: listTransactionsApi,
  Metadata: metadataApi,
  OffsetCommit: offsetCommitApi,
  OffsetDelete: offsetDeleteApi,
  OffsetFetch: offsetFetchApi,
  OffsetForLeaderEpoch: offsetForLeaderEpochApi,
  Produce: produceApi,
  SyncGroup: syncGroupApi,
  WriteTxnMarkers: writeTxnMarkersApi,
}
