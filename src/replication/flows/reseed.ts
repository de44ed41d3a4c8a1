import type { Fault } from '../../core/index.ts'
import { errorName } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { IncidentEntry, OffsetRange } from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import type { Flow } from './flow.ts'
import type { PositionContext } from './position-context.ts'

/**
 * What is done about a copy that can't be continued: the flow stops, or the whole target topic is deleted, so that the
 * topic sync creates it again and every flow of it copies from the beginning.
 *
 * The incident is on record before anything is deleted, and it names the topic by its id. Whoever stops in between, this
 * process or another, finds it on its next start and deletes what is still there: by id, so never the new copy. The
 * other flows of the topic meet UNKNOWN_TOPIC_ID, wait for the new topic, and see by the incident whose deletion it was.
 */
export interface Finding {
  readonly fault: Fault
  readonly policy: 'stop' | 'reseed'
  readonly source?: OffsetRange
  readonly target?: OffsetRange
}

const UNKNOWN_TOPIC_ID = 100
/** Somebody who writes on would have the whole topic copied for ever. What an operator asks for is not counted out. */
const RESEEDS_MAX = 3
const COUNTED_MS = 60 * 60_000

/** Faults: that of the finding, or FLOW_RESEEDING. */
export async function stopOrReseed(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  finding: Finding,
  signal: AbortSignal,
): Promise<never> {
  const { fault, policy, ...ranges } = finding
  const { code, message } = fault
  const isTooOften = policy === 'reseed' && countReseeds(flow, tenure, context) >= RESEEDS_MAX
  const action = policy === 'reseed' && !isTooOften ? 'reseed' : 'stopped'
  const reason = isTooOften ? `${message}; it was copied again ${RESEEDS_MAX} times within an hour already` : message
  const { facts } = await context.incidents.record(tenure, { flow: flow.spec, code, reason, action, ...ranges })
  if (facts.action !== 'reseed') throw fault
  return await reseed(flow, context, signal)
}

/** Of earlier copies of this flow, of late. */
function countReseeds({ spec }: Flow, { map }: Tenure, context: PositionContext): number {
  const sinceMs = context.nowMs() - COUNTED_MS
  const isCounted = ({ facts }: IncidentEntry) =>
    facts.action === 'reseed' && facts.targetTopicId !== spec.targetTopicId && facts.atMs > sinceMs
  return map.incidents.of(spec.key).filter(isCounted).length
}

/** Goes on with a reseed that is on record. Fault FLOW_RESEEDING where there is one. */
export async function reseedIfAsked(
  flow: Flow,
  tenure: Tenure,
  context: PositionContext,
  signal: AbortSignal,
): Promise<void> {
  const { key, targetTopicId } = flow.spec
  const isAsked = tenure.map.incidents
    .of(key)
    .some(({ facts }) => facts.action === 'reseed' && facts.targetTopicId === targetTopicId)
  if (isAsked) await reseed(flow, context, signal)
}

/** Tried again by whoever supervises the flow, until the topic sync gives it the id of the new topic. */
async function reseed(flow: Flow, { target }: PositionContext, signal: AbortSignal): Promise<never> {
  const { targetTopicId, key } = flow.spec
  const { errorCode, message } = await target.deleteTopicById(targetTopicId, signal)
  const facts = { targetTopic: key.targetTopic, target: target.name }
  if (errorCode === 0 || errorCode === UNKNOWN_TOPIC_ID) throw replicationFaults.fault('FLOW_RESEEDING', facts)
  const error = `${errorName(errorCode)} ${message ?? ''}`.trimEnd()
  throw replicationFaults.fault('FLOW_RESEED_REFUSED', { ...facts, error })
}
