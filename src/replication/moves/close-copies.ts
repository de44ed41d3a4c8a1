/**
 * Ends copies for good: the target of a copy becomes the active region, or goes on with another source. Under each shard
 * that has such copies, taken over for the moment:
 *
 *  1. Whoever wrote there is fenced out, with a marker on every partition. A late replicator is refused by the broker.
 *  2. Behind the fence the end of each copy is read, and proved to be ours.
 *  3. A map entry says that the copy ended, and where on both sides. No replicator goes on with it, whatever it is
 *     configured to do, and the copy back takes its bearings from it (`turn-flow.ts`).
 *  4. The shard is handed over, so that its other copies get no marker.
 *
 * After a cut, the marker stands where the source has its own: then offsets that were identical stay so. Where a
 * coordinator wrote the cut's marker twice, the target gets a second one, too.
 *
 * May be repeated: copies that have ended are left as they are. A partition that cannot take a marker now is waited for.
 */
import { type Clock, describeError, isFault, pause } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import type { FlowSpec } from '../flows/flow.ts'
import { type CopiedEnd, findCopiedEnd } from '../flows/kept.ts'
import { logEnd, logStart, highWatermark } from '../flows/log-ends.ts'
import { targetOf, targetRef } from '../flows/places.ts'
import { checkTailIsOurs, readTail } from '../flows/tail.ts'
import {
  type CopiedFlow,
  type FlowKey,
  type FlowMap,
  SEGMENT_CAUSES,
  type Segment,
  segmentsBetween,
} from '../offset-map/index.ts'
import type { WrittenPartition } from '../shards/partition-health.ts'
import { shardOf } from '../shards/shard-of.ts'
import type { Takeover } from '../shards/takeover.ts'
import { eachOf } from './each-of.ts'
import { textOf } from './partition-text.ts'
import { isShardDuel, type ShardContext, type ShardReign, underShard } from './under-shard.ts'

export interface CloseRequest {
  readonly copies: readonly CopiedFlow[]
  /** The target becomes the active region; else the copies are only continued from another source. */
  readonly isPromotion: boolean
  /** `where-needed`: none where the last owner has handed over, so that offsets stay as they are. */
  readonly markers: 'always' | 'where-needed'
  /** What is done with a copy that has no proof: it is waited for, or ends as far as it got. */
  readonly unproved: 'wait' | 'end'
  /** By source topic and partition. */
  readonly proofs: ReadonlyMap<string, { readonly sourceEnd: number; readonly copiedTo: number }>
  /** Who does it and why, for the owner entry. */
  readonly by: string
}

export interface ClosedCopy {
  readonly key: FlowKey
  /** First offsets that the copy has nothing to do with. */
  readonly source: number
  readonly target: number
  /** Just behind the last record that was copied, on both sides. */
  readonly copied: Segment
  /** Every record has the same offset on both sides, and so has whatever comes next. */
  readonly isIdentical: boolean
}

export interface Closing {
  readonly closed: readonly ClosedCopy[]
  readonly waiting: readonly { readonly key: FlowKey; readonly reason: string }[]
}

const SHARDS_AT_ONCE = 16
const COPIES_AT_ONCE = 16
const REPLICATED_POLL_MS = 20
const REPLICATED_POLLS_MAX = 250
const MARKERS_MORE_MAX = 8

export async function closeCopies(context: ShardContext, request: CloseRequest, signal: AbortSignal): Promise<Closing> {
  const byShard = [...Map.groupBy(request.copies, ({ key }) => shardOf(key, context.mapTopic.shards))]
  const closed: ClosedCopy[] = []
  const waiting: { key: FlowKey; reason: string }[] = []
  await eachOf(byShard, SHARDS_AT_ONCE, async ([shard, copies]) => {
    try {
      const close = (reign: ShardReign) => closeUnder({ context, request: { ...request, copies }, ...reign }, signal)
      const outcome = await underShard(context, { shard, by: request.by }, close, signal)
      closed.push(...outcome.closed)
      waiting.push(...outcome.waiting)
    } catch (error) {
      signal.throwIfAborted()
      if (isFault(error) && !error.retriable && !isShardDuel(error)) throw error
      for (const { key } of copies) waiting.push({ key, reason: describeError(error) })
    }
  })
  return { closed, waiting }
}

interface Reign extends ShardReign {
  readonly context: ShardContext
  readonly request: CloseRequest
}

async function closeUnder(reign: Reign, signal: AbortSignal): Promise<Closing> {
  const { request, takeover } = reign
  const closed: ClosedCopy[] = []
  const waiting: { key: FlowKey; reason: string }[] = []
  const open: { readonly spec: FlowSpec; readonly map: FlowMap }[] = []
  for (const { key, ...ids } of request.copies) {
    const map = takeover.map.flow(key)
    if (map === undefined || map.facts.targetTopicId !== ids.targetTopicId) continue
    const { sourceTopicId, targetTopicId, sourceClusterId } = map.facts
    const spec = { key, sourceTopicId, targetTopicId, sourceClusterId }
    if (isEnded(map, request)) closed.push(await describeEnded(spec, map, signal))
    else if (request.unproved === 'end' || request.proofs.has(textOf(key))) open.push({ spec, map })
    else waiting.push({ key, reason: 'it is not proved to hold all of its source' })
  }
  const unfit = await fence(
    reign,
    open.map(({ spec }) => targetRef(spec)),
    signal,
  )
  await eachOf(open, COPIES_AT_ONCE, async ({ spec, map }) => {
    const { key } = spec
    const reason = unfit.get(textOf(targetOf(spec)))
    if (reason !== undefined) waiting.push({ key, reason: `it can take no marker: ${reason}` })
    else closed.push(await closeOne(reign, spec, map, signal))
  })
  return { closed, waiting }
}

/** A copy that was ended for another source is ended once more when its target becomes the active region. */
function isEnded({ closedAt }: FlowMap, { isPromotion }: CloseRequest): boolean {
  return closedAt !== undefined && (closedAt.isPromoted || !isPromotion)
}

/** Partitions that can take no marker now, with the reason. The takeover itself has fenced what was ever written to. */
async function fence(
  { request, takeover }: Reign,
  partitions: readonly WrittenPartition[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const isClean = takeover.fenced === 'clean-hand-over'
  const late = new Set(takeover.unfenced.map(textOf))
  const due = isClean
    ? partitions.filter(() => request.markers === 'always')
    : partitions.filter((at) => late.has(textOf(at)) || !isWritten(takeover, at))
  const unfit = await takeover.fenceAll(due, signal)
  return new Map(unfit.map((one) => [textOf(one), one.reason]))
}

/** Whether the takeover counted the partition to those that had a writer. */
function isWritten({ map }: Takeover, { topicId, partition }: WrittenPartition): boolean {
  return [...map.flows()].some(({ flow, facts, closedAt }) => {
    return facts.targetTopicId === topicId && flow.partition === partition && closedAt === undefined
  })
}

async function closeOne(reign: Reign, spec: FlowSpec, map: FlowMap, signal: AbortSignal): Promise<ClosedCopy> {
  const { context, request, takeover, tenure } = reign
  const { cluster } = context
  const copied = await findCopied(reign, spec, map, signal)
  const position = await map.findSource(copied.dataEnd, signal)
  const { topic, targetTopic, partition } = spec.key
  const formerly = map.closedAt?.source
  const proof = request.proofs.get(textOf({ topic, partition }))
  if (proof !== undefined && proof.copiedTo !== copied.end.target) {
    const reason = `its records end at ${copied.end.target}, it was proved to hold all of the source with ${proof.copiedTo}`
    throw replicationFaults.fault('FLOW_TURN_REFUSED', { topic, targetTopic, partition, reason })
  }
  const source = proof?.sourceEnd ?? formerly ?? position.offset
  let target = await untilReplicated(cluster, spec, context.clock, signal)
  const isInStep = copied.end.source === copied.end.target && request.markers === 'always'
  const wanted = isInStep ? source : target
  for (let more = 0; target < wanted && more < MARKERS_MORE_MAX; more++) {
    await takeover.fenceAll([targetRef(spec)], signal)
    target = await untilReplicated(cluster, spec, context.clock, signal)
  }
  const promoted = request.isPromotion ? SEGMENT_CAUSES.promoted : 0
  const next = { source, target, causes: SEGMENT_CAUSES.closed | promoted }
  const between = segmentsBetween(copied.end.records, next)
  const { key, ...ids } = spec
  await tenure.writer.append({
    kind: 'flow',
    flow: key,
    ...ids,
    ...tenure.identity,
    epochStart: target,
    sourceLeaderEpoch: map.facts.sourceLeaderEpoch,
    atMs: context.clock.nowMs(),
    segments: between.length > 0 ? between : [next],
  })
  const end = { source: copied.end.source, target: copied.end.target }
  return { key, source, target, copied: end, isIdentical: map.isIdentical }
}

/** The end of the copy, proved to be ours. Faults: FLOW_DIVERGED, FLOW_MAP_CONTRADICTS. */
async function findCopied(
  { context, tenure }: Reign,
  spec: FlowSpec,
  map: FlowMap,
  signal: AbortSignal,
): Promise<{ readonly dataEnd: number; readonly end: CopiedEnd }> {
  const { cluster, reader } = context
  const at = targetOf(spec)
  const start = await logStart(cluster, at, signal)
  const end = await untilReplicated(cluster, spec, context.clock, signal)
  const about = {
    spec,
    isOurs: (producerId: bigint) => producerId === tenure.identity.producerId || tenure.map.hasSeenProducer(producerId),
    isMatched: (targetOffset: number) => map.isMatched(targetOffset),
  }
  const { dataEnd, lastBatch } = await readTail(reader, targetRef(spec), { start, end }, about, signal)
  if (lastBatch !== undefined) checkTailIsOurs(spec, map, lastBatch.header)
  const copied = await findCopiedEnd(map, dataEnd, signal)
  if (lastBatch !== undefined && copied.target !== dataEnd && !copied.isKept) {
    const { targetTopic, partition } = spec.key
    const evidence = `its log ends at ${dataEnd}, the map knows records up to ${copied.target}`
    throw replicationFaults.fault('FLOW_MAP_CONTRADICTS', { targetTopic, partition, evidence })
  }
  return { dataEnd, end: copied }
}

/** High watermark, once it is the end of the log. Fault TARGET_NOT_READY. */
async function untilReplicated(cluster: Cluster, spec: FlowSpec, clock: Clock, signal: AbortSignal): Promise<number> {
  const at = targetOf(spec)
  for (let polls = 0; polls < REPLICATED_POLLS_MAX; polls++) {
    const appended = await logEnd(cluster, at, signal)
    const end = await highWatermark(cluster, at, signal)
    if (end >= appended) return end
    await pause(clock, REPLICATED_POLL_MS, signal)
    signal.throwIfAborted()
  }
  const reason = 'what was appended is not replicated'
  throw replicationFaults.fault('TARGET_NOT_READY', { what: textOf(at), target: cluster.name, reason })
}

async function describeEnded({ key }: FlowSpec, map: FlowMap, signal: AbortSignal): Promise<ClosedCopy> {
  const { source, target } = map.closedAt ?? map.lastSegment
  return { key, source, target, copied: await map.findEnd(target, signal), isIdentical: map.isIdentical }
}
