import type { Fault } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { type FlowMap, SEGMENT_CAUSES, type Segment } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import type { Flow } from './flow.ts'
import { highWatermark, logStart } from './log-ends.ts'
import { sourceOf } from './places.ts'
import type { PositionContext } from './position-context.ts'
import { stopOrReseed } from './reseed.ts'

/** Where a flow goes on at the source. */
export interface Beginning {
  readonly source: number
  readonly sourceStart: number
  readonly causes: number
  /** Below `source` where offsets were lost. */
  readonly lostFrom: number
}

/**
 * Holds the end of a copy against what the source still has. Three things may have happened since, and each is put on
 * record with its exact range: the topic was made anew (it has another id, however long its log), an unclean election
 * truncated it (leader-epoch lookup, KIP-320), or retention or DeleteRecords overtook the copy.
 *
 * Log ends are asked for by name, and a topic that was made anew must not pass for one that lost something: before
 * anything is concluded from them, the name must still lead to the topic that is copied.
 */
export async function withinSource(
  flow: Flow,
  copy: { readonly tenure: Tenure; readonly map: FlowMap; readonly end: Segment },
  context: PositionContext,
  signal: AbortSignal,
): Promise<Beginning> {
  const { tenure, map, end } = copy
  const { policies } = context
  if (map.facts.sourceTopicId !== flow.spec.sourceTopicId) {
    const to = endOfFormer(map, end.source, context)
    const finding = { fault: recreated(flow, map, end.source), policy: policies.sourceRecreated }
    return await stopOrReseed(flow, tenure, context, { ...finding, source: { from: end.source, to } }, signal)
  }
  const cut = await findCut(flow, map, end.source, context.source, signal)
  if (cut !== undefined) {
    await checkIsSame(context.source, flow.spec.key.topic, flow.spec.sourceTopicId, signal)
    const lost = await map.findTarget(cut.offset, signal, end)
    const finding = { fault: truncated(flow, end.source, cut), policy: policies.sourceTruncated }
    const source = { from: cut.offset, to: end.source }
    const target = { from: lost.offset, to: end.target }
    return await stopOrReseed(flow, tenure, context, { ...finding, source, target }, signal)
  }
  const position = end.source
  const start = await logStart(context.source, sourceOf(flow.spec), signal)
  if (start <= position) return { source: position, sourceStart: start, causes: 0, lostFrom: position }
  await checkIsSame(context.source, flow.spec.key.topic, flow.spec.sourceTopicId, signal)
  await passGap(flow, tenure, { from: position, to: start }, context)
  // Which epoch wrote what is before the new beginning is not known.
  flow.sourceLeaderEpoch = -1
  return { source: start, sourceStart: start, causes: SEGMENT_CAUSES.loss, lostFrom: position }
}

/** The answers about log ends go by name: is it still the same topic's? Fault TARGET_NOT_READY where it is not. */
export async function checkIsSame(
  cluster: Cluster,
  topic: string,
  topicId: string,
  signal: AbortSignal,
): Promise<void> {
  const { topics } = await cluster.metadata([topic], signal)
  if (topics.find(({ name }) => name === topic)?.topicId === topicId) return
  const facts = { what: topic, target: cluster.name, reason: 'the topic was deleted or made again' }
  throw replicationFaults.fault('TARGET_NOT_READY', facts)
}

interface Cut {
  /** First source offset that is no longer what was copied. */
  readonly offset: number
  readonly evidence: string
}

async function findCut(
  flow: Flow,
  map: FlowMap,
  position: number,
  source: Cluster,
  signal: AbortSignal,
): Promise<Cut | undefined> {
  const at = sourceOf(flow.spec)
  const end = await highWatermark(source, at, signal)
  const leaderEpoch = flow.sourceLeaderEpoch >= 0 ? flow.sourceLeaderEpoch : map.facts.sourceLeaderEpoch
  if (leaderEpoch >= 0) {
    const [answer] = await source.offsetForLeaderEpoch([{ ...at, currentLeaderEpoch: -1, leaderEpoch }], signal)
    if (answer?.errorCode === 0 && answer.leaderEpoch >= 0 && answer.endOffset >= 0 && answer.endOffset < position) {
      return { offset: answer.endOffset, evidence: `its leader epoch ${leaderEpoch} ends at ${answer.endOffset}` }
    }
    flow.sourceLeaderEpoch = leaderEpoch
  }
  return position > end ? { offset: end, evidence: `it ends at ${end}` } : undefined
}

/**
 * Names the gap before the flow goes on behind it. Under `stop` that takes an operator; what is deleted between their
 * acknowledgement and the moment the flow goes on is an incident of its own.
 */
async function passGap(
  flow: Flow,
  tenure: Tenure,
  gap: { readonly from: number; readonly to: number },
  { policies, incidents }: PositionContext,
): Promise<void> {
  const { spec } = flow
  const { topic, targetTopic, partition } = spec.key
  const fault = replicationFaults.fault('FLOW_RETENTION_GAP', { topic, targetTopic, partition, ...gap })
  const isAcknowledged = tenure.map.incidents
    .of(spec.key)
    .some(({ facts: { code, source, targetTopicId, acknowledged } }) => {
      const isThis = code === fault.code && source?.from === gap.from && targetTopicId === spec.targetTopicId
      return isThis && acknowledged !== null
    })
  const mayGoOn = policies.retentionGap === 'record' || isAcknowledged
  const action = mayGoOn ? ('went-on' as const) : ('stopped' as const)
  await incidents.record(tenure, { flow: spec, code: fault.code, reason: fault.message, action, source: gap })
  if (!mayGoOn) throw fault
}

/** Where the topic that is gone ended, as far as this process has seen; null where it has not. */
function endOfFormer(map: FlowMap, position: number, { former }: PositionContext): number | null {
  if (former?.sourceTopicId !== map.facts.sourceTopicId || former.sourceEnd === undefined) return null
  return Math.max(position, former.sourceEnd)
}

function recreated(flow: Flow, map: FlowMap, position: number): Fault {
  const { key, sourceTopicId: actualId } = flow.spec
  const { topic, targetTopic, partition } = key
  const recordedId = map.facts.sourceTopicId
  const facts = { topic, targetTopic, partition, actualId, recordedId, position }
  return replicationFaults.fault('FLOW_SOURCE_RECREATED', facts)
}

function truncated(flow: Flow, position: number, { offset, evidence }: Cut): Fault {
  const { topic, targetTopic, partition } = flow.spec.key
  const facts = { topic, targetTopic, partition, from: offset, to: position, evidence }
  return replicationFaults.fault('FLOW_SOURCE_TRUNCATED', facts)
}
