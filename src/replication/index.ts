/** Keeps topics, records and consumer positions flowing from region to region, exactly once. */
export type { ReplicationEvents } from './events.ts'
export type { LinkBandwidthOptions } from './bandwidth.ts'
export { replicationFaults } from './faults.ts'
export type { Acknowledgement } from './incidents/acknowledge.ts'
export { findBlockingIncidents } from './incidents/incident-status.ts'
export type { FirstStart } from './flows/position-context.ts'
export type { CreationGate, LinkSpec } from './link-options.ts'
export { explainPause, type LinkPause, type LinkPauses } from './link-pauses.ts'
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
export type { CatchUp, CatchUpRequest, CaughtUpLink } from './moves/catch-up.ts'
export type { ClosedCopy, Closing } from './moves/close-copies.ts'
export type { CutPartition, Cutting, Leak, PartitionCut } from './moves/cut.ts'
export type { PartitionEnds } from './moves/ends.ts'
export { type GroupsAtCut, judgeGroups } from './moves/groups-at-cut.ts'
export type { CopyProgress, DrainStatus, Goal } from './moves/look-at-copies.ts'
export { type CloseOptions, type Moves, type ProvedEnd, provedEnds } from './moves/moves.ts'
export type { MovedLink } from './moves/moves-options.ts'
export type { CatchUpPlan } from './moves/plan-catch-up.ts'
export type { PositionsAtCut } from './moves/positions-at-cut.ts'
export type { RecordedConfigs, RefusedConfigs } from './moves/promotion-configs.ts'
export type { CheckedTail } from './moves/check-export.ts'
export { exportTopicOf } from './moves/origin-headers.ts'
export type { SalvageOf } from './moves/salvage.ts'
export type { ForkedPartition, Forking } from './moves/forked-partitions.ts'
export type { ReturnedLogs, ReturnedRegion } from './moves/returned-logs.ts'
export type { Divergence, PartitionScan } from './moves/scan-divergence.ts'
export type { EndedTransaction, UnknownTransaction } from './moves/plan-settling.ts'
export type { Settling } from './moves/settle.ts'
export { type HangingMemory, makeHangingMemory } from './moves/hanging.ts'
export type { LinkRemoval, RemovalOptions } from './removal/remove-link.ts'
export { LinkPolicies, type ResolvedPolicies, resolvePolicies } from './policies.ts'
export { type OffsetQuery, Replicator } from './replicator.ts'
export type { ReplicatorOptions } from './replicator-options.ts'
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
export type { DataBatch } from './verification/committed-log.ts'
export { RegionLogs } from './verification/region-logs.ts'
export type {
  ComparisonCounts,
  Difference,
  PartitionReport,
  VerificationReport,
  VerificationRequest,
  VerificationScope,
} from './verification/report.ts'
export { compileTransform, LinkTransform } from './transform.ts'
export { CANARY_PREFIX, compileGroupSelection, compileSelection } from './topics/selection.ts'
