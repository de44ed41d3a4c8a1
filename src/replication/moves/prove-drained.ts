import { type Clock, isFault } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { FlowSpec } from '../flows/flow.ts'
import { findCopiedEnd } from '../flows/kept.ts'
import { logStart } from '../flows/log-ends.ts'
import { sourceRef, targetRef } from '../flows/places.ts'
import type { RawReader } from '../flows/raw-reader.ts'
import { checkSeam, checkTailIsOurs, readTail } from '../flows/tail.ts'
import type { FlowMap, Segment } from '../offset-map/index.ts'
import { readCommitted } from '../verification/committed-log.ts'
import { Pace } from '../verification/pace.ts'
import { explainUnreplicated, readEnds } from './ends.ts'
import { inTime } from './in-time.ts'

/**
 * Whether a target holds everything of its source below a cut, told by the two logs and the map alone: no replicator has
 * to be asked, and none believed. The end of the target has to be ours, its last record that of the source, and between
 * where the copy ends and the cut the source may have no committed record.
 */
export interface ProofContext {
  readonly source: Cluster
  readonly target: Cluster
  readonly sourceReader: RawReader
  readonly targetReader: RawReader
  readonly clock: Clock
  /** Partitions that are looked at together ask a source once that does not answer. */
  readonly silence?: { isSilent: boolean }
}

export interface CopySight {
  readonly spec: FlowSpec
  readonly map: FlowMap
  /** Source offset up to which everything is to be there. */
  readonly cut: number
  /** The link changes headers, so that they are not compared. */
  readonly changesHeaders: boolean
}

export type DrainProof =
  | { readonly kind: 'drained'; readonly copied: Segment; readonly targetEnd: number }
  /** `leftOffsets`: of the source up to the cut, at most. */
  | { readonly kind: 'behind'; readonly leftOffsets: number; readonly reason: string }

const READ_BYTES_PER_SECOND = 1e9
/** What a source may take to say where a log starts. A region that is given up may take as long as it likes. */
const ANSWER_WITHIN_MS = 2_000

/** Faults: FLOW_DIVERGED where the target is not what was copied, TARGET_NOT_READY. */
export async function proveDrained(context: ProofContext, sight: CopySight, signal: AbortSignal): Promise<DrainProof> {
  const { spec, map, cut } = sight
  const end = await findCopyEnd(context, sight, signal)
  if ('reason' in end) return { kind: 'behind', leftOffsets: 0, reason: end.reason }
  const { offset: position } = await map.findSource(end.dataEnd, signal)
  const found = position < cut ? await firstCommitted(context, spec, { from: position, to: cut }, signal) : undefined
  if (found !== undefined) {
    const reason = `the record at source offset ${found} is not there yet`
    return { kind: 'behind', leftOffsets: cut - position, reason }
  }
  return { kind: 'drained', copied: end.copied, targetEnd: end.targetEnd }
}

export interface CopyEnd {
  /** Of the last record in the target's log. */
  readonly dataEnd: number
  readonly targetEnd: number
  readonly copied: Segment
}

/** Where a copy stands, proved by its log; a reason where it cannot be told now. Fault FLOW_DIVERGED. */
export async function findCopyEnd(
  context: ProofContext,
  { spec, map, changesHeaders }: Omit<CopySight, 'cut'>,
  signal: AbortSignal,
): Promise<CopyEnd | { readonly reason: string }> {
  const { target, sourceReader, targetReader } = context
  if (map.closedAt !== undefined) return { reason: `the copy has ended at source offset ${map.closedAt.source}` }
  if (map.isHalfMatched) return { reason: 'its map is being worked out' }
  const ref = targetRef(spec)
  const [ends] = await readEnds(target, [ref], signal)
  const trouble = ends === undefined ? 'its end is not told' : explainUnreplicated(ends)
  if (ends === undefined || trouble !== undefined) return { reason: trouble ?? '' }
  const targetEnd = ends.highWatermark
  const producerIds = new Set(map.recordedProducers.map(({ producerId }) => producerId))
  const about = {
    spec,
    isOurs: (producerId: bigint) => producerIds.has(producerId),
    isMatched: (targetOffset: number) => map.isMatched(targetOffset),
  }
  const start = await logStart(target, ref, signal)
  const { dataEnd, lastBatch } = await readTail(targetReader, ref, { start, end: targetEnd }, about, signal)
  const copied = await findCopiedEnd(map, dataEnd, signal)
  if (lastBatch === undefined || copied.isKept) return { dataEnd, targetEnd, copied }
  checkTailIsOurs(spec, map, lastBatch.header)
  const sourceStart = await startOf(context, spec, signal)
  if (sourceStart !== undefined) {
    const seam = { spec, sourceOffset: copied.source - 1, lastBatch, sourceStart, changesHeaders }
    await checkSeam(sourceReader, sourceRef(spec), seam, signal)
  }
  return { dataEnd, targetEnd, copied }
}

/** Undefined where the source does not answer: then the map has to be believed. */
async function startOf(
  { source, clock, silence }: ProofContext,
  spec: FlowSpec,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (silence?.isSilent === true) return undefined
  const look = (within: AbortSignal) => logStart(source, sourceRef(spec), within)
  try {
    const start = await inTime({ clock, withinMs: ANSWER_WITHIN_MS }, look, signal)
    if (start !== 'late') return start.result
  } catch (error) {
    signal.throwIfAborted()
    if (!isFault(error)) throw error
    if (!error.retriable) return undefined
  }
  if (silence !== undefined) silence.isSilent = true
  return undefined
}

async function firstCommitted(
  { source, sourceReader: reader, clock }: ProofContext,
  spec: FlowSpec,
  range: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<number | undefined> {
  const ref = sourceRef(spec)
  const pace = new Pace(clock, READ_BYTES_PER_SECOND)
  const log = { reader, ref, clock, pace, logStart: () => logStart(source, ref, signal) }
  for await (const { header, from } of readCommitted(log, range, signal)) return Math.max(from, header.baseOffset)
  return undefined
}
