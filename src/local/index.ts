export {
  type Authority,
  type AuthorityOptions,
  type CertificateRequest,
  createAuthority,
  type IssuedCertificate,
} from './certificates.ts'
export { type EngineChoice, type JvmPrograms, type LocalEngine } from './engine.ts'
export { localPorts, type PortChooser } from './ports.ts'
export { startRegion } from './region.ts'
export type { LocalRegion, RegionOptions, RegionSecurity } from './region-options.ts'
export type { ExtraListener, LocalUser } from './server-properties.ts'
export {
  type Aggregate,
  type AggregateRecord,
  type Alert,
  compareAggregates,
  computeAggregates,
  createWorkloadClient,
  createWorkloadTopics,
  DEFAULT_WINDOWS,
  type GroupPosition,
  GROUPS,
  holdReadings,
  meanOf,
  mergeAggregates,
  type OutgoingRecord,
  type ReadBatch,
  readAggregates,
  readPositions,
  readReadings,
  readTopic,
  type SensorReading,
  type SensorFleetOptions,
  SensorWorkload,
  type TopicRecord,
  TOPICS,
  type WorkloadStats,
} from './workload/index.ts'
