import type { GroupsAtCut } from '../../replication/index.ts'
import { untilOpenMs } from '../drills/split-move.ts'
import type { Json } from '../outcome.ts'
import { hasEnded } from '../moves/steps.ts'
import type { OperationRecord, Phase, Reign } from '../state.ts'
import { type Intervention, interventionsIn, type MoveStep, stepsOfMove } from './move-steps.ts'
import { judgeObjective, type ObjectiveVerdict } from './objectives.ts'
import type { Trace } from './read-trace.ts'
import { buildReturnReport, type ReturnFacts, type ReturnReport } from './return-report.ts'
import { type HeldUp, heldUpBy, untilNext } from './timeline.ts'

/** Everything that is on record of a move. */
export interface MoveFacts {
  readonly group: string
  readonly operation: OperationRecord
  /** False once it has left the group's document. */
  readonly isPresent: boolean
  readonly reigns: readonly Reign[]
  readonly evidence: Readonly<Partial<Record<Phase, Json>>>
  readonly trace: Trace
  /** Of regions that the move went past. */
  readonly returns: readonly ReturnFacts[]
  /** As the configuration has them now. */
  readonly objectives: Objectives
}

export interface Objectives {
  readonly rpoMs: number | null
  readonly rtoMs: number | null
}

/** What is known of a move, for people and for tools; `pageOfMove` makes a page of it. */
export interface MoveReport
  extends Pick<OperationRecord, 'kind' | 'from' | 'to' | 'epoch' | 'fence' | 'request' | 'warnings'> {
  readonly format: 1
  readonly operation: string
  readonly group: string
  readonly state: 'running' | 'superseded' | 'done' | 'rolled-back' | 'rolling-back' | 'needs-operator'
  readonly phase: Phase
  /** The commit, if there was one. */
  readonly committed: { readonly epoch: number; readonly at: string } | null
  readonly startedAt: string
  readonly endedAt: string | null
  readonly tookMs: number | null
  readonly rpo: MoveLoss
  readonly rto: MovePause
  /** Consumer groups at the cut; null of a failover, which has none. */
  readonly groups: GroupsAtCut | null
  readonly guards: readonly { readonly name: string; readonly status: string; readonly evidence: string }[]
  readonly steps: readonly (MoveStep & { readonly tookMs: number })[]
  readonly interventions: readonly Intervention[]
  readonly abort: NonNullable<OperationRecord['abort']> | null
  readonly stop: NonNullable<OperationRecord['stop']> | null
  readonly supersedes: string | null
  readonly returns: readonly ReturnReport[]
  /** What phases have left behind, by the digest that the group's document had. */
  readonly evidence: readonly { readonly phase: string; readonly key: string; readonly digest: string }[]
  /** False where the journal was not read far enough back. */
  readonly isComplete: boolean
}

export interface MoveLoss {
  readonly objectiveMs: number | null
  /** Null while it is not known, and where nothing was moved. */
  readonly records: number | null
  /** Between the first and the last lost record, by their timestamps. */
  readonly ms: number | null
  readonly verdict: ObjectiveVerdict
  /** How that is known, or why not. */
  readonly because: string
}

export interface MovePause {
  readonly objectiveMs: number | null
  /** From the order until applications could write again. */
  readonly measuredMs: number | null
  readonly verdict: ObjectiveVerdict
  /** As far as controllers saw it. */
  readonly writePausedMs: number
  readonly heldUp: HeldUp | null
}

/** Pure. Of a move that runs, it says what is known so far. */
export function buildMoveReport(facts: MoveFacts): MoveReport {
  const { group, operation, reigns, evidence, trace } = facts
  const { id, kind, from, to, phase, epoch, fence, request, warnings } = operation
  const steps = untilNext(stepsOfMove(trace.entries))
  const committed = reigns.find((reign) => reign.operation === id)
  const startedAt = request.at
  const endedAt = hasEnded(phase) ? (steps.at(-1)?.at ?? null) : null
  const returns = facts.returns.map(buildReturnReport)
  return {
    format: 1,
    operation: id,
    group,
    kind,
    from,
    to,
    state: stateOf(facts),
    phase,
    epoch,
    fence,
    request,
    warnings,
    committed: committed === undefined ? null : { epoch: committed.epoch, at: committed.committedAt },
    startedAt,
    endedAt,
    tookMs: endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)),
    rpo: reportLoss(facts, { steps, returns, isCommitted: committed !== undefined }),
    rto: reportPause(facts, steps, committed !== undefined),
    groups: groupsIn(evidence.translating),
    guards: guardsIn(evidence.preflight),
    steps,
    interventions: interventionsIn(trace.entries),
    abort: operation.abort ?? null,
    stop: operation.stop ?? null,
    supersedes: operation.supersedes?.operation ?? null,
    returns,
    evidence: Object.entries(operation.evidence).map(([of, { key, digest }]) => ({ phase: of, key, digest })),
    isComplete: trace.isComplete,
  }
}

function stateOf({ operation: { phase }, isPresent }: MoveFacts): MoveReport['state'] {
  if (phase === 'done' || phase === 'rolled-back') return phase
  if (!isPresent) return 'superseded'
  return phase === 'rolling-back' || phase === 'needs-operator' ? phase : 'running'
}

interface Course {
  readonly steps: readonly MoveStep[]
  readonly returns: readonly ReturnReport[]
  readonly isCommitted: boolean
}

function reportLoss({ operation, evidence, objectives }: MoveFacts, { steps, returns, isCommitted }: Course): MoveLoss {
  const { rpoMs: objectiveMs } = objectives
  const told = (records: number | null, ms: number | null, because: string): MoveLoss => {
    return { objectiveMs, records, ms, verdict: judgeObjective(ms, objectiveMs), because }
  }
  if (!isCommitted) return told(null, null, 'nothing was moved')
  const proved = steps.findLast(({ phase }) => phase === 'proving')?.outcome
  if (operation.kind !== 'failover') return told(0, 0, `everything below the cut was there: ${proved ?? 'compared'}`)
  const { from, supersedes } = operation
  if (supersedes?.isDrained === true) return told(0, 0, `everything below the cut of ${supersedes.operation} was there`)
  const { divergence = null, replayedRecords = null } = returns.find(({ region }) => region === from) ?? {}
  if (divergence === null) {
    const guard = guardsIn(evidence.preflight).find(({ name }) => name === 'loss-within-objective')
    const estimate = guard === undefined ? '' : `; before the move: ${guard.evidence}`
    return told(null, null, `not known before ${from} is back and compared${estimate}`)
  }
  const { records, partitions, firstTimestampMs, lastTimestampMs } = divergence
  const isDated = firstTimestampMs !== null && lastTimestampMs !== null
  const ms = isDated ? Math.max(0, lastTimestampMs - firstTimestampMs) : 0
  const again = replayedRecords === null ? '' : `; ${replayedRecords} of them were appended again`
  return told(records, ms, `what only ${from} had when it was back, in ${partitions} partitions${again}`)
}

function reportPause(
  { operation, objectives }: MoveFacts,
  steps: MoveReport['steps'],
  isCommitted: boolean,
): MovePause {
  const measuredMs = isCommitted ? untilOpenMs({ steps }) : null
  return {
    objectiveMs: objectives.rtoMs,
    measuredMs,
    verdict: judgeObjective(measuredMs, objectives.rtoMs),
    writePausedMs: operation.writePausedMs,
    heldUp: heldUpBy(steps) ?? null,
  }
}

function groupsIn(evidence: Json | undefined): GroupsAtCut | null {
  const found = evidence as unknown as Partial<GroupsAtCut> | undefined
  return found?.behind === undefined ? null : (found as GroupsAtCut)
}

function guardsIn(evidence: Json | undefined): MoveReport['guards'] {
  return (evidence as unknown as { readonly guards?: MoveReport['guards'] } | undefined)?.guards ?? []
}
