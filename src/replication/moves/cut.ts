/**
 * The cut of a region that is being left: for each partition the offset below which stands everything that was ever
 * accepted there. It is the offset of the abort marker of an empty transaction, written once the fence is up.
 *
 * A plain end offset is no cut: it is the high watermark, and with a follower that is slow but still in sync, records
 * beyond it are acknowledged later, after the fence and after its proof (measured). The marker stands behind whatever
 * the leader has accepted, and the coordinator calls the transaction complete only when every marker is replicated.
 *
 * A cut may be repeated. A partition whose log ends with a marker of the same transactional id is cut already; where a
 * coordinator has written its marker twice, the first of them is the cut.
 */
import { type Clock, sleep } from '../../core/index.ts'
import {
  type Cluster,
  errorName,
  isControl,
  type ProducerIdentity,
  type TopicPartition,
  type TransactionHandle,
} from '../../kafka/index.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import { readBatchBefore } from '../flows/tail.ts'
import { eachOf } from './each-of.ts'
import { explainUnreplicated, type PartitionEnds, readEnds } from './ends.ts'
import { inTime } from './in-time.ts'
import { listOf, textOf } from './partition-text.ts'

export interface CutRequest {
  readonly cluster: Cluster
  readonly reader: RawReader
  readonly partitions: readonly CutPartition[]
  /** The same for every cut of a failover group: a newer cut fences an older one. */
  readonly transactionalId: string
  /** After this long it answers `waiting`. */
  readonly withinMs: number
  readonly clock: Clock
}

export interface CutPartition extends TopicPartition {
  readonly topicId: string
}

export interface PartitionCut extends CutPartition {
  /** Of the marker: everything that was accepted is below. */
  readonly cut: number
  /** Of the log, behind the marker, or behind several. */
  readonly end: number
}

export type Cutting =
  | { readonly kind: 'cut'; readonly cuts: readonly PartitionCut[] }
  | {
      readonly kind: 'waiting'
      readonly reason: string
      readonly cuts: readonly PartitionCut[]
      /** Where no marker is complete yet. */
      readonly pending: readonly TopicPartition[]
    }

const POLL_MS = 20
const AGAIN_MS = 200
const READS_AT_ONCE = 64
const TRANSACTION_TIMEOUT_MS = 60_000
/** Of the cut's own, in a row: each repetition of a cut leaves one more at most. */
const MARKERS_MAX = 1_000
const OPERATION_NOT_ATTEMPTED = 55

/** Faults: KAFKA_PRODUCER_FENCED where another cut with the same transactional id has begun meanwhile. */
export async function cutPartitions(request: CutRequest, signal: AbortSignal): Promise<Cutting> {
  const progress: Progress = { cuts: [], reason: 'the region does not answer' }
  const outcome = await inTime(request, (within) => cut(request, progress, within), signal)
  const { cuts, reason } = progress
  if (outcome !== 'late') return { kind: 'cut', cuts }
  const known = new Set(cuts.map(textOf))
  return { kind: 'waiting', reason, cuts, pending: request.partitions.filter((at) => !known.has(textOf(at))) }
}

interface Progress {
  cuts: readonly PartitionCut[]
  reason: string
}

/** Returns once every partition is cut. */
async function cut(request: CutRequest, progress: Progress, signal: AbortSignal): Promise<void> {
  const { cluster, transactionalId, clock } = request
  for (;;) {
    const former = await untilEnded(request, progress, signal)
    if (former !== undefined) await findCuts(request, former.producerId, progress, signal)
    const known = new Set(progress.cuts.map(textOf))
    const uncut = request.partitions.filter((at) => !known.has(textOf(at)))
    if (uncut.length === 0) return
    progress.reason = `no marker is complete on ${listOf(uncut.map(textOf))}`
    const identity = await cluster.initProducerId(transactionalId, TRANSACTION_TIMEOUT_MS, signal)
    const refusal = await writeMarkers(cluster, { transactionalId, ...identity }, uncut, signal)
    if (refusal === undefined) {
      await untilEnded(request, progress, signal)
      await findCuts(request, identity.producerId, progress, signal)
      if (progress.cuts.length === request.partitions.length) return
    } else progress.reason = refusal
    await sleep(clock, AGAIN_MS, signal)
  }
}

/** Ends beyond the cut: somebody writes past the fence. */
export interface Leak extends TopicPartition {
  readonly cut: number
  readonly reason: string
}

/** To be asked right before the commit. Pure. */
export function findLeaks(cuts: readonly PartitionCut[], ends: readonly PartitionEnds[]): Leak[] {
  const byPartition = new Map(ends.map((one) => [textOf(one), one]))
  return cuts.flatMap(({ topic, partition, cut, end }) => {
    const now = byPartition.get(textOf({ topic, partition }))
    if (now === undefined || now.errorCode !== 0) {
      const reason = `its end is not told: ${errorName(now?.errorCode ?? -1)}`
      return [{ topic, partition, cut, reason }]
    }
    if (now.logEnd === end && now.highWatermark === end) return []
    return [{ topic, partition, cut, reason: `it ends at ${now.logEnd}, the cut left it at ${end}` }]
  })
}

/** Refused as a whole where one partition can take no marker. */
async function writeMarkers(
  cluster: Cluster,
  txn: TransactionHandle,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const outcomes = await cluster.addPartitionsToTxn(txn, partitions, signal)
  const refused = outcomes.filter(({ errorCode }) => errorCode !== 0 && errorCode !== OPERATION_NOT_ATTEMPTED)
  if (refused.length > 0) {
    return `no marker is taken by ${listOf(refused.map((one) => `${textOf(one)} (${errorName(one.errorCode)})`))}`
  }
  await cluster.endTxn(txn, 'abort', signal)
  return undefined
}

/** Who holds the id, once nothing of it is under way; undefined where it was never used. */
async function untilEnded(
  { cluster, transactionalId, clock }: CutRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<ProducerIdentity | undefined> {
  for (;;) {
    const described = await cluster.describeTransaction(transactionalId, signal)
    if (described === undefined || !described.state.startsWith('Prepare')) return described
    const where = listOf(described.partitions.map(textOf))
    progress.reason = `transaction ${transactionalId} is ${described.state}, without a marker yet: ${where}`
    await sleep(clock, POLL_MS, signal)
  }
}

/** Partitions whose log ends, replicated, with markers of the cut. */
async function findCuts(
  request: CutRequest,
  producerId: bigint,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const ends = await readEnds(request.cluster, request.partitions, signal)
  const cuts: PartitionCut[] = []
  const troubles: string[] = []
  await eachOf(request.partitions.entries(), READS_AT_ONCE, async ([index, at]) => {
    const end = ends[index]
    const trouble = end === undefined ? 'its end is not told' : explainUnreplicated(end)
    const first = end && trouble === undefined ? await findFirstMarker(request, at, end, producerId, signal) : undefined
    if (end === undefined || first === undefined) {
      troubles.push(`${textOf(at)}: ${trouble ?? 'its log does not end with the marker'}`)
    } else cuts.push({ ...at, cut: first, end: end.highWatermark })
  })
  progress.cuts = cuts
  if (troubles.length > 0) progress.reason = listOf(troubles)
}

async function findFirstMarker(
  { reader }: CutRequest,
  at: CutPartition,
  { highWatermark: end }: PartitionEnds,
  producerId: bigint,
  signal: AbortSignal,
): Promise<number | undefined> {
  let first: number | undefined
  for (let markers = 0; markers < MARKERS_MAX && (first ?? end) > 0; markers++) {
    const batch = await readBatchBefore(reader, at, first ?? end, signal)
    if (batch === undefined || !isControl(batch.header) || batch.header.producerId !== producerId) break
    first = batch.header.baseOffset
  }
  return first
}
