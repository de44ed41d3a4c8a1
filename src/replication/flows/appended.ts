import { type BatchHeader, isControl, lastOffset, type ProducerIdentity, readBatches } from '../../kafka/index.ts'
import {
  type AttributedSegment,
  type FlowMap,
  isInSequence,
  isSameProducer,
  SEGMENT_CAUSES,
  segmentsBetween,
} from '../offset-map/index.ts'
import type { FlowSpec } from './flow.ts'
import type { PartitionRef, RawReader } from './raw-reader.ts'
import { diverged, readBatchBefore } from './tail.ts'

/**
 * What was appended in an epoch whose answers did not all come, and whether it is ours and in its place.
 *
 * A high watermark alone says how many records there are, not whose: a foreign append, or a marker that a coordinator
 * wrote a second time (measured), would be counted as a record of the source, and that record never copied. Every
 * batch carries its sequence, which is its expected offset less the epoch's start. Where the last one is in sequence,
 * nothing stands between it and the start that does not belong there. Where it is not, the batches since the last
 * acknowledged one are read: markers of our own producer shift what is behind them, anything else has diverged.
 */
export interface Shift {
  /** First target offset behind the marker. */
  readonly at: number
  /** How much further than planned everything from there on is, all markers of the epoch together. */
  readonly by: number
}

const SCAN_BYTES = 1024 * 1024

interface Epoch {
  readonly spec: FlowSpec
  readonly identity: ProducerIdentity
  readonly epochStart: number
  /** Every target offset below is known to be ours. */
  readonly acknowledged: number
  readonly end: number
}

/** Shifts in the order of the log. Fault FLOW_DIVERGED where anything between `acknowledged` and `end` is not ours. */
export async function findShifts(
  reader: RawReader,
  ref: PartitionRef,
  epoch: Epoch,
  signal: AbortSignal,
): Promise<Shift[]> {
  const { epochStart, acknowledged, end } = epoch
  if (end === epochStart) return []
  const last = await readBatchBefore(reader, ref, end, signal)
  if (last === undefined || isInPlace(last.header, epoch, 0)) return []
  if (end <= acknowledged) throw notOurs(epoch.spec, last.header.baseOffset)

  const shifts: Shift[] = []
  let by = 0
  for (let at = acknowledged; at < end; ) {
    const from = at
    const { records } = await reader.read(ref, { offset: at, maxBytes: SCAN_BYTES }, signal)
    for (const header of readBatches(records)) {
      if (at >= end) break
      at = lastOffset(header) + 1
      if (isControl(header) && header.producerId === epoch.identity.producerId) by += at - header.baseOffset
      else if (!isInPlace(header, epoch, by)) throw notOurs(epoch.spec, header.baseOffset)
      else if (by > shiftedBy(shifts)) shifts.push({ at: header.baseOffset, by })
    }
    if (at === from) throw notOurs(epoch.spec, at)
  }
  if (by > shiftedBy(shifts)) shifts.push({ at: end, by })
  return shifts
}

/** By how much the end is shifted. */
export function shiftedBy(shifts: readonly Shift[]): number {
  return shifts.at(-1)?.by ?? 0
}

function isInPlace(header: BatchHeader, { identity, epochStart }: Epoch, by: number): boolean {
  const isOurs = !isControl(header) && isSameProducer(header, identity)
  return isOurs && isInSequence(epochStart + by, header.baseOffset, header.baseSequence)
}

/**
 * Segments for each shift that has records behind it, in the order of the log, up to the next shift or `end`: what the
 * map had planned, moved on. They have to be worked out before any of them is appended, which truncates the map.
 */
export async function segmentsOfShifts(
  map: FlowMap,
  shifts: readonly Shift[],
  end: number,
  signal: AbortSignal,
): Promise<AttributedSegment[][]> {
  const moved: AttributedSegment[][] = []
  for (const [index, { at, by }] of shifts.entries()) {
    if (at >= end) break
    const planned = at - by
    const plannedEnd = (shifts[index + 1]?.at ?? end) - (shifts[index + 1]?.by ?? by)
    const { offset: source } = await map.findSource(planned, signal)
    const copied = await map.findEnd(planned, signal)
    const before = shifts[index - 1]?.by ?? 0
    const next: AttributedSegment = { source, target: at, causes: SEGMENT_CAUSES.marker }
    const segments = [...segmentsBetween({ source: copied.source, target: planned + before }, next)]
    for await (const segment of map.segments(signal)) {
      const isBehind = segment.source > source && segment.target > planned
      if (isBehind && segment.target < plannedEnd) segments.push({ ...segment, target: segment.target + by })
    }
    moved.push(segments)
  }
  return moved
}

function notOurs(spec: FlowSpec, offset: number) {
  return diverged(spec, `offset ${offset} holds something that this epoch did not send`)
}
