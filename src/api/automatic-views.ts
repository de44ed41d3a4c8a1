import type { AutomaticBody } from './contract/index.ts'
import type { AutomaticView } from './ports.ts'

export function viewAutomatic(view: AutomaticView | undefined): AutomaticBody | null {
  if (view === undefined) return null
  const { mode, dwellMs, votes, tally, decision, attempt } = view
  const { down, needed, expected, heldMs } = tally
  // Who does not lead decides nothing, and counts all the same.
  const reason = decision?.reason ?? 'this process has just started'
  const isCounting = down.length > 0 && decision?.kind === 'stay' && !reason.includes(tally.sentence)
  return {
    mode,
    decision: decision?.kind ?? 'stay',
    reason: isCounting ? `${tally.sentence}; ${reason}` : reason,
    command: decision !== undefined && 'command' in decision ? decision.command : null,
    votes: votes.map(({ vantage, standsIn, vote, ageMs, downForMs }) => {
      return { vantage, standsIn, vote, ageSeconds: ageMs / 1_000, downForSeconds: downForMs / 1_000 }
    }),
    down: down.length,
    needed,
    expected,
    downForSeconds: heldMs / 1_000,
    dwellSeconds: dwellMs / 1_000,
    attempt: attempt === undefined ? null : pick(attempt),
  }
}

function pick({
  operation,
  from,
  to,
  phase,
  at,
  reason,
}: NonNullable<AutomaticView['attempt']>): NonNullable<AutomaticBody['attempt']> {
  return { operation, from, to, phase, at, reason }
}
