export { type AuthorityConfig, authorityOptionsOf } from './authority.ts'
export { readAdminLogin } from './admin-login.ts'
export { checkConfig } from './check.ts'
export {
  type FailoverGroupConfig,
  type FailoverMode,
  type FailoverTimings,
  groupsOfLinks,
  impliedLinkName,
  type Objectives,
} from './failover-groups.ts'
export { ConfigFollower } from './config-follower.ts'
export { configFaults } from './faults.ts'
export { importMm2, importText } from './import-mm2/import-mm2.ts'
export type { LinkConfig, StartPoint } from './links.ts'
export {
  type Config,
  type ConfigReading,
  loadConfig,
  loadConfigFile,
  parseConfig,
  readConfig,
} from './load.ts'
export { type NotificationConfig, notificationTargetOf } from './notifications.ts'
export { type CheckedCluster, checkOnline, type RegionFinding } from './online.ts'
export type { PolicyConfig } from './policies.ts'
export { formatProblem, type Problem } from './problems.ts'
export { renderConfigReference } from './reference.ts'
export { clusterOptionsOf, principalOptionsOf, type RegionConfig, trustedCaOf } from './regions.ts'
export { standIn } from './stand-in.ts'
export { type ConfigSources, systemSources } from './sources.ts'
