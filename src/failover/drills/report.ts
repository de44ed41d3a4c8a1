import type {
  DrillApproval,
  DrillGuard,
  DrillLevel,
  DrillOutcome,
  DrillPlan,
  DrillRecord,
  DrillRequest,
  DrillStepRecord,
  IsolatedReport,
  LeftoverCheck,
  MoveTimes,
  RestoreRehearsal,
  StreamReport,
} from './drill-document.ts'
import { judgeObjective, type ObjectiveVerdict } from '../reports/objectives.ts'
import { type MoveSplit, splitMove, untilOpenMs } from './split-move.ts'

/** Everything that is known of a drill, for people and for tools; `pageOfDrill` makes a page of it. */
export interface DrillReport {
  readonly format: 1
  readonly drill: string
  readonly group: string
  readonly level: DrillLevel
  readonly from: string
  readonly region: string
  readonly request: DrillRequest
  readonly approval: DrillApproval | null
  /** Null while it runs. */
  readonly outcome: DrillOutcome | null
  readonly startedAt: string
  readonly endedAt: string | null
  readonly tookMs: number | null
  readonly plan: DrillPlan | null
  readonly rpo: RpoReport
  readonly rto: RtoReport
  readonly moves: readonly MoveReport[]
  readonly stream: StreamReport | null
  readonly isolated: IsolatedReport | null
  readonly restore: RestoreRehearsal | null
  readonly guards: readonly DrillGuard[]
  /** What was looked for behind the drill. */
  readonly checked: readonly LeftoverCheck[]
  /** Of those, what is left, or could not be looked for. */
  readonly leftovers: readonly string[]
  readonly steps: readonly DrillStepRecord[]
  /** Commands that run the same drill again, and show what it did. */
  readonly reproduce: readonly string[]
}

export interface RpoReport {
  readonly objectiveMs: number | null
  /** What would have been lost had the active region been gone when the plan was made; null where that is not known. */
  readonly predicted: { readonly records: number; readonly ms: number } | null
  /** Of the moves of the drill; null where the level moves nothing. */
  readonly measured: { readonly records: number; readonly ms: number } | null
  /** Of the larger of both, because an objective is about the loss of a region. */
  readonly verdict: ObjectiveVerdict
}

export interface RtoReport {
  readonly objectiveMs: number | null
  /** Of the slowest move, from the order until applications could write again. */
  readonly measuredMs: number | null
  readonly verdict: ObjectiveVerdict
  /** The plan's, from earlier moves. */
  readonly predictedPauseMs: number | null
  /** At the clients of the stream where there was one, else as the controller saw it; of the slowest move. */
  readonly writePauseMs: number | null
}

export interface MoveReport extends MoveTimes {
  readonly untilOpenMs: number | null
  readonly split: MoveSplit
}

/** Pure. Of a drill that runs, it says what is known so far. */
export function buildDrillReport({ document, parts }: DrillRecord): DrillReport {
  const { id, group, level, from, region, request, objectives, steps } = document
  const isDone = document.phase === 'done'
  const endedAt = isDone ? (steps.at(-1)?.at ?? null) : null
  const startedAt = steps[0]?.at ?? request.at
  const stay = request.stayMs > 0 ? ` --stay ${Math.ceil(request.stayMs / 1_000)}` : ''
  return {
    format: 1,
    drill: id,
    group,
    level,
    from,
    region,
    request,
    approval: document.approval ?? null,
    outcome: document.outcome ?? null,
    startedAt,
    endedAt,
    tookMs: endedAt === null ? null : Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)),
    plan: document.plan ?? null,
    rpo: reportRpo(document, objectives.rpoMs),
    rto: reportRto(document, objectives.rtoMs),
    moves: (parts.moves ?? []).map((move) => ({ ...move, untilOpenMs: untilOpenMs(move), split: splitMove(move) })),
    stream: parts.stream ?? null,
    isolated: parts.isolated ?? null,
    restore: parts.restore ?? null,
    guards: parts.guards ?? [],
    checked: document.leftovers,
    leftovers: document.leftovers.flatMap(explainLeftover),
    steps,
    reproduce: [
      `isthmus drill run ${group} --level ${level} --region ${region}${stay} --wait`,
      `isthmus drill report ${id}`,
    ],
  }
}

type Document = DrillRecord['document']

function reportRpo({ plan, measured }: Document, objectiveMs: number | null): RpoReport {
  const predicted = plan?.exposure ?? null
  const { rpoRecords = null, rpoMs = null } = measured ?? {}
  const worstMs = Math.max(predicted?.ms ?? -1, rpoMs ?? -1)
  return {
    objectiveMs,
    predicted,
    measured: rpoRecords === null ? null : { records: rpoRecords, ms: rpoMs ?? 0 },
    verdict: judgeObjective(worstMs < 0 ? null : worstMs, objectiveMs),
  }
}

function reportRto({ plan, measured }: Document, objectiveMs: number | null): RtoReport {
  const measuredMs = measured?.rtoMs ?? null
  return {
    objectiveMs,
    measuredMs,
    verdict: judgeObjective(measuredMs, objectiveMs),
    predictedPauseMs: plan?.writePauseMs ?? null,
    writePauseMs: measured?.writePauseMs ?? null,
  }
}

function explainLeftover({ lookedFor, found, trouble }: LeftoverCheck): string[] {
  if (trouble !== undefined) return [`${lookedFor}: could not be looked for (${trouble})`]
  return found.length === 0 ? [] : [`${lookedFor}: ${found.join(', ')}`]
}
