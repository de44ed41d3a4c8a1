/**
 * Lets a flow go on in a target that others have filled: the region that was active before, or a standby that had its
 * copy from another source. Not one record is copied again, because the map is worked out from those of the copies that
 * ended there (`copy-path.ts`, `relation.ts`).
 *
 * The flow's map is written under its own tenure before its position is looked for. Its entries begin before the epoch
 * does, as those of a match: by that, what others wrote to the log is accepted. Cut off, it is done again.
 *
 * A target whose log goes on behind what the copies explain has diverged, and is refused; unless nothing is left in it:
 * then it was emptied to be copied again, behind where it ended.
 */
import { isFault } from '../../core/index.ts'
import { replicationFaults } from '../faults.ts'
import type { Flow, FlowSpec } from '../flows/flow.ts'
import { highWatermark, logStart } from '../flows/log-ends.ts'
import { sourceOf, targetRef } from '../flows/places.ts'
import type { PositionContext } from '../flows/position-context.ts'
import {
  type AttributedSegment,
  type FlowMap,
  SEGMENT_CAUSES,
  segmentsBetween,
  segmentsOf,
} from '../offset-map/index.ts'
import type { Tenure } from '../shards/tenure.ts'
import { findData } from './find-data.ts'
import type { Relation } from './relation.ts'

/** Where the copies before this one are looked up. */
export interface Origins {
  relate(spec: FlowSpec, signal: AbortSignal): Promise<Relation | undefined>
}

export interface TurnContext extends PositionContext {
  /** @defaultValue no copy ever ends */
  readonly origins?: Origins | undefined
  onTurned?(
    flow: Flow,
    turned: { readonly segments: number; readonly sourceNext: number; readonly targetNext: number },
  ): void
}

/** About 100 KiB. */
const SEGMENTS_PER_ENTRY = 20_000

/** False where the flow's own map holds, and nothing was to be done. Faults: FLOW_CLOSED, FLOW_TURN_REFUSED, TARGET_NOT_READY. */
export async function turnIfClosed(
  flow: Flow,
  tenure: Tenure,
  context: TurnContext,
  signal: AbortSignal,
): Promise<boolean> {
  const { spec } = flow
  const ref = targetRef(spec)
  await tenure.untilFenced(ref)
  const known = tenure.map.flow(spec.key)
  const own = known?.facts.targetTopicId === spec.targetTopicId ? known : undefined
  if (own !== undefined && own.closedAt === undefined && !isHalfTurned(own)) return false
  const end = await highWatermark(context.target, ref, signal)
  if (own === undefined && end === 0) return false
  const relation = await relateOrBeginAnew(flow, end, context, signal)
  if (relation === undefined) {
    if (own?.closedAt === undefined) return false
    const { topic, targetTopic, partition, source } = spec.key
    throw replicationFaults.fault('FLOW_CLOSED', { topic, targetTopic, partition, source })
  }
  const segments = overruling(own, await segmentsFor(flow, relation, end, context, signal))
  await recordTurn(flow.spec, tenure, { segments, end }, context.nowMs())
  const { source: sourceNext, target: targetNext } = segments.at(-1) ?? relation.begin
  context.onTurned?.(flow, { segments: segments.length, sourceNext, targetNext })
  return true
}

/** Where no chain of copies leads to the source there is nothing to relate; nor does it have to, once the log is empty. */
async function relateOrBeginAnew(
  { spec }: Flow,
  end: number,
  context: TurnContext,
  signal: AbortSignal,
): Promise<Relation | undefined> {
  try {
    return await context.origins?.relate(spec, signal)
  } catch (error) {
    const isEmpty = async () => (await logStart(context.target, targetRef(spec), signal)) === end
    if (!isFault(error, 'FLOW_TURN_REFUSED') || !(await isEmpty())) throw error
    return { runs: [], begin: { source: await logStart(context.source, sourceOf(spec), signal), target: end } }
  }
}

/** The entries of a turn begin before their epoch; the entry of the run that follows makes it complete. */
function isHalfTurned(map: FlowMap): boolean {
  return map.isHalfMatched && (map.firstCauses & SEGMENT_CAUSES.turned) !== 0
}

async function segmentsFor(
  flow: Flow,
  relation: Relation,
  end: number,
  context: TurnContext,
  signal: AbortSignal,
): Promise<AttributedSegment[]> {
  const { begin } = relation
  const ref = targetRef(flow.spec)
  const { first: diverged, hasAborted } = await findData(
    context.targetReader,
    ref,
    { from: begin.target, to: end },
    signal,
  )
  if ((diverged !== undefined || end > begin.target) && (await logStart(context.target, ref, signal)) === end) {
    return beginAnew(await logStart(context.source, sourceOf(flow.spec), signal), end)
  }
  if (diverged !== undefined) {
    const { topic, targetTopic, partition } = flow.spec.key
    const reason = `it holds records from offset ${diverged} on that no copy explains`
    throw replicationFaults.fault('FLOW_TURN_REFUSED', { topic, targetTopic, partition, reason })
  }
  const isKept = hasAborted || (await hasUncopied(flow, relation, context, signal))
  return isKept ? planTurn(relation, { keptTo: end }) : planTurn(relation)
}

/**
 * Whether the log ends, below where the copies from it ended, with records that they left out: aborted ones, or what the
 * link refused. They stay where they are.
 */
async function hasUncopied(
  { spec }: Flow,
  { runs, begin }: Relation,
  context: TurnContext,
  signal: AbortSignal,
): Promise<boolean> {
  const ref = targetRef(spec)
  const last = runs.at(-1)
  const start = await logStart(context.target, ref, signal)
  const from = Math.max(start, last === undefined ? 0 : last.target + last.length)
  const { first, hasAborted } = await findData(context.targetReader, ref, { from, to: begin.target }, signal)
  return first !== undefined || hasAborted
}

/** The map of a flow that goes on where copies ended. `keptTo`: behind records of the target's own, which stay. Pure. */
export function planTurn(
  { runs, begin }: Relation,
  { keptTo }: { readonly keptTo?: number } = {},
): AttributedSegment[] {
  const last = runs.at(-1)
  const copied = last && { source: last.source + last.length, target: last.target + last.length }
  const causes = SEGMENT_CAUSES.turned | (keptTo === undefined ? 0 : SEGMENT_CAUSES.kept)
  const next = { source: begin.source, target: keptTo ?? begin.target, causes }
  const between = copied === undefined ? [next] : segmentsBetween(copied, next)
  return markFirst([...segmentsOf(runs).map((segment) => ({ ...segment, causes: SEGMENT_CAUSES.turned })), ...between])
}

/** Of a log that was emptied: it is copied again, behind where it ended. */
function beginAnew(source: number, target: number): AttributedSegment[] {
  return markFirst([{ source, target, causes: SEGMENT_CAUSES.turned }])
}

/** Nothing of an older map may stay in front: a corner at the very beginning removes it, and says nothing new. */
export function overruling(
  own: FlowMap | undefined,
  segments: readonly AttributedSegment[],
): readonly AttributedSegment[] {
  const [first] = segments
  if (own === undefined || first === undefined || own.firstSegment.source >= first.source) return segments
  return [{ ...first, source: own.firstSegment.source }, ...segments]
}

/** A map that begins with a match need not reach back to the beginning of the target's log. */
function markFirst([first, ...rest]: AttributedSegment[]): AttributedSegment[] {
  const causes = SEGMENT_CAUSES.turned | SEGMENT_CAUSES.matched
  return first === undefined ? [] : [{ ...first, causes: first.causes | causes }, ...rest]
}

/** Its entries begin before the epoch does. What follows at `end`, of the same epoch, makes them complete. */
export async function recordTurn(
  { key, ...ids }: FlowSpec,
  tenure: Pick<Tenure, 'writer' | 'identity'>,
  { segments, end }: { readonly segments: readonly AttributedSegment[]; readonly end: number },
  atMs: number,
): Promise<void> {
  for (let at = 0; at < segments.length; at += SEGMENTS_PER_ENTRY) {
    await tenure.writer.append({
      kind: 'flow',
      flow: key,
      ...ids,
      ...tenure.identity,
      epochStart: end,
      sourceLeaderEpoch: -1,
      atMs,
      segments: segments.slice(at, at + SEGMENTS_PER_ENTRY),
    })
  }
}
