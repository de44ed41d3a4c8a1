import { invariant } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { IncidentLog } from '../incidents/incident-log.ts'
import { type AttributedSegment, type FlowMap, SEGMENT_CAUSES, segmentsBetween } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { findShifts, segmentsOfShifts, shiftedBy } from './appended.ts'
import type { Flow, FlowStart } from './flow.ts'
import { highWatermark, logEnd, logStart, offsetAtTime } from './log-ends.ts'
import type { PartitionRef, RawReader } from './raw-reader.ts'
import { checkSeam, checkTailIsOurs, readTail } from './tail.ts'

/**
 * Finds out where a flow goes on, from the target's log and the map that explains it; no other record of progress
 * exists. Two ways in:
 *  - `resume`: a new tenure. Everything is behind the fence; the tail is proved to be ours before it is trusted.
 *  - `recover`: the same epoch, after a lost connection or a refused batch. The high watermark tells what was appended,
 *    and the sequences in the log whether it is what was sent.
 * Both end with a map entry of their own, acknowledged before anything is sent: it truncates whatever was written
 * ahead and never sent.
 */
export interface PositionContext {
  readonly source: Cluster
  readonly target: Cluster
  readonly sourceReader: RawReader
  readonly targetReader: RawReader
  /** Where a flow begins that the map does not know. */
  readonly firstStart: FirstStart
  /** Where what is lost, or is not what it was, is put on record. */
  readonly incidents: IncidentLog
  nowMs(): number
  /** Offsets `[from, to)` were gone from the source before they could be copied. */
  onGap(flow: Flow, from: number, to: number): void
  /** The seam could not be compared because the source no longer has the record. */
  onSeamSkipped(flow: Flow): void
}

export type FirstStart = 'earliest' | 'latest' | { readonly timestampMs: number }

/** Waiting for replication to settle is a result, with a sentence for the operator. */
export type Recovery = FlowStart | { readonly waiting: string } | { readonly newEpoch: string }

export async function resumeFlow(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  signal: AbortSignal,
): Promise<FlowStart> {
  const at = targetOf(flow)
  await tenure.untilFenced(at)
  const appended = await logEnd(context.target, at, signal)
  const end = await highWatermark(context.target, at, signal)
  if (end < appended) throw notReplicated(flow, context, appended - end)
  const map = tenure.map.flow(flow.spec.key)
  // A target topic that was deleted and made again is empty: it is seeded like a new one.
  if (map === undefined || (end === 0 && map.facts.targetTopicId !== flow.spec.targetTopicId)) {
    if (end > 0) throw targetNotEmpty(flow, end)
    const first = await firstOffset(flow, context, signal)
    const segments = [{ source: first, target: 0, causes: SEGMENT_CAUSES.resume }]
    return record(flow, tenure, context, { segments, epochStart: 0 })
  }
  checkIdentity(flow, map)
  const start = await logStart(context.target, at, signal)
  const tail = await readTail(
    context.targetReader,
    targetRef(flow),
    { start, end },
    { spec: flow.spec, isOurs: (producerId) => isOurs(tenure, producerId) },
    signal,
  )
  if (tail.lastBatch !== undefined) checkTailIsOurs(flow.spec, map, tail.lastBatch.header)
  const position = await map.findSource(tail.dataEnd, signal)
  const begin = await withinSource(flow, map, position.offset, context, signal)
  const hasMarkers = tail.dataEnd < end
  const next = {
    source: begin.source,
    target: end,
    causes: SEGMENT_CAUSES.resume | begin.causes | (hasMarkers ? SEGMENT_CAUSES.marker : 0),
  }
  // A flow that was ended and made again under the same tenure: its sequence goes on.
  const ownStart = map.epochStartOf(tenure.identity, tail.dataEnd)
  const epochStart = ownStart === undefined ? end : ownStart + end - tail.dataEnd
  if (tail.lastBatch === undefined) {
    return recordBeginning(flow, tenure, context, { segments: [next], epochStart, begin })
  }

  const copied = await map.findEnd(tail.dataEnd, signal)
  const { spec } = flow
  if (copied.target !== tail.dataEnd) {
    const evidence = `its log ends at ${tail.dataEnd}, the map knows records up to ${copied.target}`
    const { targetTopic, partition } = spec.key
    throw replicationFaults.fault('FLOW_MAP_CONTRADICTS', { targetTopic, partition, evidence })
  }
  const seam = { spec, sourceOffset: copied.source - 1, lastBatch: tail.lastBatch, sourceStart: begin.sourceStart }
  const verdict = await checkSeam(context.sourceReader, sourceRef(flow), seam, signal)
  if (verdict === 'source-gone') context.onSeamSkipped(flow)
  // Where both sides have a hole here (dropped source offsets, and our markers), two segments say so exactly.
  const between = segmentsBetween(copied, next)
  const segments = between.length > 0 ? between : [next]
  return recordBeginning(flow, tenure, context, { segments, epochStart, begin })
}

export async function recoverFlow(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  signal: AbortSignal,
): Promise<Recovery> {
  const at = targetOf(flow)
  const appended = await logEnd(context.target, at, signal)
  const end = await highWatermark(context.target, at, signal)
  if (end < appended) return { waiting: `${appended - end} appended records are not replicated yet` }
  if (flow.outOfOrderStreak > 1) return { newEpoch: 'the broker refuses the sequence that its own log end asks for' }
  if (end < flow.epochStart) {
    return { newEpoch: `the target lost its tail: it ends at ${end}, below the epoch's start ${flow.epochStart}` }
  }
  const map = tenure.map.flow(flow.spec.key)
  invariant(map !== undefined, 'a flow that ran has a map')
  const acknowledged = flow.targetDone ?? end
  if (end < acknowledged) await checkTargetIsSame(flow, context, signal)
  const { spec, epochStart } = flow
  const epoch = { spec, identity: tenure.identity, epochStart, acknowledged, end }
  const shifts = await findShifts(context.targetReader, targetRef(flow), epoch, signal)
  const by = shiftedBy(shifts)
  const position = await map.findSource(end - by, signal)
  const begin = await withinSource(flow, map, position.offset, context, signal)
  const next = { source: begin.source, target: end, causes: SEGMENT_CAUSES.resume | begin.causes }
  const copied = await map.findEnd(end - by, signal)
  const moved = await segmentsOfShifts(map, shifts, end, signal)
  for (const [index, segments] of moved.entries()) {
    await record(flow, tenure, context, { segments, epochStart: epochStart + (shifts[index]?.by ?? 0) })
  }
  const hasMarkersLast = shifts.at(-1)?.at === end
  const between = hasMarkersLast ? segmentsBetween(copied, next) : [next]
  return recordBeginning(flow, tenure, context, { segments: between, epochStart: epochStart + by, begin })
}

/** The answers about log ends go by name: a topic that was made again must not pass for one that lost its tail. */
async function checkTargetIsSame(flow: Flow, context: PositionContext, signal: AbortSignal): Promise<void> {
  const { targetTopic } = flow.spec.key
  const { topics } = await context.target.metadata([targetTopic], signal)
  if (topics.find(({ name }) => name === targetTopic)?.topicId === flow.spec.targetTopicId) return
  const facts = { what: targetTopic, target: context.target.name, reason: 'the topic was deleted or made again' }
  throw replicationFaults.fault('TARGET_NOT_READY', facts)
}

function isOurs(tenure: Tenure, producerId: bigint): boolean {
  return producerId === tenure.identity.producerId || tenure.map.hasSeenProducer(producerId)
}

export function targetRef(flow: Flow): PartitionRef {
  return { ...targetOf(flow), topicId: flow.spec.targetTopicId }
}

export function sourceRef(flow: Flow): PartitionRef {
  return { ...sourceOf(flow), topicId: flow.spec.sourceTopicId }
}

function targetOf(flow: Flow) {
  return { topic: flow.spec.key.targetTopic, partition: flow.spec.key.partition }
}

function sourceOf(flow: Flow) {
  return { topic: flow.spec.key.topic, partition: flow.spec.key.partition }
}

async function firstOffset(flow: Flow, context: PositionContext, signal: AbortSignal): Promise<number> {
  const { source, firstStart } = context
  if (firstStart === 'earliest') return logStart(source, sourceOf(flow), signal)
  if (firstStart === 'latest') return highWatermark(source, sourceOf(flow), signal)
  return offsetAtTime(source, sourceOf(flow), firstStart.timestampMs, signal)
}

/**
 * Holds the position against what the source still has: truncated since (leader-epoch lookup, KIP-320), or deleted
 * by retention or DeleteRecords before it was copied, which is a gap that is named and counted.
 */
async function withinSource(
  flow: Flow,
  map: FlowMap,
  position: number,
  context: PositionContext,
  signal: AbortSignal,
): Promise<Beginning> {
  const at = sourceOf(flow)
  const end = await highWatermark(context.source, at, signal)
  if (position > end) throw sourceTruncated(flow, `it ends at ${end}, the copy is at ${position}`)
  const leaderEpoch = flow.sourceLeaderEpoch >= 0 ? flow.sourceLeaderEpoch : map.facts.sourceLeaderEpoch
  if (leaderEpoch >= 0) {
    const [answer] = await context.source.offsetForLeaderEpoch([{ ...at, currentLeaderEpoch: -1, leaderEpoch }], signal)
    if (answer?.errorCode === 0 && answer.leaderEpoch >= 0 && answer.endOffset >= 0 && answer.endOffset < position) {
      throw sourceTruncated(flow, `leader epoch ${leaderEpoch} ends at ${answer.endOffset}, the copy is at ${position}`)
    }
    flow.sourceLeaderEpoch = leaderEpoch
  }
  const start = await logStart(context.source, at, signal)
  if (start <= position) return { source: position, sourceStart: start, causes: 0, lostFrom: position }
  // Which epoch wrote what is before the new beginning is not known.
  flow.sourceLeaderEpoch = -1
  return { source: start, sourceStart: start, causes: SEGMENT_CAUSES.loss, lostFrom: position }
}

interface Beginning {
  readonly source: number
  readonly sourceStart: number
  readonly causes: number
  /** Below `source` where offsets were lost. */
  readonly lostFrom: number
}

function checkIdentity(flow: Flow, map: FlowMap): void {
  const { key, sourceTopicId, targetTopicId } = flow.spec
  if (map.facts.targetTopicId !== targetTopicId) {
    throw replicationFaults.fault('FLOW_TARGET_REBUILT', {
      targetTopic: key.targetTopic,
      actualId: targetTopicId,
      recordedId: map.facts.targetTopicId,
    })
  }
  if (map.facts.sourceTopicId !== sourceTopicId) {
    throw replicationFaults.fault('FLOW_SOURCE_RECREATED', {
      topic: key.topic,
      targetTopic: key.targetTopic,
      actualId: sourceTopicId,
      recordedId: map.facts.sourceTopicId,
    })
  }
}

/** Writes the run's first entry; the run begins at its last segment. */
async function record(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  at: { readonly segments: readonly AttributedSegment[]; readonly epochStart: number },
): Promise<FlowStart> {
  const { key, ...ids } = flow.spec
  const begin = at.segments.at(-1)
  invariant(begin !== undefined, 'an entry has a segment')
  await tenure.writer.append({
    kind: 'flow',
    flow: key,
    ...ids,
    ...tenure.identity,
    epochStart: at.epochStart,
    sourceLeaderEpoch: flow.sourceLeaderEpoch,
    atMs: context.nowMs(),
    segments: at.segments,
  })
  return { sourceNext: begin.source, targetNext: begin.target, epochStart: at.epochStart }
}

/** A gap is told once the map says so: what fails before that is tried again and must not be counted twice. */
async function recordBeginning(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  at: { readonly segments: readonly AttributedSegment[]; readonly epochStart: number; readonly begin: Beginning },
): Promise<FlowStart> {
  const start = await record(flow, tenure, context, at)
  const { lostFrom, source } = at.begin
  if (lostFrom < source) {
    flow.counters.recordsLost += source - lostFrom
    context.onGap(flow, lostFrom, source)
  }
  return start
}

function notReplicated(flow: Flow, context: PositionContext, records: number) {
  const { targetTopic, partition } = flow.spec.key
  const reason = `${records} appended records are not replicated yet`
  const facts = { what: `${targetTopic}-${partition}`, target: context.target.name, reason }
  return replicationFaults.fault('TARGET_NOT_READY', facts)
}

function targetNotEmpty(flow: Flow, targetEnd: number) {
  const { targetTopic, partition } = flow.spec.key
  return replicationFaults.fault('FLOW_TARGET_NOT_EMPTY', { targetTopic, partition, targetEnd })
}

function sourceTruncated(flow: Flow, evidence: string) {
  const { topic, targetTopic, partition } = flow.spec.key
  return replicationFaults.fault('FLOW_SOURCE_TRUNCATED', { topic, targetTopic, partition, evidence })
}
