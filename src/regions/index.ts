/** The face of the room: what the regions look like from here, and what all vantage points together say of them. */
export { HEALTH_TOPIC } from './canary.ts'
export type { RegionEvents } from './events.ts'
export { regionFaults } from './faults.ts'
export { type Finding, type FindingCode, type Grade, type Graded, gradeSample } from './grade.ts'
export { foldHealth, type GradedAt, type HealthLevel, type RegionHealth } from './health.ts'
export { type JudgeInput, type Judgement, judgeRegion, type VantageVote, type Verdict } from './judge.ts'
export type { Doubt } from './observer.ts'
export { HealthOptions, type HealthTimings, healthTimings, resolveHealthOptions } from './options.ts'
export { type ProbedCluster, type RegionLook, RegionProbe, type RegionProbeOptions } from './region-probe.ts'
export {
  type RegionStatus,
  type RegionsStatus,
  RegionWatch,
  type RegionWatchOptions,
  type WatchedRegion,
} from './region-watch.ts'
export { decodeReport, encodeReport, type HeardReport, type VantageReport } from './report.ts'
export type * from './sample.ts'
