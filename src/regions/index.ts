/** The face of the room: what the regions look like from here, and what all vantage points together say of them. */
export { lookAtBroker, placeOf } from './broker-look.ts'
export { HEALTH_TOPIC } from './canary.ts'
export type { CopySum } from './copy-sum.ts'
export type { RegionEvents } from './events.ts'
export type { Finding, FindingCode } from './grade.ts'
export type { HealthLevel, RegionHealth } from './health.ts'
export type { Judgement, VantageVote, Verdict } from './judge.ts'
export type { Doubt } from './observer.ts'
export { HealthOptions, type HealthTimings, healthTimings, resolveHealthOptions } from './options.ts'
export type { ProbedCluster } from './region-probe.ts'
export {
  type RegionStatus,
  type RegionsStatus,
  RegionWatch,
  type RegionWatchOptions,
  type WatchedRegion,
} from './region-watch.ts'
export type { HeardReport, VantageReport } from './report.ts'
export type * from './sample.ts'
