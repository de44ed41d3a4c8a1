/**
 * What a region holds that no other one has, once it comes back from having been lost: per partition, whatever stands
 * behind the end of the copies that were made from it. Nothing is changed.
 *
 * Keys are compared with what was written on the active region since: those are in conflict, and replaying the older
 * value over the newer one is rarely what is wanted. A transaction that was copied in part is named by what is left of
 * it: a producer whose transaction began before the end of the copy and was committed behind it.
 *
 * Bounded: keys are remembered up to a limit, beyond which the report says that it does not compare all of them.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../core/index.ts'
import { type Cluster, decodeRecords, isTransactional } from '../../kafka/index.ts'
import { highWatermark, logStart, stableEnd } from '../flows/log-ends.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import { readCommitted } from '../verification/committed-log.ts'
import { Pace } from '../verification/pace.ts'

export interface DivergenceScan {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly ref: PartitionRef
  /** Where the copies from it ended. */
  readonly from: number
  /** The active region's partition, from where it went on by itself; undefined: keys are not compared. */
  readonly active:
    | { readonly cluster: Cluster; readonly reader: RawReader; readonly ref: PartitionRef; readonly from: number }
    | undefined
  readonly clock: Clock
  readonly bytesPerSecond: number
}

export interface Divergence {
  readonly topic: string
  readonly partition: number
  /** Offsets `[from, to)`, markers and aborted records included. */
  readonly from: number
  readonly to: number
  /** Committed records of applications. */
  readonly records: number
  readonly bytes: number
  /** Of the records' timestamps; null where there are none. */
  readonly firstTimestampMs: number | null
  readonly lastTimestampMs: number | null
  /** Offset of the first record, null where there is none. */
  readonly firstOffset: number | null
  /** The first few different keys, as text; null for records without one. */
  readonly sampleKeys: readonly (string | null)[]
  /** Different keys that were written on the active region as well. */
  readonly keysInConflict: number
  /** Whether every key could be compared. */
  readonly areAllKeysCompared: boolean
  /** Producers of transactional records among them: their transactions may be on the active region in part. */
  readonly transactionalProducers: readonly string[]
  /** SHA-256 over keys and values of the records in their order: what an export has to come to. */
  readonly digest: string
}

const SAMPLE_KEYS = 10
const KEYS_MAX = 200_000
const PRODUCERS_MAX = 20
const KEY_TEXT_MAX = 200

interface Seen {
  records: number
  bytes: number
  firstTimestampMs: number | null
  lastTimestampMs: number | null
  firstOffset: number | null
  readonly sample: (string | null)[]
  readonly keys: Set<string>
  isOverfull: boolean
  readonly producers: Set<string>
}

export async function scanDivergence(scan: DivergenceScan, signal: AbortSignal): Promise<Divergence> {
  const { cluster, ref, from, active } = scan
  const to = await highWatermark(cluster, ref, signal)
  const seen: Seen = {
    records: 0,
    bytes: 0,
    firstTimestampMs: null,
    lastTimestampMs: null,
    firstOffset: null,
    sample: [],
    keys: new Set(),
    isOverfull: false,
    producers: new Set(),
  }
  const digest = createHash('sha256')
  const stable = await stableEnd(cluster, ref, signal)
  for await (const { header, record } of recordsOf(scan, scan, { from, to: stable }, signal)) {
    note(seen, record)
    if (isTransactional(header) && seen.producers.size < PRODUCERS_MAX) {
      seen.producers.add(`${header.producerId} epoch ${header.producerEpoch}`)
    }
    for (const part of [record.key, record.value]) digest.update(framed(part))
  }
  const conflicts = active === undefined ? new Set() : await findConflicts(scan, active, seen.keys, signal)
  const { records, bytes, firstTimestampMs, lastTimestampMs, firstOffset } = seen
  return {
    topic: ref.topic,
    partition: ref.partition,
    from,
    to: Math.max(from, to),
    records,
    bytes,
    firstTimestampMs,
    lastTimestampMs,
    firstOffset,
    sampleKeys: seen.sample,
    keysInConflict: conflicts.size,
    areAllKeysCompared: active !== undefined && !seen.isOverfull,
    transactionalProducers: [...seen.producers],
    digest: digest.digest('hex'),
  }
}

interface Log {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly ref: PartitionRef
}

async function* recordsOf(
  { cluster, reader, ref }: Log,
  { clock, bytesPerSecond }: Pick<DivergenceScan, 'clock' | 'bytesPerSecond'>,
  range: { readonly from: number; readonly to: number },
  signal: AbortSignal,
) {
  if (range.from >= range.to) return
  const pace = new Pace(clock, bytesPerSecond)
  const log = { reader, ref, clock, pace, logStart: () => logStart(cluster, ref, signal) }
  for await (const { header, buffer, from } of readCommitted(log, range, signal)) {
    for (const record of decodeRecords(buffer, header)) {
      if (record.offset >= from && record.offset < range.to) yield { header, record }
    }
  }
}

function note(
  seen: Seen,
  { offset, timestamp, key, value }: { offset: number; timestamp: number; key: Buffer | null; value: Buffer | null },
): void {
  seen.records++
  seen.bytes += (key?.length ?? 0) + (value?.length ?? 0)
  seen.firstOffset ??= offset
  seen.firstTimestampMs = Math.min(seen.firstTimestampMs ?? timestamp, timestamp)
  seen.lastTimestampMs = Math.max(seen.lastTimestampMs ?? timestamp, timestamp)
  const text = key === null ? null : key.toString('utf8').slice(0, KEY_TEXT_MAX)
  if (seen.sample.length < SAMPLE_KEYS && !seen.sample.includes(text)) seen.sample.push(text)
  if (key === null) return
  if (seen.keys.size < KEYS_MAX) seen.keys.add(key.toString('latin1'))
  else seen.isOverfull ||= !seen.keys.has(key.toString('latin1'))
}

async function findConflicts(
  scan: DivergenceScan,
  active: Log & { readonly from: number },
  keys: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const conflicts = new Set<string>()
  if (keys.size === 0) return conflicts
  const range = { from: active.from, to: await stableEnd(active.cluster, active.ref, signal) }
  for await (const { record } of recordsOf(active, scan, range, signal)) {
    const key = record.key?.toString('latin1')
    if (key !== undefined && keys.has(key)) conflicts.add(key)
    if (conflicts.size === keys.size) break
  }
  return conflicts
}

/** With its length in front, so that no two lists of parts have the same bytes. */
function framed(part: Buffer | null): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(part?.length ?? -1)
  return part === null ? length : Buffer.concat([length, part])
}
