import type { Clock } from '../../core/index.ts'
import {
  type BatchHeader,
  type Cluster,
  type DecodedRecord,
  decodeRecords,
  errorName,
  isControl,
  lastOffset,
  readBatches,
} from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import {
  type ChunkLoader,
  type CopiedFlow,
  type FlowEntry,
  type FlowMap,
  flowKeyText,
  type IncidentEntry,
  type MapEntry,
  type MapMemory,
  ShardMap,
} from '../offset-map/index.ts'
import { ensureOwnTopic, ownTopic } from './own-topic.ts'
import { type HasOwned, type MapRecord, readMapRecord } from './map-record.ts'

/** Shards of a map topic that is not there yet; an existing topic keeps what it has. */
export const NEW_MAP_SHARDS = 64
export const MAP_TOPIC = '__isthmus.offset-map'

const READ_BYTES = 4 * 1024 * 1024

/** What a target knows about its map topic. */
export interface MapTopic {
  readonly topicId: string
  /** One partition a shard: fixed for ever by whoever created the topic. */
  readonly shards: number
}

/**
 * Finds the map topic of a target, or creates it: compacted, replicated as the target's default, with the minimum of
 * in-sync replicas set on the topic itself (a value in a broker's file may not be in force) and no unclean election.
 */
export async function ensureMapTopic(
  cluster: Cluster,
  { shards, clock }: { shards: number; clock: Clock },
  signal: AbortSignal,
): Promise<MapTopic> {
  const topic = await ensureOwnTopic(cluster, { make: (brokers) => mapTopicOf(shards, brokers), clock }, signal)
  return { topicId: topic.topicId, shards: topic.partitions.length }
}

function mapTopicOf(shards: number, brokers: number) {
  const configs = { 'cleanup.policy': 'compact', 'segment.bytes': String(64 * 1024 * 1024) }
  return ownTopic({ topic: MAP_TOPIC, partitions: shards, brokers, configs })
}

export interface ShardMapSource {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly topic: MapTopic
  readonly memory: MapMemory
}

/** Reads one partition of the map topic from its start to its high watermark, as it stands when the call begins. */
export async function readShardMap(source: ShardMapSource, shard: number, signal: AbortSignal): Promise<ShardMap> {
  const ref: PartitionRef = { topic: MAP_TOPIC, topicId: source.topic.topicId, partition: shard }
  const map = new ShardMap({ memory: source.memory, loader: chunkLoader(source, ref) })
  const from = await mapOffset(source.cluster, shard, -2, signal)
  const end = await mapOffset(source.cluster, shard, -1, signal)
  await readMapRecords(
    source,
    { shard, from, end },
    (producerId) => map.hasSeenProducer(producerId),
    (read, offset) => {
      if ('entry' in read) map.apply(read.entry, offset)
      else map.noteForeign(read.foreign, offset)
    },
    signal,
  )
  return map
}

/** What is asked of one partition of the map topic: offsets `[from, end)`. */
export interface MapRange {
  readonly shard: number
  readonly from: number
  readonly end: number
}

/** Hands over every entry of a range, in the order of the log; what no owner can have written is left out. */
export function readMapEntries(
  source: Pick<ShardMapSource, 'cluster' | 'reader' | 'topic'>,
  range: MapRange,
  take: (entry: MapEntry, mapOffset: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const takeEntry = (read: MapRecord, offset: number) => {
    if ('entry' in read) take(read.entry, offset)
  }
  return readMapRecords(source, range, (_, named) => named !== undefined, takeEntry, signal)
}

async function readMapRecords(
  source: Pick<ShardMapSource, 'cluster' | 'reader' | 'topic'>,
  { shard, from, end }: MapRange,
  hasOwned: HasOwned,
  take: (read: MapRecord, mapOffset: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const ref: PartitionRef = { topic: MAP_TOPIC, topicId: source.topic.topicId, partition: shard }
  for (let at = from; at < end; ) {
    const fetched = await source.reader.read(ref, { offset: at, maxBytes: READ_BYTES }, signal)
    const next = eachRecord(fetched.records, { from: at, end }, (record, header) => {
      const place = { topic: MAP_TOPIC, partition: shard, offset: record.offset }
      take(readMapRecord(record, header, place, hasOwned), record.offset)
    })
    if (next <= at) {
      throw replicationFaults.fault('TARGET_NOT_READY', {
        what: `${MAP_TOPIC}-${shard}`,
        target: source.cluster.name,
        reason: `${errorName(fetched.errorCode)} at offset ${at} of ${end}`,
      })
    }
    at = next
  }
}

/** Which topics of a target are copies now, and of what they are or were. Read without a fence: only to tell ours from foreign. */
export interface MapIndex {
  readonly targetTopicIds: ReadonlySet<string>
  readonly flows: readonly CopiedFlow[]
  /** By shard. */
  readonly incidents: ReadonlyMap<number, readonly IncidentEntry[]>
}

function copiedFlowOf({ flow: key, facts, closedAt }: FlowMap): CopiedFlow {
  const { sourceClusterId, sourceTopicId, targetTopicId } = facts
  return { key, sourceClusterId, sourceTopicId, targetTopicId, closedAt }
}

const INDEX_READS_AT_ONCE = 8

export async function readMapIndex(source: ShardMapSource, signal: AbortSignal): Promise<MapIndex> {
  const targetTopicIds = new Set<string>()
  const flows: CopiedFlow[] = []
  const incidents = new Map<number, readonly IncidentEntry[]>()
  const filled = await filledShards(source, signal)
  const readNext = async (): Promise<void> => {
    for (let shard = filled.pop(); shard !== undefined; shard = filled.pop()) {
      const map = await readShardMap(source, shard, signal)
      for (const flow of map.flows()) {
        if (flow.closedAt === undefined) targetTopicIds.add(flow.facts.targetTopicId)
        flows.push(copiedFlowOf(flow))
      }
      incidents.set(shard, [...map.incidents.all()])
    }
  }
  await Promise.all(Array.from({ length: INDEX_READS_AT_ONCE }, readNext))
  return { targetTopicIds, flows, incidents }
}

/** Shards whose partition holds anything: on a new target there is nothing to read. */
async function filledShards({ cluster, topic }: ShardMapSource, signal: AbortSignal): Promise<number[]> {
  const partitions = Array.from({ length: topic.shards }, (_, partition) => {
    return { topic: MAP_TOPIC, partition, timestamp: -1 }
  })
  const listed = await cluster.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
  return listed.filter(({ errorCode, offset }) => errorCode !== 0 || offset > 0).map(({ partition }) => partition)
}

/** Hands over the records of a range in the order of the log and answers the offset to go on from. */
function eachRecord(
  records: Buffer,
  range: { from: number; end: number },
  take: (record: DecodedRecord, header: BatchHeader) => void,
): number {
  let next = range.from
  for (const header of readBatches(records)) {
    const after = lastOffset(header) + 1
    if (after <= range.from) continue
    next = after
    if (isControl(header)) continue
    for (const record of decodeRecords(records, header)) {
      if (record.offset >= range.from && record.offset < range.end) take(record, header)
    }
  }
  return next
}

/** Brings back entries whose segments were evicted from memory. */
function chunkLoader(source: ShardMapSource, ref: PartitionRef): ChunkLoader {
  return {
    async load({ flow, fromMapOffset, toMapOffset }, signal) {
      const entries: FlowEntry[] = []
      for (let at = fromMapOffset; at <= toMapOffset; ) {
        const fetched = await source.reader.read(ref, { offset: at, maxBytes: READ_BYTES }, signal)
        const next = eachRecord(fetched.records, { from: at, end: toMapOffset + 1 }, (record, header) => {
          const place = { topic: MAP_TOPIC, partition: ref.partition, offset: record.offset }
          const read = readMapRecord(record, header, place, () => true)
          const entry = 'entry' in read ? read.entry : undefined
          if (entry?.kind === 'flow' && flowKeyText(entry.flow) === flowKeyText(flow)) entries.push(entry)
        })
        if (next <= at) break
        at = next
      }
      return entries
    },
  }
}

export async function mapOffset(
  cluster: Cluster,
  shard: number,
  timestamp: -1 | -2,
  signal: AbortSignal,
): Promise<number> {
  const [listed] = await cluster.listOffsets(
    { isolation: 'read_uncommitted', partitions: [{ topic: MAP_TOPIC, partition: shard, timestamp }] },
    signal,
  )
  if (listed === undefined || listed.errorCode !== 0) {
    throw replicationFaults.fault('TARGET_NOT_READY', {
      what: `${MAP_TOPIC}-${shard}`,
      target: cluster.name,
      reason: errorName(listed?.errorCode ?? -1),
    })
  }
  return listed.offset
}
