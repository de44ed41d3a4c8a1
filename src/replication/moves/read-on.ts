import type { Clock } from '../../core/index.ts'
import { type BatchHeader, type Cluster, type DecodedRecord, decodeRecords, lastOffset } from '../../kafka/index.ts'
import { logStart } from '../flows/log-ends.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import { readCommitted } from '../verification/committed-log.ts'
import type { Pace } from '../verification/pace.ts'

/** A partition of a region, to be read. */
export interface LogSight {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly ref: PartitionRef
  readonly clock: Clock
  readonly pace: Pace
}

/** How far a range has been read. */
export interface Reading {
  at: number
  readonly to: number
}

/** Takes committed records in, batch by batch, until the range is read or the time has come; true once it is read. */
export async function readOn(
  sight: LogSight,
  reading: Reading,
  untilMs: number,
  take: (record: DecodedRecord, header: BatchHeader) => void,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { header, records } of committedRecords(sight, { from: reading.at, to: reading.to }, signal)) {
    for (const record of records) take(record, header)
    reading.at = Math.min(reading.to, lastOffset(header) + 1)
    if (sight.clock.monotonicMs() >= untilMs) return reading.at >= reading.to
  }
  reading.at = reading.to
  return true
}

/** The committed records of applications in a range, batch by batch. */
export async function* committedRecords(
  { cluster, reader, ref, clock, pace }: LogSight,
  range: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): AsyncGenerator<{ readonly header: BatchHeader; readonly records: readonly DecodedRecord[] }> {
  if (range.from >= range.to) return
  const log = { reader, ref, clock, pace, logStart: () => logStart(cluster, ref, signal) }
  for await (const { header, buffer, from } of readCommitted(log, range, signal)) {
    const records = [...decodeRecords(buffer, header)].filter(({ offset }) => offset >= from && offset < range.to)
    yield { header, records }
  }
}
