/** The sensor workload: what the demo, drills, trials and tests run against a region. */
export { type AggregateRecord } from './aggregates.ts'
export { type Alert } from './alerts.ts'
export { type AnalyticsStats, SensorAnalytics, type SensorAnalyticsOptions } from './analytics.ts'
export { createWorkloadClient } from './client.ts'
export { type DeadLetter, type DeadLetterOrigin } from './dead-letters.ts'
export { holdReadings } from './hold-readings.ts'
export {
  type AggregateComparison,
  type AggregateDifference,
  compareAggregates,
  computeAggregates,
  type WindowTotals,
} from './oracle.ts'
export { type GroupPosition, readPositions } from './read-positions.ts'
export {
  readAggregates,
  readDeadLetters,
  readReadings,
  readTopic,
  type ReadTopicOptions,
  type TopicRecord,
} from './read-topic.ts'
export { type OutgoingRecord, type ReadBatch } from './records.ts'
export { type SourceStats } from './record-source.ts'
export { type SensorKind, type SensorReading, type WeatherObservation } from './schemas.ts'
export { SensorFleet, type SensorFleetOptions } from './sensor-fleet.ts'
export {
  createWorkloadTopics,
  type CreateTopicsOptions,
  GROUPS,
  TOPICS,
  WORKLOAD_TOPICS,
  type WorkloadTopic,
} from './topics.ts'
export { WeatherStream, type WeatherStreamOptions } from './weather-stream.ts'
export { WeatherWatch, type WeatherWatchOptions, type WeatherWatchStats } from './weather-watch.ts'
export { type Aggregate, DEFAULT_WINDOWS, meanOf, mergeAggregates, type WindowOptions } from './windows.ts'
export { SensorWorkload, type SensorWorkloadOptions, type WorkloadStats } from './workload.ts'
