import type { Outcome } from '../outcome.ts'
import type { MoveContext, MoveEffects } from '../ports.ts'
import { catchUp } from './catch-up.ts'
import { fence } from './fence-effects.ts'
import { callOf, type EffectCall, type GroupRooms } from './group-rooms.ts'
import { confirm, cut, drain, prove, settle } from './log-effects.ts'
import { positions } from './positions.ts'
import { open, promote } from './promote.ts'
import { reverse } from './reverse.ts'
import { rollBack } from './roll-back.ts'

const RUNS = {
  fence,
  settle,
  cut,
  drain,
  prove,
  catchUp,
  positions,
  confirm,
  promote,
  open,
  reverse,
  rollBack,
} as const

/** The steps that are done on regions; guards, routing, eviction and the last check are other rooms'. */
export type RegionEffects = Pick<MoveEffects, keyof typeof RUNS>

export function makeRegionEffects(rooms: GroupRooms): RegionEffects {
  const bind = (run: (call: EffectCall) => Promise<Outcome>) => (context: MoveContext, signal: AbortSignal) =>
    run(callOf(rooms, context, signal))
  return Object.fromEntries(Object.entries(RUNS).map(([name, run]) => [name, bind(run)])) as RegionEffects
}
