import type { LinkName } from '../../core/index.ts'
import { errorName } from '../../kafka/index.ts'
import type { GroupPositionStatus, GroupStatus } from '../status.ts'
import {
  type GroupMemory,
  type GroupVerdict,
  type PositionDecision,
  type PositionMemory,
  type PositionVerdict,
} from './decide-positions.ts'
import { noteWrite, traceKey } from './position-trace.ts'
import { type DeletionOutcome, forgetDeleted } from './source-deletions.ts'

/** What came of one group's writes: Kafka error codes by `traceKey` of the target partition, or of none of them. */
export interface GroupOutcome {
  /** Undefined where nothing was committed. */
  readonly commits?: CommitOutcome
  /** Undefined where nothing was deleted. */
  readonly deletions?: DeletionOutcome
}
export type CommitOutcome = ReadonlyMap<string, number> | { readonly failed: string }

export interface PositionConclusion {
  readonly memory: PositionMemory
  readonly statuses: readonly GroupStatus[]
  /** Positions written. */
  readonly committed: number
  /** Positions deleted because they are gone at the source, by group. */
  readonly deleted: ReadonlyMap<string, number>
}

/**
 * How a broker says that a group has members (22 ILLEGAL_GENERATION, 25 UNKNOWN_MEMBER_ID, 27 REBALANCE_IN_PROGRESS,
 * 110 FENCED_MEMBER_EPOCH, 113 STALE_MEMBER_EPOCH): the race between looking and writing is decided by the broker.
 */
const HAS_MEMBERS: ReadonlySet<number> = new Set([22, 25, 27, 110, 113])

/** Memory and statuses after a pass: pure. A group without an outcome had nothing to write. */
export function concludePositions(
  decision: PositionDecision,
  outcomes: ReadonlyMap<string, GroupOutcome>,
  link: LinkName,
): PositionConclusion {
  const memory = new Map(decision.memory)
  const statuses: GroupStatus[] = []
  const deleted = new Map<string, number>()
  let committed = 0
  for (const decided of decision.groups) {
    const { commits, deletions } = outcomes.get(decided.group) ?? {}
    const verdict = commits === undefined ? decided : settle(decided, commits)
    const before = memory.get(decided.group)
    const written = before && noteWrites(before, verdict, decision.monotonicMs)
    const { known, count, refusal } = forgetDeleted(written, verdict.gone, { deletions, nowMs: decision.monotonicMs })
    const syncedAtMs = isInStep(verdict) ? decision.nowMs : (known?.syncedAtMs ?? null)
    if (known !== undefined) memory.set(decided.group, { ...known, syncedAtMs })
    if (count > 0) deleted.set(decided.group, count)
    committed += verdict.positions.filter(({ kind }) => kind === 'commit').length
    const isOver = count > 0 && count === verdict.gone.length
    if (verdict.positions.length > 0 || verdict.failure !== undefined || (verdict.gone.length > 0 && !isOver)) {
      statuses.push(describeGroup(verdict, { link, syncedAtMs, refusal }))
    }
  }
  return { memory, statuses, committed, deleted }
}

function isInStep({ failure, isActiveOnTarget, positions }: GroupVerdict): boolean {
  if (failure !== undefined || isActiveOnTarget || positions.length === 0) return false
  return positions.every(({ kind }) => kind === 'in-step' || kind === 'commit')
}

/** The verdict after its commits were answered: what was not written is `failed`, or the group has members after all. */
function settle(verdict: GroupVerdict, outcome: CommitOutcome): GroupVerdict {
  const codeOf = ({ commit }: PositionVerdict) =>
    commit === undefined || 'failed' in outcome ? undefined : outcome.get(traceKey(commit.position))
  const hasMembers = verdict.positions.some((position) => HAS_MEMBERS.has(codeOf(position) ?? 0))
  const positions = verdict.positions.map((position): PositionVerdict => {
    if (position.kind !== 'commit') return position
    const code = codeOf(position)
    if (code === 0) return position
    if (HAS_MEMBERS.has(code ?? 0)) {
      return { observed: position.observed, kind: 'untouched', reason: 'the group has members on the target' }
    }
    const why =
      'failed' in outcome ? outcome.failed : code === undefined ? 'no answer for this partition' : errorName(code)
    return { ...position, kind: 'failed', reason: `the target did not take the position: ${why}` }
  })
  return { ...verdict, isActiveOnTarget: verdict.isActiveOnTarget || hasMembers, positions }
}

/** A failed write keeps its `commit`: its answer may be what was lost, so the write is remembered. */
function noteWrites(before: GroupMemory, verdict: GroupVerdict, atMs: number): GroupMemory {
  const traces = new Map(before.traces)
  for (const { observed, kind, commit } of verdict.positions) {
    if (commit === undefined) continue
    const write = { sourceOffset: commit.sourceOffset, targetOffset: commit.position.offset, atMs }
    const key = traceKey(observed)
    traces.set(key, noteWrite(traces.get(key), write, kind === 'commit'))
  }
  return { ...before, wasActive: before.wasActive || verdict.isActiveOnTarget, traces }
}

function describeGroup(
  verdict: GroupVerdict,
  {
    link,
    syncedAtMs,
    refusal,
  }: { readonly link: LinkName; readonly syncedAtMs: number | null; readonly refusal: string | undefined },
): GroupStatus {
  const positions = verdict.positions.filter(({ observed }) => observed.source.offset >= 0).map(describePosition)
  const rereadRecords = positions.reduce<number | null>(
    (sum, position) => (sum === null || position.rereadRecords === null ? null : sum + position.rereadRecords),
    verdict.failure === undefined && positions.length > 0 ? 0 : null,
  )
  const state = refusal === undefined ? describeState(verdict) : { state: 'failed' as const, reason: refusal }
  return { link, group: verdict.group, ...state, syncedAtMs, rereadRecords, positions }
}

function describeState(verdict: GroupVerdict): Pick<GroupStatus, 'state' | 'reason'> {
  const { failure, isActiveOnTarget, positions, gone } = verdict
  if (failure !== undefined) return { state: 'failed', reason: failure }
  if (isActiveOnTarget) {
    return { state: 'active-on-target', reason: 'the group has members on the target: its positions there are its own' }
  }
  if (positions.length === 0) return { state: 'gone-at-source', reason: gone[0]?.reason ?? 'gone at the source' }
  const failed = worst(positions, ['failed'])
  if (failed !== undefined) return { state: 'failed', reason: failed }
  const foreign = worst(positions, ['foreign'])
  if (foreign !== undefined) return { state: 'foreign-position', reason: foreign }
  const waiting = worst(positions, ['not-copied', 'held'])
  if (waiting !== undefined) return { state: 'not-copied', reason: waiting }
  const behind = positions.reduce((sum, { observed }) => sum + behindRecords(observed.translation), 0)
  if (behind === 0) return { state: 'synced', reason: 'every position is in step' }
  return { state: 'synced', reason: `in step with the copy: ${behind} records would be read again until it catches up` }
}

/** The first such position in words, and how many there are. */
function worst(positions: readonly PositionVerdict[], kinds: readonly PositionVerdict['kind'][]): string | undefined {
  const such = positions.filter(({ kind }) => kinds.includes(kind))
  const [first] = such
  if (first === undefined) return undefined
  const { topic, partition } = first.observed
  const share = such.length === 1 ? '' : ` (and ${such.length - 1} more of ${positions.length} positions)`
  return `${topic}-${partition}: ${first.reason}${share}`
}

function describePosition(verdict: PositionVerdict): GroupPositionStatus {
  const { topic, targetTopic, partition, source, translation } = verdict.observed
  return {
    topic,
    targetTopic,
    partition,
    sourceOffset: source.offset,
    targetOffset: 'pending' in translation ? null : translation.offset,
    behindRecords: behindRecords(translation),
    rereadRecords: rereadRecords(verdict),
  }
}

/** From the position that the target is known to have now, whoever wrote it. */
function rereadRecords({ observed, kind }: PositionVerdict): number | null {
  const { source, translation, targetAtSource } = observed
  if (kind === 'commit' || kind === 'in-step') return behindRecords(translation)
  return targetAtSource === undefined ? null : Math.max(0, source.offset - targetAtSource)
}

function behindRecords(translation: PositionVerdict['observed']['translation']): number {
  return 'pending' in translation ? 0 : translation.behindRecords
}
