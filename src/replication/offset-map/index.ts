/** The exact relation of source offsets to target offsets, flow by flow, as the map topic keeps it. */
export type { ChunkLoader, ChunkRequest, Floor } from './chunks.ts'
export { decodeEntry, decodeEntryOf, type EncodedEntry, encodeEntry, type MapRecordPlace } from './codec.ts'
export { formatEntryKey } from './entry-key.ts'
export {
  type CopiedFlow,
  type EntryKey,
  type FloorEntry,
  type FloorEntryKey,
  type FlowEntry,
  type FlowEntryKey,
  type FlowKey,
  flowKeyText,
  hashFlowKey,
  type HandOverEntry,
  type HandOverEntryKey,
  type IncidentEntry,
  type IncidentEntryKey,
  isSameProducer,
  keyOf,
  type MapEntry,
  type OwnerEntry,
  type OwnerEntryKey,
  type Producer,
  type TombstoneEntry,
} from './entry.ts'
export { INCIDENT_ACTIONS, type IncidentAction, type IncidentFacts, type OffsetRange } from './entry-incident.ts'
export { parseEntryKey } from './entry-key.ts'
export { type FlowFacts, FlowMap, type Lookup, type LookupNote, type Stretch } from './flow-map.ts'
export { MapMemory, type MapMemoryOptions } from './map-memory.ts'
export { isInSequence, type RecordedProducer } from './recorded-producers.ts'
export {
  type AttributedSegment,
  causesIn,
  type Closing,
  compose,
  invert,
  invertRuns,
  joinRuns,
  type Run,
  runsOf,
  SEGMENT_CAUSES,
  type Segment,
  type SegmentCause,
  segmentsBetween,
  segmentsOf,
} from './segments.ts'
export { ShardOrigins } from './shard-origins.ts'
export { ShardMap, type ShardMapOptions } from './shard-map.ts'
