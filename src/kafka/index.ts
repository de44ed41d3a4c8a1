/** The face of the room: one Kafka cluster, its faults, and what its error codes mean. */
export { TRIED_MECHANISMS, type TriedMechanism } from './bare-login.ts'
export { type BareChannel, type BareDial, type BareTls, dialBare, type SeenTls } from './bare-channel.ts'
export { createKafkaJs } from './application-client.ts'
export type * from './cluster.ts'
export type * from './group-member.ts'
export {
  errorName,
  isRetriableCode,
  type ProtocolError,
} from './errors.ts'
export { kafkaFaults } from './faults.ts'
export { KeyedTopic, type KeyedTopicOptions } from './keyed-topic.ts'
export { openCluster } from './open-cluster.ts'
export * from './records/index.ts'
export {
  type CoordinatorEntry,
  coordinatorPartition,
  decodeCoordinatorEntry,
  TRANSACTION_LOG,
} from './transaction-log.ts'
export { type BrokerVersions, findMissingApis } from './wire/versions.ts'
