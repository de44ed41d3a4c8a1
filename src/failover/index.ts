/** Moves failover groups between regions: the state machine, its guards and plans, and what carries it out. */
export {
  type AutomaticDecision,
  type AutomaticEvidence,
  type AutomaticMode,
  decideAutomatic,
  type Vote,
} from './automatic.ts'
export { authorityPort, journalPort } from './effects/authority-port.ts'
export type { GroupRooms } from './effects/group-rooms.ts'
export type { GroupClients } from './effects/clients.ts'
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
  type MoveEvidence,
  type PartitionLoss,
  type ProviderEvidence,
  type SourceEvidence,
  type TargetEvidence,
} from './guards/evidence.ts'
export { evaluateGuards, type GuardResult, type GuardStatus } from './guards/evaluate-guards.ts'
export { explainDistrust } from './known-reigns.ts'
export { Leadership, type LeadershipOptions } from './leadership.ts'
export { type EffectName, isWritePaused, standsAt, type Step } from './moves/steps.ts'
export type { Divergence, FaultNote, Findings, FoundRole, Json, Outcome, Progress } from './outcome.ts'
export { findBlocking, type MovePlan, type PlanContext, type Prediction } from './plan.ts'
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
