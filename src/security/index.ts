/** The face of the room: fences around the topics and groups of a region, their proof, and who put them up. */
/** What policies are made of. */
export type { AclBinding } from '../kafka/index.ts'
export type { SecurityEvents } from './events.ts'
export type { FenceClaim } from './fences/acl-fence.ts'
export type { CommandCheck, CommandElsewhere, CommandPart, ElsewhereRun, FenceCommand } from './fences/command-fence.ts'
export { CommandRuns, type Joined } from './fences/command-runs.ts'
export {
  coversTopic,
  type DeniedAccess,
  FENCE_KEY_PREFIX,
  type FenceMeans,
  type FenceRecord,
  type FenceRecords,
  isByHand,
  MANUAL,
  STANDING,
} from './fences/fence-record.ts'
export { type FenceScope, reachesAll } from './fences/fence-scope.ts'
export type { AppliedFence, FenceStep, LiftedFence } from './fences/fence-step.ts'
export {
  type FenceState,
  type FenceSubject,
  FenceWatch,
  type FenceWatchOptions,
  type WatchedFence,
} from './fences/fence-watch.ts'
export type { BrokerProof, FenceProof } from './fences/judge-fence.ts'
export type { FenceObstacle, FencePlan } from './fences/plan-fence.ts'
export type { CanaryAccess } from './fences/prove-fence.ts'
export {
  DEFAULT_TIMINGS,
  FENCE_REQUEST_TIMEOUT_MS,
  type FenceCluster,
  type FenceTimings,
} from './fences/region-access.ts'
export {
  type GroupFenceRequest,
  type LiftRequest,
  RegionFences,
  type RegionFencesOptions,
  type TopicFenceRequest,
} from './fences/region-fences.ts'
export { type ProgramEnd, runProgram } from './fences/run-program.ts'
export type { GatePosition, GateWish } from './gate/decide-gate.ts'
export { CommandDoor } from './gate/command-door.ts'
export type { GateDoor } from './gate/gate-door.ts'
export { PolicyDoor } from './gate/policy-door.ts'
export { type GateStatus, RegionGate } from './gate/region-gate.ts'
export {
  FenceOptions,
  type ResolvedGate,
  GateOptions,
  principalSchema,
  type ResolvedFenceOptions,
  resolveFenceOptions,
  type ResolvedSecurityOptions,
  resolveGateOptions,
  resolveSecurityOptions,
  SecurityOptions,
} from './options.ts'
export { type ResolvedBaseline, resolveBaseline } from './probes/baseline.ts'
export type { ProbeFinding, ProbeSeverity } from './probes/probe-findings.ts'
export type { ListenerSight } from './probes/probe-listener.ts'
export { type KnownPrincipal, type ProbeRound, probeRegion } from './probes/probe-region.ts'
export { securityFaults } from './faults.ts'
export {
  type AppliedPolicy,
  applyPolicy,
  planForRegion,
  type PolicyRequest,
} from './policies/apply-policy.ts'
export { type Correction, decideCorrection } from './policies/decide-correction.ts'
export {
  accountsOf,
  type DesiredUser,
  entityText,
  findContradiction,
  scramMechanismOf,
} from './policies/desired-accounts.ts'
export { type ExpandedPolicy, expandPolicy } from './policies/expand-policy.ts'
export { countDrift, findDrift, type PolicyDrift } from './policies/find-drift.ts'
export { type Grant, type GrantAccess, type GrantPlan, makeGrant, planGrant } from './policies/grant-rights.ts'
export { type Imported, importPolicy } from './policies/import-policy.ts'
export { type AccountPlan, countAccountChanges } from './policies/plan-accounts.ts'
export type { PolicyPlan, RemovalRule } from './policies/plan-policy.ts'
export type { PolicyRecord, PolicyRecords } from './policies/policy-record.ts'
export { findPolicyMistakes } from './policies/policy-rules.ts'
export { SecurityPolicy } from './policies/policy-schema.ts'
export { type PolicyAccess, readExisting } from './policies/read-region.ts'
