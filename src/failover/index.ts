/** Moves failover groups between regions: the state machine, its guards and plans, and what carries it out. */
export { type AutomaticPhase, type AutomaticRecord, holdsFence } from './automatic/automatic-record.ts'
export { type AttemptContext, type AutomaticPorts, standbysOf } from './automatic/automatic-runner.ts'
export type { AutomaticDecision, AutomaticMode, TargetFound } from './automatic/decide-automatic.ts'
export { judgeTarget } from './automatic/judge-target.ts'
export { DWELL_LEAST_MS, type Tally, tallyVotes, VANTAGE_POINTS_LEAST, type Vote } from './automatic/tally-votes.ts'
export { fenceAhead, unfence } from './effects/automatic-fence.ts'
export {
  DrillDesk,
  type DrillDeskOptions,
  type DrillList,
  drillId,
  type DrillOrder,
  isDrillOf,
} from './drills/drill-desk.ts'
export {
  DRILL_LEVELS,
  type DrillApproval,
  type DrillDocument,
  type DrillLevel,
  type DrillMeasured,
  type DrillOutcome,
  type DrillPhase,
  type DrillRecord,
  type IsolatedReport,
  type LeftoverCheck,
  type StreamReport,
} from './drills/drill-document.ts'
export { DrillController, type DrillControllerOptions } from './drills/drill-controller.ts'
export { pageOfDrill } from './drills/drill-page.ts'
export { buildDrillReport, type DrillReport } from './drills/report.ts'
export { type DrillTrend, trendOf } from './drills/trend.ts'
export { DrillStore } from './drills/drill-store.ts'
export { type DrillSummary, type LastDrill, lastOf, SUMMARIES } from './drills/drill-summary.ts'
export type { DrillRooms, MovedGroup, SelectedNames } from './drills/effects/drill-rooms.ts'
export type {
  DrillStream,
  DrillStreams,
  IsolatedReader,
  IsolatedSpec,
  StreamProgress,
  StreamSpec,
} from './drills/ports.ts'
export { type DrillSchedule, type DrillWindow, explainBadCron, isTimeZone } from './drills/schedule.ts'
export { authorityPort, journalPort } from './effects/authority-port.ts'
export type { GroupRooms } from './effects/group-rooms.ts'
export {
  type ClientMember,
  type ClientsLook,
  countMembers,
  type GroupClients,
  type LeftMembers,
  type ProducerClient,
  type QuietPartition,
  type RegionClients,
} from './clients.ts'
export { makeMoveEffects, type MoveExtras } from './effects/move-effects.ts'
export type { DivergenceEvidence, DivergenceTotals } from './effects/returns/divergence-evidence.ts'
export { type Amount, type ChoiceDryRun, describeChoices } from './effects/returns/dry-run.ts'
export { makeReturnEffects } from './effects/returns/return-effects.ts'
export { digestOf, type EvidenceRef } from './evidence.ts'
export type { FailoverEventBus, FailoverEvents } from './events.ts'
export { failoverFaults } from './faults.ts'
export { GroupController, type GroupControllerOptions } from './group-controller.ts'
export {
  type FoundDivergence,
  type FoundOperation,
  GroupDesk,
  type GroupDeskOptions,
  type MoveOrder,
  type MoveWish,
} from './group-desk.ts'
export type { ReadGroup } from './group-store.ts'
export {
  type CopyEvidence,
  DEFAULT_GUARD_LIMITS,
  type GuardLimits,
  type FoundDiffering,
  type MoveEvidence,
  type PartitionLoss,
  type ProviderEvidence,
  type SourceEvidence,
  type TargetEvidence,
} from './guards/evidence.ts'
export { evaluateGuards, GUARDS, type GuardResult, type GuardStatus } from './guards/evaluate-guards.ts'
export { explainDistrust } from './known-reigns.ts'
export { hasRegions } from './requests.ts'
export { Leadership, type LeadershipOptions } from './leadership.ts'
export { type EffectName, isReversible, isWritePaused, standsAt, type Step, stepOf } from './moves/steps.ts'
export type { Divergence, FaultNote, Findings, FoundRole, Json, Outcome, Progress } from './outcome.ts'
export { explainBlocking, findBlocking, type MovePlan, type PlanContext, type Prediction } from './plan.ts'
export { readGroupDocument } from './read-document.ts'
export type {
  AcquiredLease,
  AuthorityPort,
  JournalEntry,
  JournalPort,
  Lease,
  MoveContext,
  MoveEffects,
  Permit,
  ReturnContext,
  ReturnEffects,
  StoredDocument,
  WriteOptions,
  WriteResult,
} from './ports.ts'
export { gatherMove, gatherReturn } from './reports/gather-facts.ts'
export { pageOfMove } from './reports/move-page.ts'
export { buildMoveReport, type Objectives } from './reports/move-report.ts'
export type { ReportPage } from './reports/page.ts'
export { renderHtml } from './reports/render-html.ts'
export { renderMarkdown } from './reports/render-markdown.ts'
export { pageOfReturn } from './reports/return-page.ts'
export { buildReturnReport } from './reports/return-report.ts'
export { REPORT_POLICY } from './reports/styles.ts'
export type { ReturnPhase, ReturnRecord, SalvageChoice } from './returns/return-record.ts'
export type { ReturnEffectName, ReturnStep } from './returns/return-steps.ts'
export {
  type Attestation,
  type FenceState,
  firstDocument,
  type GroupDocument,
  groupKey,
  type GuardOverride,
  type MoveKind,
  type MoveRequest,
  type OperationRecord,
  type Pause,
  type Phase,
  type RegionEntry,
  type RegionRole,
  type Reign,
  type Stop,
} from './state.ts'
