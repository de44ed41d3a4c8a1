import { BREAKS, type BreakName } from './breaks.ts'
import { cellName } from './cell.ts'
import { CELLS, seedsOf } from './cells.ts'
import { simulate } from './simulate.ts'

/** Many seeds, and what they came to together. */
export interface Campaign {
  readonly seeds: number
  readonly moves: number
  readonly covered: readonly string[]
  /** The first violation of each failing seed. */
  readonly failures: readonly { readonly seed: number; readonly violation: string }[]
}

const FAILURES_MOST = 50
/** Seeds that a broken variant is given, at the step where it should show. */
const TRIES_MOST = 60

export async function runSeeds(seeds: Iterable<number>): Promise<Campaign> {
  const covered = new Set<string>()
  const failures: { seed: number; violation: string }[] = []
  let count = 0
  let moves = 0
  for (const seed of seeds) {
    const result = await simulate(seed)
    count += 1
    moves += result.moves
    for (const cell of result.covered) covered.add(cell)
    const violation = result.violations[0]
    if (violation !== undefined && failures.length < FAILURES_MOST) failures.push({ seed, violation })
  }
  return { seeds: count, moves, covered: [...covered], failures }
}

/** The seed and violation by which a broken variant is noticed; undefined where it is not. */
export async function catchVariant(name: BreakName): Promise<{ seed: number; violation: string } | undefined> {
  for (const seed of seedsOf(BREAKS[name].at, TRIES_MOST)) {
    const violation = (await simulate(seed, name)).violations[0]
    if (violation !== undefined) return { seed, violation }
  }
  return undefined
}

/** Cells in which nothing has happened yet. */
export function emptyCells(covered: Iterable<string>): string[] {
  const reached = new Set(covered)
  return CELLS.map(cellName).filter((name) => !reached.has(name))
}
