/**
 * What an agent does about the gate of its region. Pure.
 *
 * What always holds: nothing is opened but on an answer of this moment that the region is active. A gate is closed when
 * the authority has said that it is not, and where nothing is said for long after a start, as before anybody could know.
 * An authority that falls silent later changes nothing: no agent fences an active region on its own.
 */
export type GatePosition = 'open' | 'closed' | 'unknown'

/** `as-is`: a move holds up writes to the active region or has not opened it yet, or no group of it is recorded. */
export interface GateWish {
  readonly want: 'open' | 'closed' | 'as-is'
  readonly reason: string
  /** What a person should know of it. */
  readonly warning: string | undefined
}

export interface GateSight {
  readonly position: GatePosition
  /** What was said last; undefined while nothing has been said since the start. */
  readonly said: GateWish | undefined
  /** Whether it was said just now. */
  readonly isFresh: boolean
  readonly sinceStartMs: number
}

export interface GateDecision {
  readonly action: 'open' | 'close' | 'leave'
  readonly reason: string
}

/** An agent that is started again beside an active region does not close it for the time that an answer takes. */
export const FIRST_ANSWER_MS = 5_000

export function decideGate({ position, said, isFresh, sinceStartMs }: GateSight): GateDecision {
  if (said === undefined) {
    if (sinceStartMs < FIRST_ANSWER_MS) return { action: 'leave', reason: 'the authority is asked for the first time' }
    return toBe('closed', position, 'the authority has not said since the start of the agent that the region is active')
  }
  const { want } = said
  const reason = isFresh ? said.reason : `the authority says nothing now; before: ${said.reason}`
  if (want === 'as-is' || (want === 'open' && !isFresh)) return { action: 'leave', reason }
  return toBe(want, position, reason)
}

function toBe(want: 'open' | 'closed', position: GatePosition, reason: string): GateDecision {
  return { action: want === position ? 'leave' : want === 'open' ? 'open' : 'close', reason }
}
