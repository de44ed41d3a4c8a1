import type { GroupPosition } from '../../kafka/index.ts'
import { judgeOwner, type PositionTrace, traceKey, type Write } from './position-trace.ts'
import {
  decideGone,
  explainMassVanishing,
  type GoneSince,
  type GoneVerdict,
  type ObservedGone,
} from './source-deletions.ts'

/**
 * Decides which positions are committed on the target: pure, one partition of one group at a time.
 *
 * What always holds
 * - A group with members on the target is left alone.
 * - A position never moves backwards, unless the group itself went back at the source since our last write.
 * - A position that someone else wrote is left alone; `position-trace.ts` says how that is told.
 * - What cannot be read or translated for one partition changes nothing for another.
 * - An unchanged position costs no write until it has to be renewed, and renewals are spread over passes.
 */
export interface ObservedPositions {
  /** Wall clock, for statuses. */
  readonly nowMs: number
  /** For the age of writes. */
  readonly monotonicMs: number
  readonly renewAfterMs: number
  /** How long a position has to be gone at the source before it is deleted on the target. */
  readonly deletionGraceMs: number
  /** See `LinkSpec.isStandby`: members that a group had on the target do not make its positions there its own. */
  readonly isStandby?: boolean
  readonly groups: readonly ObservedGroup[]
  readonly memory: PositionMemory
}

export interface ObservedGroup {
  readonly group: string
  /** Set where the group could not be read on one of the sides: nothing is decided for it. */
  readonly failure?: string
  readonly isActiveOnTarget: boolean
  /** Of the copied topics only. */
  readonly positions: readonly ObservedPosition[]
  /** Written by this process and no longer at the source. */
  readonly gone: readonly ObservedGone[]
}

export interface ObservedPosition {
  readonly topic: string
  readonly targetTopic: string
  readonly partition: number
  /** Set where one of the sides did not answer for the partition: nothing is decided for it. */
  readonly failure?: string
  readonly source: Committed
  /** Undefined where the group has none on the target. */
  readonly target: Committed | undefined
  readonly translation: Translation
  /** The source offset that the position on the target stands for; undefined where there is none or it is not known. */
  readonly targetAtSource: number | undefined
}

export interface Committed {
  readonly offset: number
  readonly metadata: string | null
}

/** Answer of the flow layer about a source position. */
export type Translation =
  | {
      readonly targetTopic: string
      /** First target offset to read; never above what the target holds. */
      readonly offset: number
      /** Records that are met again from there because the copy is behind the group. */
      readonly behindRecords: number
    }
  | { readonly pending: string }

/** What this process knows of its own writes, by group. */
export type PositionMemory = ReadonlyMap<string, GroupMemory>

export interface GroupMemory {
  /** The group had members on the target at some time: what it has there without a trace is its own. */
  readonly wasActive: boolean
  /** By source topic and partition; see `traceKey`. */
  readonly traces: ReadonlyMap<string, PositionTrace>
  /** Since when positions are gone at the source, by the same key. */
  readonly goneSince: ReadonlyMap<string, GoneSince>
  /** Wall clock of the last pass that left all positions in step. */
  readonly syncedAtMs: number | null
  /** Monotonic; a group that the source has not listed for a day is forgotten. */
  readonly seenAtMs: number
}

export interface PositionDecision {
  readonly reason: string
  readonly nowMs: number
  readonly monotonicMs: number
  readonly groups: readonly GroupVerdict[]
  /** Before the commits are sent: `applyOutcomes` adds what comes of them. */
  readonly memory: PositionMemory
}

export interface GroupVerdict {
  readonly group: string
  readonly failure: string | undefined
  readonly isActiveOnTarget: boolean
  readonly positions: readonly PositionVerdict[]
  readonly gone: readonly GoneVerdict[]
}

export interface PositionVerdict {
  readonly observed: ObservedPosition
  readonly kind: 'in-step' | 'commit' | 'not-copied' | 'held' | 'foreign' | 'failed' | 'untouched'
  /** A sentence for the operator. */
  readonly reason: string
  /** What to write, for `commit`. */
  readonly commit?: { readonly position: GroupPosition; readonly sourceOffset: number }
  /** Nothing has changed: the write can wait for a later pass. */
  readonly isRenewal?: true
}

interface Step {
  readonly verdict: PositionVerdict
  readonly trace: PositionTrace | undefined
}

const FORGET_AFTER_MS = 86_400_000
/** Groups that are written in one pass for no other reason than their age. */
const RENEWED_PER_PASS = 100

/** The verdict on every position, and what is known after it. */
export function decidePositions(observed: ObservedPositions): PositionDecision {
  const { monotonicMs } = observed
  const memory = new Map([...observed.memory].filter(([, { seenAtMs }]) => monotonicMs - seenAtMs < FORGET_AFTER_MS))
  const tracked = observed.groups.filter(({ positions, gone }) => positions.length + gone.length > 0)
  const massVanishing = explainMassVanishing(tracked.filter(hasVanished).length, tracked.length)
  const groups: GroupVerdict[] = []
  let renewed = 0
  for (const seen of observed.groups) {
    const decided = decideGroup(seen, memory.get(seen.group) ?? nothingKnown(monotonicMs), observed)
    const isRenewal = hasOnlyRenewals(decided.verdict)
    const verdict = isRenewal && renewed >= RENEWED_PER_PASS ? withoutRenewals(decided.verdict) : decided.verdict
    if (isRenewal) renewed++
    groups.push(massVanishing === undefined ? verdict : keepGone(verdict, massVanishing))
    memory.set(seen.group, decided.memory)
  }
  const commits = groups.reduce((sum, { positions }) => sum + positions.filter(isCommit).length, 0)
  const reason = commits === 0 ? `${groups.length} groups in step` : `${commits} positions to commit`
  return { reason, nowMs: observed.nowMs, monotonicMs, groups, memory }
}

function nothingKnown(seenAtMs: number): GroupMemory {
  return { wasActive: false, traces: new Map(), goneSince: new Map(), syncedAtMs: null, seenAtMs }
}

/** Nothing is left of the group at the source. */
function hasVanished({ failure, positions, gone }: ObservedGroup): boolean {
  return failure === undefined && positions.length === 0 && gone.length > 0
}

function hasOnlyRenewals({ positions }: GroupVerdict): boolean {
  return positions.some(isCommit) && positions.every((position) => !isCommit(position) || position.isRenewal === true)
}

function withoutRenewals(verdict: GroupVerdict): GroupVerdict {
  const positions = verdict.positions.map((position) =>
    isCommit(position) ? conclude(position.observed, 'in-step', 'in step') : position,
  )
  return { ...verdict, positions }
}

function keepGone(verdict: GroupVerdict, reason: string): GroupVerdict {
  const gone = verdict.gone.map((one): GoneVerdict => (one.kind === 'delete' ? { ...one, kind: 'kept', reason } : one))
  return { ...verdict, gone }
}

function decideGroup(
  seen: ObservedGroup,
  known: GroupMemory,
  observed: ObservedPositions,
): { readonly verdict: GroupVerdict; readonly memory: GroupMemory } {
  const { group, failure, isActiveOnTarget } = seen
  if (failure !== undefined) {
    return { verdict: { group, failure, isActiveOnTarget, positions: [], gone: [] }, memory: known }
  }
  const wasActive = observed.isStandby !== true && (known.wasActive || isActiveOnTarget)
  const gone = decideGone(seen, known, observed)
  const traces = new Map(gone.traces)
  const positions: PositionVerdict[] = []
  for (const position of seen.positions) {
    const before = known.traces.get(traceKey(position))
    const { verdict, trace } = isActiveOnTarget
      ? { verdict: conclude(position, 'untouched', 'the group has members on the target'), trace: before }
      : decidePosition(position, { trace: before, wasActive }, observed)
    positions.push(verdict)
    if (trace !== undefined) traces.set(traceKey(position), trace)
  }
  const { syncedAtMs } = known
  const seenAtMs = hasVanished(seen) ? known.seenAtMs : observed.monotonicMs
  const memory = { wasActive, traces, goneSince: gone.goneSince, syncedAtMs, seenAtMs }
  return { verdict: { group, failure, isActiveOnTarget, positions, gone: gone.verdicts }, memory }
}

function decidePosition(
  position: ObservedPosition,
  { trace, wasActive }: { readonly trace: PositionTrace | undefined; readonly wasActive: boolean },
  timing: Pick<ObservedPositions, 'monotonicMs' | 'renewAfterMs' | 'isStandby'>,
): Step {
  const { failure, source, target, translation } = position
  if (failure !== undefined) return { verdict: conclude(position, 'failed', failure), trace }
  if ('pending' in translation) return { verdict: conclude(position, 'not-copied', translation.pending), trace }
  const { offset } = translation
  if (target === undefined) {
    const writes = trace?.kind === 'ours' ? trace : undefined
    return { verdict: commitTo(position, offset, 'the target has no position yet'), trace: writes }
  }
  const facts = { wasActive, current: target.offset, translated: offset, source: source.offset }
  const judged = judgeOwner({ ...facts, trace })
  // On a standby nobody else is meant to move it: it is judged as if it were seen for the first time, and only moved on.
  const isAdopted = judged.kind === 'foreign' && timing.isStandby === true
  const owner = isAdopted ? judgeOwner({ ...facts, trace: undefined }) : judged
  if (owner.kind !== 'ours') {
    return { verdict: conclude(position, 'foreign', explainForeign(owner.kind, target.offset, offset)), trace: owner }
  }
  return { verdict: decideOwn(position, target, { offset, written: owner.written }, timing), trace: owner }
}

/** The position on the target is ours: move it, renew it, or leave it. */
function decideOwn(
  position: ObservedPosition,
  target: Committed,
  { offset, written }: { readonly offset: number; readonly written: Write },
  { monotonicMs, renewAfterMs }: Pick<ObservedPositions, 'monotonicMs' | 'renewAfterMs'>,
): PositionVerdict {
  const { source } = position
  if (offset > target.offset) return commitTo(position, offset, 'the group read on at the source')
  if (offset < target.offset) {
    const isConfirmed = written.atMs !== undefined
    if (isConfirmed && source.offset < written.sourceOffset) {
      return commitTo(position, offset, 'the group went back at the source')
    }
    const reason = `kept at ${target.offset}: its translation is ${offset} now, but the group was not seen to go back`
    return conclude(position, 'held', reason)
  }
  if ((source.metadata ?? '') !== (target.metadata ?? '')) return commitTo(position, offset, 'its metadata changed')
  if (written.atMs === undefined || monotonicMs - written.atMs >= renewAfterMs) {
    return { ...commitTo(position, offset, 'renewed before it expires'), isRenewal: true }
  }
  return conclude(position, 'in-step', 'in step')
}

function explainForeign(kind: 'ahead' | 'foreign', current: number, translated: number): string {
  return kind === 'ahead'
    ? `the target has position ${current}, ahead of ${translated} where the source is: it is left alone until the ` +
        'source has passed it, or until it is deleted on the target'
    : `position ${current} on the target was not written by Isthmus: it is left alone until it is deleted there`
}

function commitTo(observed: ObservedPosition, offset: number, reason: string): PositionVerdict {
  const { targetTopic: topic, partition, source } = observed
  const position = { topic, partition, offset, leaderEpoch: -1, metadata: source.metadata }
  return { observed, kind: 'commit', reason, commit: { position, sourceOffset: source.offset } }
}

function conclude(
  observed: ObservedPosition,
  kind: Exclude<PositionVerdict['kind'], 'commit'>,
  reason: string,
): PositionVerdict {
  return { observed, kind, reason }
}

function isCommit({ kind }: PositionVerdict): boolean {
  return kind === 'commit'
}
