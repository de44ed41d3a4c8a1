/** Keeps topics, records and consumer positions flowing from region to region, exactly once. */
export type { ReplicationEvents } from './events.ts'
export type { LinkBandwidthOptions } from './bandwidth.ts'
export type { Acknowledgement } from './incidents/acknowledge.ts'
export { findBlockingIncidents } from './incidents/incident-status.ts'
export type { FirstStart } from './flows/position-context.ts'
export type { LinkSpec } from './link-options.ts'
export {
  GroupSelection,
  bytesPerSecond,
  LinkStart,
  LinkTraffic,
  ReplicationOptions,
  resolveDeletions,
  resolveReplicationOptions,
  resolveTraffic,
  TopicDeletions,
  TopicRename,
  TopicSelection,
} from './options.ts'
export type { LinkRemoval, RemovalOptions } from './removal/remove-link.ts'
export { LinkPolicies, type ResolvedPolicies, resolvePolicies } from './policies.ts'
export { type OffsetQuery, Replicator, type ReplicatorOptions } from './replicator.ts'
export type {
  FaultReport,
  FlowCounters,
  FlowState,
  FlowStatus,
  GroupPositionStatus,
  GroupStatus,
  HeldBackStatus,
  IncidentStatus,
  LinkProgress,
  LinkStatus,
  MemberStatus,
  OffsetTranslation,
  PendingDeletionStatus,
  RefusedTopicStatus,
  ReplicationStatus,
} from './status.ts'
export type {
  ComparisonCounts,
  Difference,
  PartitionReport,
  VerificationReport,
  VerificationRequest,
  VerificationScope,
} from './verification/report.ts'
export { compileTransform, LinkTransform } from './transform.ts'
export { compileGroupSelection, compileSelection } from './topics/selection.ts'
