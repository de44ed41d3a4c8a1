import type { DrillAnswer } from '../decide-drill.ts'
import type { DrillDocument, MoveTimes, StreamReport } from '../drill-document.ts'
import type { DrillCall } from '../drill-runner.ts'
import { judgeMoves, judgeStream, measureMoves } from '../judge-drill.ts'
import { type MoveStep, stepsOfMove } from '../../reports/move-steps.ts'
import { readTraces } from '../../reports/read-trace.ts'
import { untilNext } from '../../reports/timeline.ts'
import type { Phase } from '../../state.ts'
import { type DrillRooms, type MovedGroup, movedGroup, operationOf } from './drill-rooms.ts'
import { findOperation } from './move.ts'

/** Puts on record what the moves took and what the stream saw, and judges both. */
export async function measureDrill(
  { drill }: DrillCall,
  { rooms, stream }: { readonly rooms: DrillRooms; readonly stream: StreamReport | undefined },
  signal: AbortSignal,
): Promise<DrillAnswer> {
  const group = movedGroup(rooms, drill)
  const moves: MoveTimes[] = []
  for (const name of ['leave', 'return'] as const) {
    const times = await timesOf(operationOf(drill, group.name, name), { group, journal: rooms.journal }, signal)
    if (times !== undefined) moves.push(times)
  }
  const reasons = [...judgeMoves(moves, drill.objectives), ...(stream === undefined ? [] : judgeStream(stream))]
  const isMissing = drill.level === 'canary' && stream === undefined
  if (isMissing) reasons.push('what was written and read could not be counted')
  const found = {
    ...((moves.length > 0 || stream !== undefined) && { measured: measureMoves(moves, stream) }),
    parts: { moves, ...(stream !== undefined && { stream }) },
  }
  // What was cut off in the middle is put on record, and not judged once more.
  if (reasons.length > 0 && drill.outcome === undefined)
    return { kind: 'failed', reason: reasons.join('; '), reasons, found }
  return { kind: 'done', reason: explain(drill, moves), found }
}

function explain({ level }: DrillDocument, moves: readonly MoveTimes[]): string {
  return moves.length === 0 ? `${level} moved nothing` : `${moves.length} moves are measured`
}

/** What the journal tells of an operation; undefined where it was never ordered. */
async function timesOf(
  id: string,
  { group, journal }: { readonly group: MovedGroup; readonly journal: DrillRooms['journal'] },
  signal: AbortSignal,
): Promise<MoveTimes | undefined> {
  const found = await findOperation(group, id, signal)
  if (found === undefined) return undefined
  const { kind, from, to, phase, writePausedMs, warnings, request } = found.operation
  const traces = await readTraces({ ids: [id], since: request.at }, journal, signal)
  const steps = untilNext(firstEntered(stepsOfMove(traces.get(id)?.entries ?? [])))
  const named = kind === 'failback' ? 'failback' : 'switchover'
  return { kind: named, operation: id, from, to, endedAs: phase, writePausedMs, steps, warnings }
}

/** A phase counts from when it was first entered. */
function firstEntered(steps: readonly MoveStep[]): { readonly phase: Phase; readonly at: string }[] {
  const first = steps.filter(({ phase }, at) => steps.findIndex((other) => other.phase === phase) === at)
  return first.map(({ phase, at }) => ({ phase, at }))
}
