import { putScramCredentials, setQuotas } from './accounts.ts'
import { createAcls, deleteAcls, describeAcls } from './acls.ts'
import { ClusterAccess, type Dial } from './access-source.ts'
import { BrokerCalls } from './broker-calls.ts'
import { openBrokerChannel } from './broker-channel.ts'
import type { BrokerChannel, ChannelOptions, Cluster, ClusterOptions } from './cluster.ts'
import type { ClusterParts } from './cluster-parts.ts'
import { ClusterView } from './cluster-view.ts'
import { alterTopicConfigs, describeBrokerConfigs, describeTopicConfigs, validateTopicConfigs } from './configs.ts'
import type { BrokerAddress, ConnectionSettings } from './connection.ts'
import { Connections } from './connections.ts'
import { Coordinators } from './coordinators.ts'
import { kafkaFaults } from './faults.ts'
import { GatheredOffsets } from './gathered-offsets.ts'
import { openMembership } from './group-membership.ts'
import {
  commitGroupOffsets,
  deleteGroupOffsets,
  deleteGroups,
  describeGroups,
  fetchGroupOffsets,
  listGroups,
} from './groups.ts'
import { describeLogDirs, describeQuotas, describeScramUsers, ownRights } from './looks.ts'
import { MetadataRefresh } from './metadata-refresh.ts'
import { deleteRecords, listOffsets, offsetForLeaderEpoch } from './offsets.ts'
import { openProbeChannel } from './probe-channel.ts'
import { createPartitions, createTopics, deleteTopicById, deleteTopics } from './topics.ts'
import {
  addPartitionsToTxn,
  describeProducers,
  describeTransaction,
  endTxn,
  initProducerId,
  listTransactions,
  writeTxnMarkers,
} from './transactions.ts'

const DEFAULT_CLIENT_ID = 'isthmus'
const DEFAULT_REQUEST_TIMEOUT_MS = 30_000
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000
const DEFAULT_INFLIGHT_MAX = 5
const PROBE_INFLIGHT_MAX = 5

/**
 * Makes a client of one cluster. Connects to nothing until the first call, so a region that is down is found by the
 * calls, not here. Fault `KAFKA_TLS_FAILED` where the PEM texts cannot be used.
 */
export function openCluster(options: ClusterOptions): Cluster {
  const settings = settingsOf(options)
  const connections = new Connections(settings, new ClusterAccess(options))
  const parts = buildParts(options, settings, connections)
  const close = () => connections.close()
  return {
    name: options.name,
    clientId: settings.clientId,
    metadata: (topics, signal) => parts.calls.readMetadata(topics, signal),
    leaderOf: (topic, partition) => parts.view.leaderOf(topic, partition),
    noteLeader: (topic, partition, leader) => parts.view.noteLeader(topic, partition, leader),
    openChannel: (nodeId, signal, channel) => openChannel(parts, connections, nodeId, signal, channel),
    openProbe: async (address, signal) => {
      const dialled = connections.openOwn(parseBootstrap(options.name, address), PROBE_INFLIGHT_MAX, signal)
      return openProbeChannel(options.name, await dialled, signal)
    },
    listOffsets: (query, signal) => listOffsets(parts, query, signal),
    offsetForLeaderEpoch: (query, signal) => offsetForLeaderEpoch(parts, query, signal),
    initProducerId: (transactionalId, timeoutMs, signal) => initProducerId(parts, transactionalId, timeoutMs, signal),
    addPartitionsToTxn: (txn, partitions, signal) => addPartitionsToTxn(parts, txn, partitions, signal),
    endTxn: (txn, outcome, signal) => endTxn(parts, txn, outcome, signal),
    describeTransaction: (transactionalId, signal) => describeTransaction(parts, transactionalId, signal),
    listTransactions: (producerIds, signal) => listTransactions(parts, producerIds, signal),
    describeProducers: (partitions, signal) => describeProducers(parts, partitions, signal),
    writeTxnMarkers: (marker, partitions, signal) => writeTxnMarkers(parts, marker, partitions, signal),
    listGroups: (signal) => listGroups(parts, signal),
    describeGroups: (groupIds, signal) => describeGroups(parts, groupIds, signal),
    fetchGroupOffsets: (groupIds, signal) => fetchGroupOffsets(parts, groupIds, signal),
    commitGroupOffsets: (groupId, positions, signal) => commitGroupOffsets(parts, groupId, positions, signal),
    deleteGroupOffsets: (groupId, partitions, signal) => deleteGroupOffsets(parts, groupId, partitions, signal),
    deleteGroups: (groupIds, signal) => deleteGroups(parts, groupIds, signal),
    openMembership: (membership) => openMembership(parts, connections, membership),
    createTopics: (topics, signal) => createTopics(parts, topics, signal),
    createPartitions: (topic, count, signal) => createPartitions(parts, topic, count, signal),
    deleteTopics: (topics, signal) => deleteTopics(parts, topics, signal),
    deleteTopicById: (topicId, signal) => deleteTopicById(parts, topicId, signal),
    describeTopicConfigs: (topics, signal) => describeTopicConfigs(parts, topics, signal),
    describeBrokerConfigs: (nodeId, signal) => describeBrokerConfigs(parts, nodeId, signal),
    alterTopicConfigs: (topic, changes, signal) => alterTopicConfigs(parts, topic, changes, signal),
    validateTopicConfigs: (topic, changes, signal) => validateTopicConfigs(parts, topic, changes, signal),
    deleteRecords: (bounds, signal) => deleteRecords(parts, bounds, signal),
    describeAcls: (filter, signal, nodeId) => describeAcls(parts, filter, signal, nodeId),
    createAcls: (bindings, signal, nodeId) => createAcls(parts, bindings, signal, nodeId),
    deleteAcls: (bindings, signal, nodeId) => deleteAcls(parts, bindings, signal, nodeId),
    ownRights: (topics, signal) => ownRights(parts, topics, signal),
    describeScramUsers: (signal, nodeId) => describeScramUsers(parts, signal, nodeId),
    describeQuotas: (signal, nodeId) => describeQuotas(parts, signal, nodeId),
    putScramCredentials: (credentials, signal) => putScramCredentials(parts, credentials, signal),
    setQuotas: (quotas, signal) => setQuotas(parts, quotas, signal),
    describeLogDirs: (nodeId, signal) => describeLogDirs(parts, nodeId, signal),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function settingsOf(options: ClusterOptions): Omit<ConnectionSettings, keyof Dial> {
  return {
    cluster: options.name,
    clientId: options.clientId ?? DEFAULT_CLIENT_ID,
    requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    clock: options.context.clock,
  }
}

function buildParts(
  options: ClusterOptions,
  settings: { readonly requestTimeoutMs: number },
  connections: Connections,
): ClusterParts {
  const { name, context } = options
  const view = new ClusterView()
  const bootstrap = options.bootstrap.map((address) => parseBootstrap(name, address))
  const calls = new BrokerCalls({ cluster: name, bootstrap, connections, view, random: context.random })
  const refresh = new MetadataRefresh({
    clock: context.clock,
    lifetime: connections.lifetime,
    read: (topics, signal) => calls.readMetadata(topics, signal),
  })
  return {
    name,
    requestTimeoutMs: settings.requestTimeoutMs,
    calls,
    view,
    refresh,
    coordinators: new Coordinators({ cluster: name, calls, view }),
    gathered: new GatheredOffsets({ calls, view, lifetime: connections.lifetime }),
    retryContext: (signal) => ({ ...context, signal: AbortSignal.any([signal, connections.lifetime]) }),
  }
}

/** `host:port`, the host of an IPv6 address in brackets. */
function parseBootstrap(cluster: string, address: string): BrokerAddress {
  const { host, port } = /^\[?(?<host>[^\]]+?)\]?:(?<port>\d+)$/.exec(address)?.groups ?? {}
  if (host === undefined || port === undefined) {
    throw kafkaFaults.fault('KAFKA_UNREACHABLE', { cluster, address, reason: 'the address is not host:port' })
  }
  return { nodeId: -1, host, port: Number(port) }
}

async function openChannel(
  parts: ClusterParts,
  connections: Connections,
  nodeId: number,
  signal: AbortSignal,
  options: ChannelOptions = {},
): Promise<BrokerChannel> {
  const address = await parts.calls.addressOf(nodeId, signal)
  return openBrokerChannel(await connections.openOwn(address, options.inflightMax ?? DEFAULT_INFLIGHT_MAX, signal))
}
