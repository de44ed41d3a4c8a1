import {
  type BatchHeader,
  decodeRecords,
  type DecodedRecord,
  isControl,
  lastOffset,
  readBatch,
} from '../../kafka/index.ts'
import { type FlowMap, isInSequence } from '../offset-map/index.ts'
import { replicationFaults } from '../faults.ts'
import type { FlowSpec } from './flow.ts'
import type { PartitionRef, RawReader } from './raw-reader.ts'

/**
 * The end of a target partition, read behind the fence: where its last data batch ends, and whether it is ours.
 * Control batches of producers on record for the shard are markers of takeovers: they are stepped over, however many.
 *
 * The target's compaction takes markers of older epochs, and tombstones. What it has left of a tail may end before the
 * data did; it must not end behind it, or as many records of the source would be skipped. So behind `explainedTo`, up to
 * which the map tells the two apart, a hole counts as markers: a tombstone that is gone from there is copied again.
 */
export interface Tail {
  /** End of the last data batch: the target offset to invert. */
  readonly dataEnd: number
  /** Undefined where the log holds no data. */
  readonly lastBatch: { readonly header: BatchHeader; readonly buffer: Buffer } | undefined
}

/** Each takeover leaves one marker or a few; a partition that holds more in a row is not one of ours. */
const MARKERS_MAX = 10_000

export async function readTail(
  reader: RawReader,
  ref: PartitionRef,
  range: { start: number; end: number; explainedTo?: number },
  context: { spec: FlowSpec; isOurs(producerId: bigint): boolean; isMatched?(targetOffset: number): boolean },
  signal: AbortSignal,
): Promise<Tail> {
  const from = Math.max(range.start, range.explainedTo ?? 0)
  let end = range.end
  for (let markers = 0; end > range.start; markers++) {
    let batch = await readBatchBefore(reader, ref, end, signal)
    if (batch === undefined) {
      if (end <= from) break
      batch = await readBatchBeforeHole(reader, ref, { start: from, end }, signal)
      if (batch === undefined) return { dataEnd: from, lastBatch: undefined }
      end = Math.min(end, lastOffset(batch.header) + 1)
    }
    if (!isControl(batch.header)) {
      return { dataEnd: end, lastBatch: batch }
    }
    const { producerId, baseOffset } = batch.header
    if (!context.isOurs(producerId) && context.isMatched?.(baseOffset) !== true) {
      throw diverged(
        context.spec,
        `a control record of unknown producer ${producerId} at offset ${batch.header.baseOffset}`,
      )
    }
    if (markers > MARKERS_MAX)
      throw diverged(context.spec, `more than ${MARKERS_MAX} markers in a row end at ${range.end}`)
    end = batch.header.baseOffset
  }
  return { dataEnd: Math.max(end, range.start), lastBatch: undefined }
}

/** The last data batch must carry a producer on record, at the place its sequence says. Fault FLOW_DIVERGED else. */
export function checkTailIsOurs(spec: FlowSpec, map: FlowMap, header: BatchHeader): void {
  const { producerId, producerEpoch, baseOffset, baseSequence } = header
  // Compared record by record when the map was made.
  if (map.isMatched(baseOffset)) return
  const epochStart = map.epochStartOf({ producerId, producerEpoch }, baseOffset)
  if (epochStart !== undefined && isInSequence(epochStart, baseOffset, baseSequence)) return
  throw diverged(
    spec,
    `the batch at offset ${baseOffset} was written by producer ${producerId} epoch ${producerEpoch} sequence ${baseSequence}, ` +
      (epochStart === undefined
        ? 'which is not on record there'
        : `whose epoch is on record as starting at ${epochStart}`),
  )
}

export type Seam = 'equal' | 'gone'

/**
 * The last target record and the source record it maps to must have the same timestamp, key, value and headers.
 * `gone` where one side no longer has it (compacted or deleted). Fault FLOW_DIVERGED where they differ.
 */
export async function checkSeam(
  reader: RawReader,
  ref: PartitionRef,
  context: {
    spec: FlowSpec
    sourceOffset: number
    lastBatch: NonNullable<Tail['lastBatch']>
    sourceStart: number
    /** The link changes headers, or did: they are not compared. */
    changesHeaders: boolean
  },
  signal: AbortSignal,
): Promise<Seam> {
  const { spec, sourceOffset, lastBatch } = context
  if (sourceOffset < context.sourceStart) return 'gone'
  const target = decodeRecords(lastBatch.buffer, lastBatch.header).at(-1)
  // Compaction keeps the end of a batch whose last record it took.
  if (target?.offset !== lastOffset(lastBatch.header)) return 'gone'
  const fetched = await reader.read(ref, { offset: sourceOffset, maxBytes: 1 }, signal)
  const header = readBatch(fetched.records, 0)
  if (header === undefined || fetched.errorCode !== 0) return 'gone'
  const source = decodeRecords(fetched.records, header).find((record) => record.offset === sourceOffset)
  if (source === undefined || isControl(header)) return 'gone'
  if (areEqual(source, target, context)) return 'equal'
  throw diverged(
    spec,
    `target offset ${lastOffset(lastBatch.header)} does not hold the record of source offset ${sourceOffset}`,
  )
}

/** The batch that holds offset `end - 1`, or one behind it that begins below `limit`; undefined where there is none. */
export async function readBatchBefore(
  reader: RawReader,
  ref: PartitionRef,
  end: number,
  signal: AbortSignal,
  limit = end,
) {
  const fetched = await reader.read(ref, { offset: end - 1, maxBytes: 1 }, signal)
  const header = fetched.errorCode === 0 ? readBatch(fetched.records, 0) : undefined
  return header === undefined || header.baseOffset >= limit ? undefined : { header, buffer: fetched.records }
}

/** The same where compaction took what held `end - 1`: by bisection, since a log is read forwards only. */
async function readBatchBeforeHole(
  reader: RawReader,
  ref: PartitionRef,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal,
) {
  let found: Awaited<ReturnType<typeof readBatchBefore>>
  for (let low = start, high = end - 1; low < high; ) {
    const middle = Math.floor((low + high) / 2)
    const batch = await readBatchBefore(reader, ref, middle + 1, signal, end)
    if (batch === undefined) high = middle
    else {
      found = batch
      low = lastOffset(batch.header) + 1
    }
  }
  return found
}

/** Log-append-time sources reach the target with the append time as the record's own: `timestamp` covers both. */
function areEqual(a: DecodedRecord, b: DecodedRecord, { changesHeaders }: { changesHeaders: boolean }): boolean {
  return (
    a.timestamp === b.timestamp &&
    isSameBytes(a.key, b.key) &&
    isSameBytes(a.value, b.value) &&
    (changesHeaders || haveSameHeaders(a, b))
  )
}

function haveSameHeaders(a: DecodedRecord, b: DecodedRecord): boolean {
  if (a.headers.length !== b.headers.length) return false
  return a.headers.every(([name, value], index) => {
    const other = b.headers[index]
    return other !== undefined && String(name) === String(other[0]) && isSameBytes(value, other[1])
  })
}

function isSameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}

export function diverged(spec: FlowSpec, evidence: string) {
  const { targetTopic, partition } = spec.key
  return replicationFaults.fault('FLOW_DIVERGED', { targetTopic, partition, evidence })
}
