import { type RegionName, regionName } from '../../../core/index.ts'
import type { Moves, ReturnedRegion, SalvageOf } from '../../../replication/index.ts'
import type { Outcome } from '../../outcome.ts'
import type { ReturnContext } from '../../ports.ts'
import { type GroupRooms, withMoves } from '../group-rooms.ts'
import type { ReturnMemory } from './return-memory.ts'

/** One call of an effect of a return. */
export interface ReturnCall extends ReturnContext {
  readonly rooms: GroupRooms
  readonly region: RegionName
  readonly active: RegionName
  readonly memory: ReturnMemory
  readonly signal: AbortSignal
}

export function returnCallOf(
  rooms: GroupRooms,
  memory: ReturnMemory,
  context: ReturnContext,
  signal: AbortSignal,
): ReturnCall {
  return {
    ...context,
    rooms,
    memory,
    region: regionName(context.region),
    active: regionName(context.document.active),
    signal,
  }
}

/** The logs that the call is about. */
export function returnedOf({ rooms, region, active }: ReturnCall): ReturnedRegion {
  return { region, active, topics: rooms.topics, withinMs: rooms.waitMs }
}

/** On whose behalf records are salvaged. */
export function salvageOf({ record, region, active }: ReturnCall): SalvageOf {
  return { id: record.id, epoch: record.epoch, region, active }
}

/** When this call is to answer that it is not done yet, on the monotonic clock. */
export function untilOf({ rooms }: ReturnCall): number {
  return rooms.clock.monotonicMs() + rooms.waitMs
}

/** Does something on logs for as long as this call may change something. */
export function onLogs(call: ReturnCall, use: (moves: Moves) => Promise<Outcome>): Promise<Outcome> {
  return withMoves(call, use)
}
