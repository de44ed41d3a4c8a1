/**
 * Positions that are gone at the source: the group was deleted or expired there, or its offsets of a topic were. What
 * this process wrote of them is deleted on the target too. Pure.
 *
 * What always holds
 * - Gone is only what the group's own coordinator said it does not have, in several passes over a grace period. One
 *   that does not answer, and a topic that is gone or not copied at the moment, says nothing.
 * - Deleted is only what this process wrote last, with an answer, and only while the group has no members on the target.
 * - Where most groups vanish together, the source has lost them rather than somebody deleted them: nothing is deleted,
 *   and what is on the target expires there in its own time.
 */
import { errorName, type TopicPartition } from '../../kafka/index.ts'
import { type PositionTrace, traceKey } from './position-trace.ts'

/** A position that this process has written and that the source no longer has. */
export interface ObservedGone extends TopicPartition {
  readonly targetTopic: string
  /** Undefined where the target has none either. */
  readonly target: { readonly offset: number } | undefined
  /** Why this says nothing about a deletion, where it does not. */
  readonly doubt?: string
}

export interface GoneSince {
  readonly sinceMs: number
  readonly passes: number
}

export interface GoneVerdict {
  readonly observed: ObservedGone
  readonly kind: 'waiting' | 'delete' | 'kept'
  /** A sentence for the operator. */
  readonly reason: string
}

export interface GoneDecision {
  readonly verdicts: readonly GoneVerdict[]
  readonly traces: ReadonlyMap<string, PositionTrace>
  readonly goneSince: ReadonlyMap<string, GoneSince>
}

export interface DeletionTiming {
  readonly monotonicMs: number
  readonly deletionGraceMs: number
}

const PASSES_LEAST = 3
/** Up to so many groups may vanish together, however few there are. */
const VANISHED_FEW = 10

/** What becomes of a group's gone positions; traces and times of those that are still looked after. */
export function decideGone(
  { gone, isActiveOnTarget }: { readonly gone: readonly ObservedGone[]; readonly isActiveOnTarget: boolean },
  known: Pick<GoneDecision, 'traces' | 'goneSince'>,
  timing: DeletionTiming,
): GoneDecision {
  const verdicts: GoneVerdict[] = []
  const traces = new Map<string, PositionTrace>()
  const goneSince = new Map<string, GoneSince>()
  for (const observed of isActiveOnTarget ? [] : gone) {
    const key = traceKey(observed)
    const trace = known.traces.get(key)
    if (trace === undefined || !isStillOurs(observed, trace)) continue
    traces.set(key, trace)
    if (observed.doubt !== undefined) {
      verdicts.push({ observed, kind: 'kept', reason: observed.doubt })
      continue
    }
    const before = known.goneSince.get(key)
    const since = { sinceMs: before?.sinceMs ?? timing.monotonicMs, passes: (before?.passes ?? 0) + 1 }
    goneSince.set(key, since)
    verdicts.push(judgeGone(observed, since, timing))
  }
  return { verdicts, traces, goneSince }
}

function judgeGone(observed: ObservedGone, { sinceMs, passes }: GoneSince, timing: DeletionTiming): GoneVerdict {
  const leftMs = sinceMs + timing.deletionGraceMs - timing.monotonicMs
  if (leftMs <= 0 && passes >= PASSES_LEAST) return { observed, kind: 'delete', reason: 'it is gone at the source' }
  const reason = `gone at the source: deleted here in ${Math.max(1, Math.ceil(leftMs / 1_000))} s unless it comes back`
  return { observed, kind: 'waiting', reason }
}

/** The target has exactly what a broker said it took from this process. */
function isStillOurs({ target }: ObservedGone, trace: PositionTrace): boolean {
  if (target === undefined || trace.kind !== 'ours' || trace.written.atMs === undefined) return false
  return target.offset === trace.written.targetOffset
}

/** Why nothing is deleted in a pass in which so many groups are gone, or undefined where deletions may go on. */
export function explainMassVanishing(vanished: number, tracked: number): string | undefined {
  if (vanished <= VANISHED_FEW || vanished * 2 <= tracked) return undefined
  return (
    `${vanished} of ${tracked} groups vanished at the source together, as after a loss of its offsets: their positions ` +
    'here are kept until they expire'
  )
}

/** What came of one group's deletions: Kafka error codes by `traceKey` of the target partition, or of none of them. */
export type DeletionOutcome = ReadonlyMap<string, number> | { readonly failed: string }

const NO_GROUP = 69
/** How a broker says that members have come: 68 NON_EMPTY_GROUP, 86 GROUP_SUBSCRIBED_TO_TOPIC. */
const HAS_MEMBERS: ReadonlySet<number> = new Set([68, 86])

interface Forgotten<Known> {
  readonly known: Known | undefined
  /** Positions deleted. */
  readonly count: number
  /** Why the target did not take a deletion. It is tried again after another grace period. */
  readonly refusal: string | undefined
}

/** What is known of a group after its deletions were answered. */
export function forgetDeleted<Known extends Pick<GoneDecision, 'traces' | 'goneSince'>>(
  known: Known | undefined,
  gone: readonly GoneVerdict[],
  { deletions, nowMs }: { readonly deletions: DeletionOutcome | undefined; readonly nowMs: number },
): Forgotten<Known> {
  if (known === undefined || deletions === undefined) return { known, count: 0, refusal: undefined }
  const traces = new Map(known.traces)
  const goneSince = new Map(known.goneSince)
  let count = 0
  let refusal: string | undefined
  for (const { observed, kind } of gone) {
    if (kind !== 'delete') continue
    const key = traceKey(observed)
    const there = traceKey({ topic: observed.targetTopic, partition: observed.partition })
    const code = 'failed' in deletions ? undefined : deletions.get(there)
    if (code === 0 || code === NO_GROUP) count++
    else if (code === undefined || !HAS_MEMBERS.has(code)) {
      const why = 'failed' in deletions ? deletions.failed : code === undefined ? 'no answer' : errorName(code)
      refusal = `${observed.topic}-${observed.partition} is gone at the source, and the target did not delete it: ${why}`
      goneSince.set(key, { sinceMs: nowMs, passes: 0 })
      continue
    }
    traces.delete(key)
    goneSince.delete(key)
  }
  return { known: { ...known, traces, goneSince }, count, refusal }
}
