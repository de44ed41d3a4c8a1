/**
 * How far records were written elsewhere, kept beside them: in a small compacted topic of the region that they are
 * written to, and in the same transaction. So what is on record was written, and nothing else was.
 */
import type { Clock } from '../../core/index.ts'
import type { Cluster, NewRecord } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { highWatermark, logStart, stableEnd } from '../flows/log-ends.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import { ensureOwnTopic, ownTopic } from '../shards/own-topic.ts'
import { Pace } from '../verification/pace.ts'
import { committedRecords } from './read-on.ts'

export const POSITIONS_TOPIC = '__isthmus.returns'

export interface SalvagePosition {
  /** First offset that has not been read. */
  readonly next: number
  /** Written so far. */
  readonly records: number
}

export interface SalvagePositions {
  readonly ref: PartitionRef
  readonly known: Map<string, SalvagePosition>
}

const READ_BYTES_PER_SECOND = 1e9

/** Those whose keys begin so. Fault TARGET_NOT_READY while a transaction of somebody else is open there. */
export async function readPositions(
  { cluster, reader, clock }: { readonly cluster: Cluster; readonly reader: RawReader; readonly clock: Clock },
  prefix: string,
  signal: AbortSignal,
): Promise<SalvagePositions> {
  const { topicId } = await ensureOwnTopic(cluster, { make: topicOf, clock }, signal)
  const ref = { topic: POSITIONS_TOPIC, topicId, partition: 0 }
  const end = await highWatermark(cluster, ref, signal)
  if ((await stableEnd(cluster, ref, signal)) < end) {
    const reason = 'a transaction is open there'
    throw replicationFaults.fault('TARGET_NOT_READY', { what: POSITIONS_TOPIC, target: cluster.name, reason })
  }
  const sight = { cluster, reader, ref, clock, pace: new Pace(clock, READ_BYTES_PER_SECOND) }
  const known = new Map<string, SalvagePosition>()
  const from = await logStart(cluster, ref, signal)
  for await (const { records } of committedRecords(sight, { from, to: end }, signal)) {
    for (const { key, value } of records) {
      const text = key?.toString() ?? ''
      if (text.startsWith(prefix) && value !== null) known.set(text, JSON.parse(value.toString()) as SalvagePosition)
    }
  }
  return { ref, known }
}

export function positionRecord(key: string, position: SalvagePosition, timestamp: number): NewRecord {
  return { timestamp, key: Buffer.from(key), value: Buffer.from(JSON.stringify(position)) }
}

function topicOf(brokers: number) {
  const configs = { 'cleanup.policy': 'compact', 'segment.bytes': String(16 * 1024 * 1024) }
  return ownTopic({ topic: POSITIONS_TOPIC, partitions: 1, brokers, configs })
}
