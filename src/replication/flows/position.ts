import { invariant, isFault } from '../../core/index.ts'
import { replicationFaults } from '../faults.ts'
import { type FlowMap, SEGMENT_CAUSES, segmentsBetween } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { findShifts, segmentsOfShifts, shiftedBy } from './appended.ts'
import type { Flow, FlowStart } from './flow.ts'
import { describeForeign, findForeign } from './foreign.ts'
import { type CopiedEnd, findCopiedEnd } from './kept.ts'
import { highWatermark, logEnd, logStart } from './log-ends.ts'
import { sourceRef, targetOf, targetRef } from './places.ts'
import type { PositionContext } from './position-context.ts'
import { recordBeginning, recordStart } from './record-start.ts'
import { reseedIfAsked, stopOrReseed } from './reseed.ts'
import { seedFlow } from './seed.ts'
import { checkSeam, checkTailIsOurs, readTail, type Tail } from './tail.ts'
import { checkIsSame, withinSource } from './within-source.ts'

/**
 * Finds out where a flow goes on, from the target's log and the map that explains it; no other record of progress
 * exists. Two ways in:
 *  - `resume`: a new tenure. Everything is behind the fence; the tail is proved to be ours before it is trusted.
 *  - `recover`: the same epoch, after a lost connection or a refused batch. The high watermark tells what was appended,
 *    and the sequences in the log whether it is what was sent.
 * Both end with a map entry of their own, acknowledged before anything is sent: it truncates whatever was written
 * ahead and never sent.
 */
/** Waiting for replication to settle is a result, with a sentence for the operator. */
export type Recovery = FlowStart | { readonly waiting: string } | { readonly newEpoch: string }

export async function resumeFlow(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  signal: AbortSignal,
): Promise<FlowStart> {
  const { spec } = flow
  const at = targetOf(spec)
  await tenure.untilFenced(at)
  await reseedIfAsked(flow, tenure, context, signal)
  const appended = await logEnd(context.target, at, signal)
  const end = await highWatermark(context.target, at, signal)
  if (end < appended) throw notReplicated(flow, context, appended - end)
  const map = tenure.map.flow(spec.key)
  if (map?.facts.targetTopicId !== spec.targetTopicId) return seedFlow(flow, tenure, { map, end }, context, signal)
  // Another process may have copied on since this one did: then what it has seen of the source is older than the map.
  flow.sourceLeaderEpoch = map.facts.sourceLeaderEpoch
  if (end < map.lastSegment.target) await checkIsSame(context.target, at.topic, spec.targetTopicId, signal)
  const start = await logStart(context.target, at, signal)
  const copy = { tenure, map, start, end }
  const tail = await noForeigner(flow, copy, context, () => readOwnTail(flow, copy, context, signal), signal)
  const position = await map.findSource(tail.dataEnd, signal)
  const within = { tenure, map, end: { source: position.offset, target: tail.dataEnd } }
  const begin = await withinSource(flow, within, context, signal)
  const copied = await findCopiedEnd(map, tail.dataEnd, signal)
  const markers = tail.dataEnd < end ? SEGMENT_CAUSES.marker : 0
  const held = await causesHeld(map, copied, position.offset, signal)
  const next = { source: begin.source, target: end, causes: SEGMENT_CAUSES.resume | begin.causes | markers | held }
  // A flow that was ended and made again under the same tenure: its sequence goes on.
  const ownStart = map.isMatched(tail.dataEnd) ? undefined : map.epochStartOf(tenure.identity, tail.dataEnd)
  const epochStart = ownStart === undefined ? end : ownStart + end - tail.dataEnd
  // Where both sides have a hole here (dropped source offsets, and our markers), two segments say so exactly.
  const between = segmentsBetween(copied.records, next)
  const segments = between.length > 0 ? between : [next]
  if (tail.lastBatch === undefined || copied.isKept)
    return recordBeginning(flow, tenure, context, { segments, epochStart, begin })

  if (copied.target !== tail.dataEnd) {
    const evidence = `its log ends at ${tail.dataEnd}, the map knows records up to ${copied.target}`
    const { targetTopic, partition } = spec.key
    throw replicationFaults.fault('FLOW_MAP_CONTRADICTS', { targetTopic, partition, evidence })
  }
  const { changesHeaders } = flow.sieve
  const sourceOffset = copied.source - 1
  const seam = { spec, sourceOffset, lastBatch: tail.lastBatch, sourceStart: begin.sourceStart, changesHeaders }
  const look = () => checkSeam(context.sourceReader, sourceRef(spec), seam, signal)
  const verdict = await noForeigner(flow, copy, context, look, signal)
  if (verdict === 'gone') context.onSeamSkipped(flow)
  return recordBeginning(flow, tenure, context, { segments, epochStart, begin })
}

export async function recoverFlow(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  signal: AbortSignal,
): Promise<Recovery> {
  const at = targetOf(flow.spec)
  const appended = await logEnd(context.target, at, signal)
  const end = await highWatermark(context.target, at, signal)
  if (end < appended) return { waiting: `${appended - end} appended records are not replicated yet` }
  if (flow.outOfOrderStreak > 1) return { newEpoch: 'the broker refuses the sequence that its own log end asks for' }
  if (end < flow.epochStart) {
    await checkIsSame(context.target, at.topic, flow.spec.targetTopicId, signal)
    return { newEpoch: `the target lost its tail: it ends at ${end}, below the epoch's start ${flow.epochStart}` }
  }
  const map = tenure.map.flow(flow.spec.key)
  invariant(map !== undefined, 'a flow that ran has a map')
  const acknowledged = flow.targetDone ?? end
  const { spec, epochStart } = flow
  if (end < acknowledged) await checkIsSame(context.target, at.topic, spec.targetTopicId, signal)
  const epoch = { spec, identity: tenure.identity, epochStart, acknowledged, end }
  const look = () => findShifts(context.targetReader, targetRef(spec), epoch, signal)
  // What was acknowledged is ours: nothing foreign can stand before it.
  const shifts = await noForeigner(
    flow,
    { tenure, map, start: Math.min(acknowledged, end), end },
    context,
    look,
    signal,
  )
  const by = shiftedBy(shifts)
  const position = await map.findSource(end - by, signal)
  const within = { tenure, map, end: { source: position.offset, target: end } }
  const begin = await withinSource(flow, within, context, signal)
  const copied = await findCopiedEnd(map, end - by, signal)
  const held = await causesHeld(map, copied, position.offset, signal)
  const next = { source: begin.source, target: end, causes: SEGMENT_CAUSES.resume | begin.causes | held }
  const moved = await segmentsOfShifts(map, shifts, end, signal)
  for (const [index, segments] of moved.entries()) {
    await recordStart(flow, tenure, context, { segments, epochStart: epochStart + (shifts[index]?.by ?? 0) })
  }
  const hasMarkersLast = shifts.at(-1)?.at === end
  const between = hasMarkersLast ? segmentsBetween(copied.records, next) : [next]
  return recordBeginning(flow, tenure, context, { segments: between, epochStart: epochStart + by, begin })
}

/**
 * Why the source has nothing between what is copied and the position: an entry that says so may be in the map before the
 * data behind it was sent. The entry of the new beginning overrules it, and has to say the same.
 */
async function causesHeld(map: FlowMap, copied: CopiedEnd, position: number, signal: AbortSignal): Promise<number> {
  if (copied.isKept) return map.lastSegment.causes & SEGMENT_CAUSES.kept
  if (position <= copied.source) return 0
  const { kind, causes } = await map.findStretch(copied.source, signal)
  return kind === 'hole' ? causes : 0
}

interface TargetSight {
  readonly tenure: Tenure
  readonly map: FlowMap
  readonly start: number
  readonly end: number
}

/** The end of the target's log, proved to be ours. Fault FLOW_DIVERGED. */
async function readOwnTail(
  flow: Flow,
  { tenure, map, start, end }: TargetSight,
  context: PositionContext,
  signal: AbortSignal,
): Promise<Tail> {
  const { spec } = flow
  const about = {
    spec,
    isOurs: (producerId: bigint) => isOurs(tenure, producerId),
    isMatched: (targetOffset: number) => map.isMatched(targetOffset),
  }
  // Where its epoch begins the log ended once, and the map was made to say what was below.
  const range = { start, end, explainedTo: map.facts.epochStart }
  const tail = await readTail(context.targetReader, targetRef(spec), range, about, signal)
  if (tail.lastBatch !== undefined) checkTailIsOurs(spec, map, tail.lastBatch.header)
  return tail
}

/** Where a look finds that somebody else has written: finds out who and where, puts it on record and gives up. */
async function noForeigner<Found>(
  flow: Flow,
  { tenure, map, start, end }: TargetSight,
  context: PositionContext,
  look: () => Promise<Found>,
  signal: AbortSignal,
): Promise<Found> {
  try {
    return await look()
  } catch (error) {
    if (!isFault(error, 'FLOW_DIVERGED')) throw error
    const ref = targetRef(flow.spec)
    const ours = (producerId: bigint) => isOurs(tenure, producerId)
    const sight = { reader: context.targetReader, ref, map, start, end, isOurs: ours }
    const foreign = await findForeign(flow, sight, signal)
    const finding =
      foreign === undefined
        ? { fault: error, target: { from: Math.max(0, end - 1), to: end } }
        : { fault: describeForeign(flow, foreign), target: foreign.range }
    return await stopOrReseed(flow, tenure, context, { ...finding, policy: context.policies.foreignWriter }, signal)
  }
}

function isOurs(tenure: Tenure, producerId: bigint): boolean {
  return producerId === tenure.identity.producerId || tenure.map.hasSeenProducer(producerId)
}

function notReplicated(flow: Flow, context: PositionContext, records: number) {
  const { targetTopic, partition } = flow.spec.key
  const reason = `${records} appended records are not replicated yet`
  const facts = { what: `${targetTopic}-${partition}`, target: context.target.name, reason }
  return replicationFaults.fault('TARGET_NOT_READY', facts)
}
