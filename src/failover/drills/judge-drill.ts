import type {
  DrillDocument,
  DrillMeasured,
  IsolatedReport,
  MoveTimes,
  RestoreRehearsal,
  StreamReport,
} from './drill-document.ts'

/** What of the findings of a drill makes it fail: pure; each a sentence, none where it passes. */
type Objectives = DrillDocument['objectives']

export function judgeStream({
  lost,
  repeated,
  reordered,
  damaged,
  unread,
  overlaps,
  acknowledged,
}: StreamReport): string[] {
  const wrong: [number, string][] = [
    [lost, 'acknowledged records are lost'],
    [repeated, 'records were read twice'],
    [reordered, 'records were read out of order'],
    [damaged, 'records were read with other bytes than were written'],
    [unread, 'records were never given to the consumer group'],
    [overlaps, 'times two regions took writes at once'],
  ]
  const told = wrong.filter(([amount]) => amount > 0).map(([amount, what]) => `${amount} ${what}`)
  return acknowledged === 0 ? [...told, 'no record was acknowledged, so that nothing is shown'] : told
}

/** Both moves have to be within the objective, which is about a failover and so is easier kept by a switchover. */
export function judgeMoves(moves: readonly MoveTimes[], { rtoMs }: Objectives): string[] {
  return moves.flatMap((move) => {
    const { kind, operation, endedAs } = move
    if (endedAs !== 'done') return [`${kind} ${operation} ended as ${endedAs}`]
    const tookMs = untilOpen(move)
    if (rtoMs === null || tookMs === null || tookMs <= rtoMs) return []
    return [
      `after ${kind} ${operation} applications could write again after ${tookMs} ms, the objective is ${rtoMs} ms`,
    ]
  })
}

export function judgeIsolated(
  { partitions, unreadable, positionsWrong, newestAgeMs }: IsolatedReport,
  expectedPartitions: number,
): string[] {
  return [
    ...(partitions < expectedPartitions ? [`${partitions} of ${expectedPartitions} partitions were read`] : []),
    ...unreadable.map((what) => `not readable: ${what}`),
    ...positionsWrong.map((what) => `wrong position: ${what}`),
    ...(newestAgeMs !== null && newestAgeMs < 0 ? ['the newest record is from the future: clocks differ'] : []),
  ]
}

export function judgeRestore({ documents, unread }: RestoreRehearsal): string[] {
  const wrong = documents.filter(({ state }) => state !== 'same')
  return [...unread, ...wrong.map(({ key, state, evidence }) => `${key} is ${state}: ${evidence}`)]
}

/** What histories show of a drill that moved something. */
export function measureMoves(moves: readonly MoveTimes[], stream: StreamReport | undefined): DrillMeasured {
  const worst = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null)
    return known.length === 0 ? null : Math.round(Math.max(...known))
  }
  return {
    rpoRecords: stream?.lost ?? null,
    rpoMs: worst([stream?.lostSpanMs ?? null]),
    rtoMs: worst(moves.map(untilOpen)),
    writePauseMs:
      stream === undefined
        ? worst(moves.map(({ writePausedMs }) => writePausedMs))
        : worst(stream.moves.map((move) => move.writePauseMs)),
  }
}

/** From the order of a move until its new region was open, milliseconds; null where it never was. */
function untilOpen({ steps }: MoveTimes): number | null {
  const first = steps[0]
  const opened = steps.find(({ phase }) => phase === 'opening')
  if (first === undefined || opened === undefined) return null
  return Date.parse(opened.at) + opened.tookMs - Date.parse(first.at)
}
