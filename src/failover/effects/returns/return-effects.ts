import type { Outcome } from '../../outcome.ts'
import type { ReturnContext, ReturnEffects } from '../../ports.ts'
import type { GroupRooms } from '../group-rooms.ts'
import { exportTails } from './export.ts'
import { fenceLost } from './fence-lost.ts'
import { keep } from './keep.ts'
import { rejoin } from './rejoin.ts'
import { replay } from './replay.ts'
import { reseed } from './reseed.ts'
import { type ReturnCall, returnCallOf } from './return-call.ts'
import { makeReturnMemory } from './return-memory.ts'
import { scan } from './scan.ts'

const RUNS = { fenceLost, scan, export: exportTails, replay, keep, reseed, rejoin } as const

/** The steps of the return of a lost region, on real regions. */
export function makeReturnEffects(rooms: GroupRooms): ReturnEffects {
  const memory = makeReturnMemory()
  const bind = (run: (call: ReturnCall) => Promise<Outcome>) => (context: ReturnContext, signal: AbortSignal) =>
    run(returnCallOf(rooms, memory, context, signal))
  return Object.fromEntries(Object.entries(RUNS).map(([name, run]) => [name, bind(run)])) as ReturnEffects
}
