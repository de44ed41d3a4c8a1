/**
 * Finds where a flow goes on, and where no map says so but the target holds records, makes the map anew by matching
 * both logs (`match-records.ts`), as far as the link's policies allow:
 *  - `existingTarget`: the records are from somebody else, such as another tool that copied here before.
 *  - `mapLost`: they are ours. The map topic was deleted or lost entries, or somebody wrote over them.
 *
 * A lost map no longer says who wrote to the partition. So before anything is read there, it is fenced: by our own
 * transaction, which ends every earlier epoch of our producer id, and by markers for every other producer that the
 * broker remembers. What is matched then stands still, and is put on record as ours up to where our epoch begins
 * (`FlowMap.isMatched`). An entry of the match is recognised by that, so that a match that was cut off is done again.
 */
import { type Clock, type Fault, isFault } from '../../core/index.ts'
import { isControl, lastOffset, readBatches } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { Flow, FlowStart } from '../flows/flow.ts'
import { highWatermark, logStart } from '../flows/log-ends.ts'
import { targetRef } from '../flows/places.ts'
import { resumeFlow } from '../flows/position.ts'
import { readBatchBefore } from '../flows/tail.ts'
import { type TurnContext, turnIfClosed } from '../moves/turn-flow.ts'
import { fenceByMarkers } from '../shards/fence.ts'
import type { Tenure } from '../shards/tenure.ts'
import { type Match, matchFlow } from './match-flow.ts'

export interface MatchingContext extends TurnContext {
  /** The link copies from the very beginning of the source. */
  readonly copiesFromStart: boolean
  readonly clock: Clock
  onMatched(
    flow: Flow,
    match: {
      readonly why: 'adopted' | 'rebuilt'
      readonly records: number
      readonly segments: number
      readonly sourceStart: number
      readonly targetStart: number
    },
  ): void
}

/** Faults that say that the map does not explain what the target holds. */
const UNEXPLAINED: ReadonlySet<string> = new Set(['FLOW_TARGET_NOT_EMPTY', 'FLOW_MAP_CONTRADICTS', 'MAP_ENTRY_MISSING'])
/** About 100 KiB. */
const SEGMENTS_PER_ENTRY = 20_000
const FIRST_BYTES = 64 * 1024

/** As `resumeFlow`, and faults FLOW_MAP_LOST, FLOW_MATCH_REFUSED and those of a fence. */
export async function resumeOrMatch(
  flow: Flow,
  tenure: Tenure,
  context: MatchingContext,
  signal: AbortSignal,
): Promise<FlowStart> {
  try {
    const isTurned = await turnIfClosed(flow, tenure, context, signal)
    if (!isTurned) await checkMapIsWhole(flow, tenure, context, signal)
    return await resumeFlow(flow, tenure, context, signal)
  } catch (error) {
    if (!isFault(error) || !UNEXPLAINED.has(error.code)) throw error
    await makeMap(flow, tenure, context, error, signal)
    return resumeFlow(flow, tenure, context, signal)
  }
}

/** A map that lost its beginning would translate the offsets before it wrongly. Fault FLOW_MAP_CONTRADICTS. */
async function checkMapIsWhole(
  flow: Flow,
  tenure: Tenure,
  context: MatchingContext,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = flow
  const ref = targetRef(flow.spec)
  await tenure.untilFenced(ref)
  const damage = tenure.map.damageOf(spec.key)
  if (damage !== undefined) throw contradicts(flow, damage)
  const map = tenure.map.flow(spec.key)
  if (map === undefined || map.facts.targetTopicId !== spec.targetTopicId) return
  if (map.isHalfMatched) throw contradicts(flow, 'it was being matched and that was not finished')
  const start = await logStart(context.target, ref, signal)
  const { target } = map.firstSegment
  if (target <= start || map.beginsMatched) return
  const { records } = await context.targetReader.read(ref, { offset: start, maxBytes: FIRST_BYTES }, signal)
  const first = firstDataOffset(records, start)
  if (first === undefined || first >= target) return
  throw contradicts(flow, `it begins at target offset ${target}, the log holds records from ${first} on`)
}

function firstDataOffset(records: Buffer, from: number): number | undefined {
  for (const header of readBatches(records)) {
    if (!isControl(header) && lastOffset(header) >= from) return Math.max(from, header.baseOffset)
  }
  return undefined
}

async function makeMap(
  flow: Flow,
  tenure: Tenure,
  context: MatchingContext,
  fault: Fault,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = flow
  const isCopy = fault.code !== 'FLOW_TARGET_NOT_EMPTY' || (await hasWritten(flow, tenure, context, signal))
  const { existingTarget, mapLost } = context.policies
  if (!isCopy && existingTarget === 'refuse') throw fault
  const evidence = isCopy && fault.code === 'FLOW_TARGET_NOT_EMPTY' ? 'the map topic says nothing of it' : fault.message
  const { targetTopic, partition } = spec.key
  const lost = { flow: spec, code: 'FLOW_MAP_LOST', reason: evidence }
  if (isCopy && mapLost === 'stop') {
    await context.incidents.record(tenure, { ...lost, action: 'stopped' })
    throw replicationFaults.fault('FLOW_MAP_LOST', { targetTopic, partition, evidence })
  }
  flow.show('starting', isCopy ? 'rebuilding its map from both logs' : 'comparing what the target holds')
  if (isCopy) await fenceEverybody(flow, tenure, context, signal)
  const match = await matchOrTell(flow, tenure, context, signal)
  if (isCopy) {
    const target = { from: match.segments[0]?.target ?? 0, to: match.targetEnd }
    await context.incidents.record(tenure, { ...lost, action: 'rebuilt', target })
  }
  await record(flow, tenure, context, match)
  context.onMatched(flow, { why: isCopy ? 'rebuilt' : 'adopted', ...extentOf(match) })
}

/** What does not match can be copied again; nobody but an operator decides that. */
async function matchOrTell(flow: Flow, tenure: Tenure, context: MatchingContext, signal: AbortSignal): Promise<Match> {
  try {
    return await matchFlow(flow.spec, context, signal)
  } catch (error) {
    if (!isFault(error, 'FLOW_MATCH_REFUSED')) throw error
    const { code, message: reason } = error
    await context.incidents.record(tenure, { flow: flow.spec, code, reason, action: 'stopped' })
    throw error
  }
}

function extentOf({ records, segments }: Match) {
  const { source: sourceStart = 0, target: targetStart = 0 } = segments[0] ?? {}
  return { records, segments: segments.length, sourceStart, targetStart }
}

/** Whether this shard has ever written to the partition, as far as its end and the broker can tell. */
async function hasWritten(flow: Flow, tenure: Tenure, context: MatchingContext, signal: AbortSignal): Promise<boolean> {
  const ref = targetRef(flow.spec)
  const { producerId } = tenure.identity
  const end = await highWatermark(context.target, ref, signal)
  const last = await readBatchBefore(context.targetReader, ref, end, signal)
  if (last?.header.producerId === producerId) return true
  const [known] = await context.target.describeProducers([ref], signal)
  return known?.producers.some((producer) => producer.producerId === producerId) ?? false
}

/** The map no longer says whose epochs may be alive. */
async function fenceEverybody(
  flow: Flow,
  tenure: Tenure,
  context: MatchingContext,
  signal: AbortSignal,
): Promise<void> {
  const { target: cluster, clock } = context
  const ref = targetRef(flow.spec)
  const [known] = await cluster.describeProducers([ref], signal)
  for (const { producerId, producerEpoch } of known?.producers ?? []) {
    if (producerId === tenure.identity.producerId) continue
    await fenceByMarkers({ cluster, clock, shard: tenure.shard }, { producerId, producerEpoch }, [ref], signal)
  }
  await tenure.fence(ref)
}

/** Our epoch begins at the end of what was matched. The entry of the run that follows makes the match complete. */
async function record(flow: Flow, tenure: Tenure, context: MatchingContext, match: Match): Promise<void> {
  const { key, ...ids } = flow.spec
  for (let at = 0; at < match.segments.length; at += SEGMENTS_PER_ENTRY) {
    await tenure.writer.append({
      kind: 'flow',
      flow: key,
      ...ids,
      ...tenure.identity,
      epochStart: match.targetEnd,
      sourceLeaderEpoch: -1,
      atMs: context.nowMs(),
      segments: match.segments.slice(at, at + SEGMENTS_PER_ENTRY),
    })
  }
}

function contradicts(flow: Flow, evidence: string): Fault {
  const { targetTopic, partition } = flow.spec.key
  return replicationFaults.fault('FLOW_MAP_CONTRADICTS', { targetTopic, partition, evidence })
}
