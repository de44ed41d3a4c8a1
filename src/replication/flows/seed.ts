import type { Fault } from '../../core/index.ts'
import { replicationFaults } from '../faults.ts'
import { type FlowMap, type OffsetRange, SEGMENT_CAUSES } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import type { Flow, FlowStart } from './flow.ts'
import { highWatermark, logStart, offsetAtTime } from './log-ends.ts'
import { sourceOf } from './places.ts'
import type { PositionContext } from './position-context.ts'
import { recordStart } from './record-start.ts'
import { stopOrReseed } from './reseed.ts'
import { checkIsSame } from './within-source.ts'

const CODE = 'FLOW_TARGET_REBUILT'

/** A target that this flow was copied into and that is not there any more. */
interface LostTarget {
  readonly topicId: string
  readonly source: OffsetRange
  readonly target: OffsetRange
}

/**
 * Begins in a target partition that no entry of the map explains. Either nothing was ever copied, and the flow begins
 * where its link says; or what it was copied into is gone, with its topic or with the whole cluster, and everything is
 * copied again from the source's beginning. A partition that holds records of others is never begun in.
 *
 * Faults: FLOW_TARGET_NOT_EMPTY, FLOW_TARGET_REBUILT, FLOW_RESEEDING, TARGET_NOT_READY.
 */
export async function seedFlow(
  flow: Flow,
  tenure: Tenure,
  target: { readonly map: FlowMap | undefined; readonly end: number },
  context: PositionContext,
  signal: AbortSignal,
): Promise<FlowStart> {
  const { map, end } = target
  const lost = findLostTarget(flow, tenure, map, context)
  if (lost === undefined) {
    const { targetTopic, partition } = flow.spec.key
    if (end > 0) throw replicationFaults.fault('FLOW_TARGET_NOT_EMPTY', { targetTopic, partition, targetEnd: end })
  } else if (end > 0) {
    const { targetRebuilt, foreignWriter } = context.policies
    const policy = targetRebuilt === 'reseed' && foreignWriter === 'reseed' ? 'reseed' : 'stop'
    const fault = rebuilt(flow, lost, `holds records up to offset ${end} that are not from us`)
    await stopOrReseed(flow, tenure, context, { fault, policy, target: { from: 0, to: end } }, signal)
  } else if (!(await context.wasReseeded(lost.topicId, signal))) {
    await tellRebuilt(flow, tenure, lost, context)
  }
  const first = lost === undefined ? await firstOffset(flow, context, signal) : await sourceStart(flow, context, signal)
  // What was asked went by name, and the first entry ties both ids to the answers.
  const { key, sourceTopicId, targetTopicId } = flow.spec
  await checkIsSame(context.source, key.topic, sourceTopicId, signal)
  await checkIsSame(context.target, key.targetTopic, targetTopicId, signal)
  const segments = [{ source: first, target: 0, causes: SEGMENT_CAUSES.resume }]
  return recordStart(flow, tenure, context, { segments, epochStart: 0 })
}

/** From the map; or, where the map is gone as well, from what this process remembers or has put on record. */
function findLostTarget(
  flow: Flow,
  tenure: Tenure,
  map: FlowMap | undefined,
  { former }: PositionContext,
): LostTarget | undefined {
  if (map !== undefined) {
    const { targetTopicId: topicId } = map.facts
    const end = former?.targetTopicId === topicId ? former : undefined
    const { firstSegment } = map
    return {
      topicId,
      source: { from: firstSegment.source, to: end?.source ?? null },
      target: { from: firstSegment.target, to: end?.target ?? null },
    }
  }
  const told = tenure.map.incidents.of(flow.spec.key).findLast(({ facts }) => facts.code === CODE)?.facts
  if (told?.source && told.target) return { topicId: told.targetTopicId, source: told.source, target: told.target }
  if (former === undefined || former.targetTopicId === flow.spec.targetTopicId) return undefined
  return {
    topicId: former.targetTopicId,
    source: { from: 0, to: former.source },
    target: { from: 0, to: former.target },
  }
}

async function tellRebuilt(flow: Flow, tenure: Tenure, lost: LostTarget, context: PositionContext): Promise<void> {
  const fault = rebuilt(flow, lost, 'is empty')
  const isStop = context.policies.targetRebuilt === 'stop'
  const action = isStop ? ('stopped' as const) : ('copied-again' as const)
  const { source, target } = lost
  const about = { ...flow.spec, targetTopicId: lost.topicId }
  await context.incidents.record(tenure, {
    flow: about,
    code: CODE,
    reason: fault.message,
    action,
    source,
    target,
  })
  if (isStop) throw fault
}

function rebuilt(flow: Flow, lost: LostTarget, evidence: string): Fault {
  const { key, targetTopicId: actualId } = flow.spec
  const { targetTopic, partition } = key
  return replicationFaults.fault(CODE, { targetTopic, partition, actualId, recordedId: lost.topicId, evidence })
}

async function firstOffset(flow: Flow, context: PositionContext, signal: AbortSignal): Promise<number> {
  const { source, firstStart } = context
  if (firstStart === 'earliest') return sourceStart(flow, context, signal)
  if (firstStart === 'latest') return highWatermark(source, sourceOf(flow.spec), signal)
  return offsetAtTime(source, sourceOf(flow.spec), firstStart.timestampMs, signal)
}

function sourceStart(flow: Flow, { source }: PositionContext, signal: AbortSignal): Promise<number> {
  return logStart(source, sourceOf(flow.spec), signal)
}
