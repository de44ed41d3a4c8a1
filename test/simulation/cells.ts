import { stepsOf } from '../../src/failover/moves/steps.ts'
import { RETURN_STEPS } from '../../src/failover/returns/return-steps.ts'
import { type Cell, cellName } from './cell.ts'
import { FAULT_NAMES } from './faults.ts'

/** Every fault at every step of every kind of move and of a return, from the machine's own tables. */
export const CELLS: readonly Cell[] = [
  ...(['switchover', 'failover'] as const).flatMap((kind) =>
    crossed(
      kind,
      stepsOf(kind).map(({ phase }) => phase),
    ),
  ),
  ...crossed(
    'return',
    [...RETURN_STEPS.map(({ phase }) => phase), 'choosing'].filter((phase) => phase !== 'keeping'),
  ),
  // The phases of an attempt that call a region.
  ...crossed('automatic', ['fencing', 'undoing']),
]

function crossed(kind: Cell['kind'], phases: readonly string[]): Cell[] {
  return phases.flatMap((phase) => FAULT_NAMES.map((fault) => ({ kind, phase, fault })))
}

/** Neighbouring seeds are about different steps. */
const STRIDE = 7_919

/** What the run of a seed is about. */
export function cellOf(seed: number): Cell {
  const cell = CELLS[(seed * STRIDE) % CELLS.length]
  if (cell === undefined) throw new RangeError(`no cell for seed ${seed}`)
  return cell
}

/** The first seeds whose runs are about a cell. */
export function seedsOf(wanted: Cell, count: number): number[] {
  const first = CELLS.findIndex((_, seed) => cellName(cellOf(seed)) === cellName(wanted))
  if (first < 0) throw new RangeError(`no seed is about ${cellName(wanted)}`)
  return Array.from({ length: count }, (_, round) => first + round * CELLS.length)
}
