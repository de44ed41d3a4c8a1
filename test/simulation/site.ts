import type { Random } from '../../src/core/index.ts'
import type { Breaks } from './breaks.ts'
import type { SimAuthority } from './sim-authority.ts'
import type { SimClock } from './sim-clock.ts'
import type { Vantages } from './vantages.ts'
import type { World } from './world.ts'

export const GROUP = 'orders'

/** What everything in one run shares. */
export interface Site {
  readonly world: World
  readonly authority: SimAuthority
  readonly clock: SimClock
  readonly random: Random
  readonly breaks: Breaks
  /** Undefined where nothing moves unasked. */
  readonly vantages: Vantages | undefined
  /** What is to happen to calls: told of each before it is sent. */
  readonly onCall: (call: RegionCall) => CallFate
  readonly onArrival: (call: RegionCall) => void
}

/** One message to a region on behalf of an effect. */
export interface RegionCall {
  readonly effect: string
  readonly owner: string
  readonly attempt: number
  readonly region: string
  readonly token: number
}

export type CallFate = 'as-usual' | 'kill-before' | 'kill-after' | 'late' | 'kill-late'

/** Whoever sends messages to regions. */
export interface Asker {
  ask<Answer>(
    call: RegionCall,
    signal: AbortSignal,
    perform: (answer: (value: Answer) => void) => void,
  ): Promise<Answer>
  rest(delayMs: number, signal: AbortSignal): Promise<void>
}
