import type { Clock, Random } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { Flow } from '../flows/flow.ts'
import { highWatermark, logStart } from '../flows/log-ends.ts'
import { sourceRef, targetRef } from '../flows/places.ts'
import type { PartitionRef, RawReader } from '../flows/raw-reader.ts'
import type { FlowMap } from '../offset-map/index.ts'
import { CompactionJudge, type Side } from './compaction-judge.ts'
import { compareLogs, differenceOf } from './compare-logs.ts'
import { type CommittedLogContext, type OffsetRange, readCommitted } from './committed-log.ts'
import type { Pace } from './pace.ts'
import { type Difference, type MutableCounts, noCounts, type PartitionReport } from './report.ts'
import type { VerificationScope } from './report.ts'
import { type Comparable, rangesOf } from './scope-ranges.ts'
import { SideCursor } from './side-cursor.ts'

export interface VerifyFlowContext {
  readonly source: Cluster
  readonly target: Cluster
  readonly sourceReader: RawReader
  readonly targetReader: RawReader
  readonly pace: Pace
  readonly clock: Clock
  readonly random: Random
  readonly scope: VerificationScope
  readonly isCompacted: boolean
  /** Source offset up to which the flow was found equal before. */
  readonly verifiedTo: number | undefined
  /** As a report had it before: its ranges are kept, and what was compared of them. */
  readonly resume: PartitionReport | undefined
  onProgress(progress: FlowProgress): void
}

/** Of one flow; only the last word on it says how it ended. */
export interface FlowProgress extends MutableCounts {
  readonly from: number
  readonly to: number
  readonly next: number
  readonly first: Difference | null
}

/**
 * Compares what a scope means of one flow, as far as it is acknowledged now. Both sides are read over connections of
 * their own. Faults: VERIFY_NOT_READY, VERIFY_TOO_MANY_KEYS, those of reading and of records.
 */
export async function verifyFlow(flow: Flow, context: VerifyFlowContext, signal: AbortSignal): Promise<FlowProgress> {
  const { map, comparable } = await findComparable(flow, context, signal)
  const ranges = await plannedRanges(flow, map, comparable, context, signal)
  const from = ranges[0]?.from ?? comparable.to
  const to = ranges.at(-1)?.to ?? comparable.to
  const resumed = resumable(context)
  const counts: MutableCounts = resumed === undefined ? noCounts() : countsOf(resumed)
  let first: Difference | null = resumed?.first ?? null
  let next = from
  const judge = context.isCompacted ? new CompactionJudge() : undefined
  const tell = () => context.onProgress({ ...counts, from: resumed?.from ?? from, to, next, first })
  const onDifference = (difference: Difference) => {
    if (first === null || difference.sourceOffset < first.sourceOffset) first = difference
  }
  const readSide = (side: Side, range: OffsetRange) =>
    readCommitted(
      sideContext(side === 'source' ? sourceRef(flow.spec) : targetRef(flow.spec), side, context),
      range,
      signal,
    )
  const sourceStart = () => logStart(context.source, sourceRef(flow.spec), signal)
  tell()
  for (const range of ranges) {
    const begin = await map.findTarget(range.from, signal, comparable.copied)
    const end = await map.findTarget(range.to, signal, comparable.copied)
    const targetRange = { from: begin.offset, to: end.offset }
    await compareLogs(
      {
        source: new SideCursor(readSide('source', range), range),
        target: new SideCursor(readSide('target', targetRange), targetRange),
        map,
        judge,
        changesHeaders: flow.sieve.changesHeaders,
        sourceStart,
        counts,
        onDifference,
        onProgress: (sourceNext) => {
          // What compaction may excuse later is not settled yet.
          if (judge === undefined) next = sourceNext
          tell()
        },
      },
      signal,
    )
  }
  for (const lacking of await secondLook(flow, judge, context, readSide, signal)) {
    if (lacking.side === 'target') counts.missing++
    else counts.extra++
    onDifference(differenceOf(lacking))
  }
  counts.superseded += judge?.superseded ?? 0
  return { ...counts, from: resumed?.from ?? from, to, next: to, first }
}

async function secondLook(
  flow: Flow,
  judge: CompactionJudge | undefined,
  context: VerifyFlowContext,
  readSide: (side: Side, range: OffsetRange) => ReturnType<typeof readCommitted>,
  signal: AbortSignal,
) {
  if (judge === undefined || judge.isIdle) return []
  const rangeOf = async (cluster: Cluster, ref: PartitionRef): Promise<OffsetRange> => {
    return { from: await logStart(cluster, ref, signal), to: await highWatermark(cluster, ref, signal) }
  }
  const ranges = {
    source: await rangeOf(context.source, sourceRef(flow.spec)),
    target: await rangeOf(context.target, targetRef(flow.spec)),
  }
  return judge.resolve((side) => readSide(side, ranges[side]))
}

async function findComparable(
  flow: Flow,
  context: VerifyFlowContext,
  signal: AbortSignal,
): Promise<{ map: FlowMap; comparable: Comparable }> {
  // A tenure that has ended knows nothing of what another replicator copies since.
  const map = flow.tenure?.signal.aborted === false ? flow.tenure.map.flow(flow.spec.key) : undefined
  const { sourceDone: source, targetDone: target } = flow
  if (map === undefined || source === null || target === null) {
    const { topic, partition } = flow.spec.key
    throw replicationFaults.fault('VERIFY_NOT_READY', { topic, partition, reason: flow.reason })
  }
  const start = await logStart(context.source, sourceRef(flow.spec), signal)
  const from = Math.min(source, Math.max(start, map.firstSegment.source))
  return { map, comparable: { from, to: source, copied: { source, target } } }
}

async function plannedRanges(
  flow: Flow,
  map: FlowMap,
  comparable: Comparable,
  context: VerifyFlowContext,
  signal: AbortSignal,
): Promise<OffsetRange[]> {
  const resumed = resumable(context)
  if (resumed !== undefined) {
    const from = Math.max(comparable.from, resumed.next ?? comparable.from)
    return [{ from, to: Math.max(from, Math.min(comparable.to, resumed.to ?? comparable.to)) }]
  }
  const { scope, source, verifiedTo, random, clock } = context
  const at = sourceRef(flow.spec)
  return rangesOf(scope, comparable, { source, at, map, verifiedTo, random, nowMs: clock.nowMs() }, signal)
}

/** Samples, and topics that are compacted, begin anew: what they had open is not part of a report. */
function resumable({ resume, scope, isCompacted }: VerifyFlowContext): PartitionReport | undefined {
  const hasBegun = resume !== undefined && resume.next !== null && resume.to !== null
  return hasBegun && scope.kind !== 'sample' && !isCompacted ? resume : undefined
}

function countsOf(report: PartitionReport): MutableCounts {
  const names = Object.keys(noCounts()) as (keyof MutableCounts)[]
  return Object.fromEntries(names.map((name) => [name, report[name]])) as unknown as MutableCounts
}

function sideContext(ref: PartitionRef, side: Side, context: VerifyFlowContext): CommittedLogContext {
  const { clock, pace, source, target } = context
  const cluster = side === 'source' ? source : target
  const reader = side === 'source' ? context.sourceReader : context.targetReader
  return { reader, ref, clock, pace, logStart: (signal) => logStart(cluster, ref, signal) }
}
