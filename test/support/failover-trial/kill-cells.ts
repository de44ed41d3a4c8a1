import { type Random, randomBelow } from '../../../src/core/index.ts'
import type { MoveKind, Phase, ReturnPhase } from '../../../src/failover/index.ts'
import { stepsOf } from '../../../src/failover/moves/steps.ts'
import { RETURN_STEPS } from '../../../src/failover/returns/return-steps.ts'

/**
 * Where controllers are killed: before and after the side effect of every step of the machine's own tables, in every
 * kind of move, and in the return of a lost region.
 */
export type Scenario = 'switchover' | 'failback' | 'failover-alive' | 'failover-dead' | 'return'

export interface Cell {
  readonly scenario: Scenario
  readonly phase: Phase | ReturnPhase
  readonly effect: string
  readonly moment: 'before' | 'after'
}

const MOMENTS = ['before', 'after'] as const
const MOVES: readonly (readonly [Scenario, MoveKind])[] = [
  ['switchover', 'switchover'],
  ['failback', 'failback'],
  ['failover-alive', 'failover'],
  ['failover-dead', 'failover'],
]

export function listCells(): Cell[] {
  const inMoves = MOVES.flatMap(([scenario, kind]) => stepsOf(kind).map((step) => ({ scenario, step })))
  const inReturns = RETURN_STEPS.map((step) => ({ scenario: 'return' as const, step }))
  return [...inMoves, ...inReturns].flatMap(({ scenario, step: { phase, effect } }) =>
    MOMENTS.map((moment): Cell => ({ scenario, phase, effect, moment })),
  )
}

/** One cell of each of these scenarios, in this order. */
export function drawCells(scenarios: readonly Scenario[], random: Random): Cell[] {
  const all = listCells()
  return scenarios.flatMap((scenario) => {
    const own = all.filter((cell) => cell.scenario === scenario)
    return own[randomBelow(random, own.length)] ?? []
  })
}

/** Takes the next cell that can begin where the group is now; lossless moves first, because failovers may lose records. */
export function takeCell(pending: Cell[], { isHome }: { readonly isHome: boolean }): Cell | undefined {
  const at = pending.findIndex(({ scenario }) => {
    if (scenario === 'switchover') return isHome
    return scenario === 'failback' ? !isHome : true
  })
  return at < 0 ? undefined : pending.splice(at, 1)[0]
}

export function kindOf({ scenario }: Pick<Cell, 'scenario'>): MoveKind {
  return scenario === 'switchover' || scenario === 'failback' ? scenario : 'failover'
}

export function isSourceDead({ scenario }: Pick<Cell, 'scenario'>): boolean {
  return scenario === 'failover-dead' || scenario === 'return'
}

export function nameCell({ scenario, phase, moment }: Cell): string {
  return `${scenario}: ${moment} ${phase}`
}
