import { type Fault, isFault } from '../../core/index.ts'
import { type BatchHeader, isControl, lastOffset, readBatches } from '../../kafka/index.ts'
import { type FlowMap, isInSequence, isSameProducer, type OffsetRange } from '../offset-map/index.ts'
import type { Flow } from './flow.ts'
import type { PartitionRef, RawReader } from './raw-reader.ts'
import { diverged, readTail } from './tail.ts'

/**
 * Which records of a target partition are not ours, once something has shown that some are not.
 *
 * Up to the first foreign batch, every data batch carries a producer on record and stands where its sequence says; from
 * there on none does, since whatever we sent later was moved on by the foreign records. So the first one is found by
 * bisection, however long the log. From there the batches are read, as many as `SCAN_BYTES_MAX` allows.
 */
export interface ForeignRecords {
  /** From the first foreign record to behind the last; ours may stand in between. */
  readonly range: OffsetRange
  /** How many offsets of that are foreign, at least. */
  readonly offsets: number
  /** Such as `producer 4711 epoch 0`, the first few. */
  readonly writers: readonly string[]
}

export interface TargetLogSight {
  readonly reader: RawReader
  readonly ref: PartitionRef
  readonly map: FlowMap
  /** Log start and end. */
  readonly start: number
  readonly end: number
  /** Markers of these stand there by right. */
  readonly isOurs: (producerId: bigint) => boolean
}

const SCAN_BYTES = 1024 * 1024
const SCAN_BYTES_MAX = 64 * SCAN_BYTES
const WRITERS_MAX = 5

/** Undefined where every batch is ours and in its place. */
export async function findForeign(
  flow: Flow,
  sight: TargetLogSight,
  signal: AbortSignal,
): Promise<ForeignRecords | undefined> {
  let low = sight.start
  let high = sight.end
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (await isInPlaceUpTo(flow, sight, middle, signal)) low = middle + 1
    else high = middle
  }
  return low >= sight.end ? undefined : scan(sight, low, signal)
}

/** The fault with what was found instead of what showed it. */
export function describeForeign(flow: Flow, { range, offsets, writers }: ForeignRecords): Fault {
  const where = `${offsets} foreign records from offset ${range.from} to ${(range.to ?? 0) - 1}`
  return diverged(flow.spec, `${where}, written by ${writers.join(', ')}`)
}

/** Whether the last data batch at or below an offset is ours and where it belongs. */
async function isInPlaceUpTo(flow: Flow, sight: TargetLogSight, offset: number, signal: AbortSignal): Promise<boolean> {
  const { reader, ref, start, map, isOurs } = sight
  try {
    const tail = await readTail(reader, ref, { start, end: offset + 1 }, { spec: flow.spec, isOurs }, signal)
    return tail.lastBatch === undefined || isInPlace(map, tail.lastBatch.header)
  } catch (error) {
    if (isFault(error, 'FLOW_DIVERGED')) return false
    throw error
  }
}

function isInPlace(map: FlowMap, { producerId, producerEpoch, baseOffset, baseSequence }: BatchHeader): boolean {
  const epochStart = map.epochStartOf({ producerId, producerEpoch }, baseOffset)
  return epochStart !== undefined && isInSequence(epochStart, baseOffset, baseSequence)
}

async function scan(sight: TargetLogSight, from: number, signal: AbortSignal): Promise<ForeignRecords | undefined> {
  const { reader, ref, end } = sight
  const writers = new Set<string>()
  let first: number | undefined
  let last = from
  let offsets = 0
  for (let at = from, scanned = 0; at < end && scanned < SCAN_BYTES_MAX; ) {
    const { records } = await reader.read(ref, { offset: at, maxBytes: SCAN_BYTES }, signal)
    const before = at
    for (const header of readBatches(records)) {
      if (at >= end) break
      at = Math.max(at, lastOffset(header) + 1)
      if (isFromUs(sight, header)) continue
      first ??= header.baseOffset
      last = lastOffset(header) + 1
      offsets += last - header.baseOffset
      if (writers.size < WRITERS_MAX) writers.add(describeWriter(header))
    }
    scanned += records.length
    if (at === before) break
  }
  return first === undefined ? undefined : { range: { from: first, to: last }, offsets, writers: [...writers] }
}

/** Ours, moved on or not. */
function isFromUs({ map, isOurs }: TargetLogSight, header: BatchHeader): boolean {
  if (isControl(header)) return isOurs(header.producerId)
  return map.recordedProducers.some((producer) => isSameProducer(producer, header))
}

function describeWriter({ producerId, producerEpoch }: BatchHeader): string {
  return producerId < 0n ? 'a producer without an id' : `producer ${producerId} epoch ${producerEpoch}`
}
