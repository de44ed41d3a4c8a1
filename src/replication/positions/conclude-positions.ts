import type { LinkName } from '../../core/index.ts'
import { errorName } from '../../kafka/index.ts'
import type { GroupPositionStatus, GroupStatus } from '../status.ts'
import {
  type GroupMemory,
  type GroupVerdict,
  type PositionDecision,
  type PositionMemory,
  type PositionVerdict,
  traceKey,
} from './decide-positions.ts'
import { noteWrite } from './position-trace.ts'

/** What came of one group's commits: Kafka error codes by `traceKey` of the target partition, or of none of them. */
export type CommitOutcome = ReadonlyMap<string, number> | { readonly failed: string }

export interface PositionConclusion {
  readonly memory: PositionMemory
  readonly statuses: readonly GroupStatus[]
  /** Positions written. */
  readonly committed: number
}

/**
 * How a broker says that a group has members (22 ILLEGAL_GENERATION, 25 UNKNOWN_MEMBER_ID, 27 REBALANCE_IN_PROGRESS,
 * 110 FENCED_MEMBER_EPOCH, 113 STALE_MEMBER_EPOCH): the race between looking and writing is decided by the broker.
 */
const HAS_MEMBERS: ReadonlySet<number> = new Set([22, 25, 27, 110, 113])

/** Memory and statuses after a pass: pure. A group without an outcome had nothing to commit. */
export function concludePositions(
  decision: PositionDecision,
  outcomes: ReadonlyMap<string, CommitOutcome>,
  link: LinkName,
): PositionConclusion {
  const memory = new Map(decision.memory)
  const statuses: GroupStatus[] = []
  let committed = 0
  for (const decided of decision.groups) {
    const outcome = outcomes.get(decided.group)
    const verdict = outcome === undefined ? decided : settle(decided, outcome)
    const before = memory.get(decided.group)
    const synced = verdict.positions.every(({ kind }) => kind === 'in-step' || kind === 'commit')
    const known = before && noteWrites(before, verdict, decision.monotonicMs)
    const syncedAtMs =
      synced && verdict.failure === undefined && !verdict.isActiveOnTarget
        ? decision.nowMs
        : (known?.syncedAtMs ?? null)
    if (known !== undefined) memory.set(decided.group, { ...known, syncedAtMs })
    committed += verdict.positions.filter(({ kind }) => kind === 'commit').length
    if (verdict.positions.length > 0 || verdict.failure !== undefined) {
      statuses.push(describeGroup(verdict, link, syncedAtMs))
    }
  }
  return { memory, statuses, committed }
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

function describeGroup(verdict: GroupVerdict, link: LinkName, syncedAtMs: number | null): GroupStatus {
  const positions = verdict.positions.filter(({ observed }) => observed.source.offset >= 0).map(describePosition)
  return { link, group: verdict.group, ...describeState(verdict), syncedAtMs, positions }
}

function describeState(verdict: GroupVerdict): Pick<GroupStatus, 'state' | 'reason'> {
  const { failure, isActiveOnTarget, positions } = verdict
  if (failure !== undefined) return { state: 'failed', reason: failure }
  if (isActiveOnTarget) {
    return { state: 'active-on-target', reason: 'the group has members on the target: its positions there are its own' }
  }
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

function describePosition({ observed }: PositionVerdict): GroupPositionStatus {
  const { topic, targetTopic, partition, source, translation } = observed
  return {
    topic,
    targetTopic,
    partition,
    sourceOffset: source.offset,
    targetOffset: 'pending' in translation ? null : translation.offset,
    behindRecords: behindRecords(translation),
  }
}

function behindRecords(translation: PositionVerdict['observed']['translation']): number {
  return 'pending' in translation ? 0 : translation.behindRecords
}
