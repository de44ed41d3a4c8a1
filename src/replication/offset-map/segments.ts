/**
 * The relation of one flow's source offsets to its target offsets, as a sorted list of segments.
 *
 * Inside a segment both sides run in step. A hole, on either side, is expressed by nothing but the place where the next
 * segment begins: the segment before it ends where the first of the two sides reaches that place. That is exact for a
 * hole on one side. Where both sides have a hole at the same place, a second segment, the corner, has to say where it
 * begins; `segmentsBetween` writes it, and every writer takes its segments from there.
 */

/** From these offsets on, source and target run in step until the next segment begins. Both are record offsets. */
export interface Segment {
  readonly source: number
  readonly target: number
}

/** A segment with what was found between it and the record before: a sum of `SEGMENT_CAUSES`. */
export interface AttributedSegment extends Segment {
  readonly causes: number
}

/** Why a segment begins. Sums of these attribute every offset that has no counterpart on the other side. */
export const SEGMENT_CAUSES = {
  /** An owner went on here, after a takeover or an error in its epoch. */
  resume: 1,
  /** Control records of the source's transactions. */
  control: 2,
  /** Records of aborted transactions. */
  aborted: 4,
  /** Offsets that the source's compaction emptied. */
  compacted: 8,
  /** Abort markers on the target, left by our own fences. */
  marker: 16,
  /** Records that the source no longer had when they were to be copied. */
  loss: 32,
  /** Records that a filter or transform left out. */
  filtered: 64,
  /** Records that the target refused, kept in the quarantine topic. */
  quarantined: 128,
  /** The map from here on was found by comparing the records of both logs. */
  matched: 256,
  /** The copy ended here: behind it the target goes on with records of its own, or of another copy. */
  closed: 512,
  /** Together with `closed`: the target has become the active region. */
  promoted: 2048,
  /** The map up to here was worked out from the maps of other copies, when the direction changed. */
  turned: 1024,
  /** Records that the target has of its own, from when it was lost, and that stay although the source lacks them. */
  kept: 4096,
} as const

export type SegmentCause = keyof typeof SEGMENT_CAUSES

/** Where a copy ended on both sides: the first offsets that it has nothing to do with. */
export interface Closing extends Segment {
  /** The target has become the active region. */
  readonly isPromoted: boolean
}

/** Whether the copy ended with a segment. */
export function closingOf({ source, target, causes }: AttributedSegment): Closing | undefined {
  if ((causes & SEGMENT_CAUSES.closed) === 0) return undefined
  return { source, target, isPromoted: (causes & SEGMENT_CAUSES.promoted) !== 0 }
}

/** The causes in a sum, in the order of `SEGMENT_CAUSES`. */
export function causesIn(sum: number): SegmentCause[] {
  return (Object.keys(SEGMENT_CAUSES) as SegmentCause[]).filter((cause) => (sum & SEGMENT_CAUSES[cause]) !== 0)
}

/**
 * The segments that have to be in the map before the record at `next` is sent; empty while it only continues the run.
 *
 * @param end - just behind the last record copied, on both sides; never moved on over a hole
 * @param next - where the next record is read and where it will be written
 */
export function segmentsBetween<Next extends Segment>(end: Segment, next: Next): Next[] {
  const hasSourceHole = next.source > end.source
  const hasTargetHole = next.target > end.target
  if (hasSourceHole && hasTargetHole) return [{ ...next, source: end.source }, next]
  return hasSourceHole || hasTargetHole ? [next] : []
}

/**
 * True where a held segment cannot stand beside a newer entry that begins at `first`. A held segment with the same
 * target and a smaller source stays: it is the corner of a hole that the newer entry continues.
 */
export function isOverruled(held: Segment, first: Segment): boolean {
  return held.source >= first.source || held.target > first.target
}

/** True for sources that ascend strictly and targets that never descend. */
export function isAscending(segments: readonly Segment[]): boolean {
  return segments.every((segment, index) => {
    const before = segments[index - 1]
    return before === undefined || (segment.source > before.source && segment.target >= before.target)
  })
}

/** Target to source, from source to target. Exact for every record; holes change sides. */
export function invert(segments: Iterable<Segment>): Segment[] {
  return segmentsOf(invertRuns([...runsOf(segments)]))
}

/**
 * B to C, from A to B and A to C: the map of a third region after a switchover from A to B. A record of B that C does
 * not have becomes a hole of the source, one of C that B does not have a hole of the target. Both inputs are unbounded
 * at their end and so is the answer: the caller clamps it to what both regions hold.
 */
export function compose(toB: Iterable<Segment>, toC: Iterable<Segment>): Segment[] {
  return segmentsOf(joinRuns([...runsOf(toB)], [...runsOf(toC)]))
}

/** Records that lie side by side on both sides; never empty, and only the last one has no end. */
export interface Run extends Segment {
  readonly length: number
}

/** What segments say, run by run. With `end`, nothing at or behind it on either side. */
export function* runsOf(segments: Iterable<Segment>, end?: Segment): Generator<Run> {
  let open: Segment | undefined
  for (const next of segments) {
    const run = open && runUpTo(open, next, end)
    if (run !== undefined) yield run
    open = next
  }
  const last = open && runUpTo(open, end ?? UNBOUNDED, end)
  if (last !== undefined) yield last
}

const UNBOUNDED: Segment = { source: Number.POSITIVE_INFINITY, target: Number.POSITIVE_INFINITY }

function runUpTo({ source, target }: Segment, next: Segment, end: Segment = UNBOUNDED): Run | undefined {
  const length = Math.min(next.source, end.source) - source
  const both = Math.min(length, Math.min(next.target, end.target) - target)
  return both > 0 ? { source, target, length: both } : undefined
}

/** The segments of runs in order. */
export function segmentsOf(runs: Iterable<Run>): Segment[] {
  const segments: Segment[] = []
  let end: Segment | undefined
  for (const { source, target, length } of runs) {
    const start = { source, target }
    segments.push(...(end === undefined ? [start] : segmentsBetween(end, start)))
    end = { source: source + length, target: target + length }
  }
  return segments
}

/** The same runs, seen from the other side. */
export function invertRuns(runs: readonly Run[]): Run[] {
  return runs.map(({ source, target, length }) => ({ source: target, target: source, length }))
}

/** From the runs of A to B and of A to C those of B to C. */
export function joinRuns(toB: readonly Run[], toC: readonly Run[]): Run[] {
  const joined: Run[] = []
  let b = 0
  let c = 0
  for (;;) {
    const inB = toB[b]
    const inC = toC[c]
    if (inB === undefined || inC === undefined) return joined
    const from = Math.max(inB.source, inC.source)
    const endInB = inB.source + inB.length
    const endInC = inC.source + inC.length
    const length = Math.min(endInB, endInC) - from
    if (length > 0) {
      joined.push({ source: inB.target + from - inB.source, target: inC.target + from - inC.source, length })
    }
    if (endInB <= endInC) b += 1
    if (endInC <= endInB) c += 1
  }
}
