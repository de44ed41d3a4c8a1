import type { Phase } from '../state.ts'
import type { MoveTimes } from './drill-document.ts'

/** Where the time of a move went, milliseconds. `detect`: from the order until the fence is begun. */
export interface MoveSplit {
  readonly detect: number
  readonly fence: number
  readonly drain: number
  readonly promote: number
  readonly reroute: number
  readonly evict: number
  readonly verify: number
}

export type MovePart = keyof MoveSplit

export const MOVE_PARTS = ['detect', 'fence', 'drain', 'promote', 'reroute', 'evict', 'verify'] as const

const PART_OF: Readonly<Partial<Record<Phase, MovePart>>> = {
  requested: 'detect',
  preflight: 'detect',
  fencing: 'fence',
  settling: 'fence',
  cut: 'drain',
  draining: 'drain',
  proving: 'drain',
  'catching-up': 'drain',
  translating: 'drain',
  committing: 'promote',
  promoting: 'promote',
  opening: 'promote',
  rerouting: 'reroute',
  evicting: 'evict',
  reversing: 'verify',
  verifying: 'verify',
}

/** What each part of a move took, waits for a person and the way back not counted. Pure. */
export function splitMove({ steps }: Pick<MoveTimes, 'steps'>): MoveSplit {
  const split = { detect: 0, fence: 0, drain: 0, promote: 0, reroute: 0, evict: 0, verify: 0 }
  for (const { phase, tookMs } of steps) {
    const part = PART_OF[phase]
    if (part !== undefined) split[part] += tookMs
  }
  return split
}

/** From the order of a move until applications could write again, milliseconds; null where they never could there. */
export function untilOpenMs({ steps }: Pick<MoveTimes, 'steps'>): number | null {
  const first = steps[0]
  const opened = steps.findLast(({ phase }) => phase === 'opening')
  const isBehind = opened !== undefined && steps.at(-1) !== opened
  if (first === undefined || !isBehind) return null
  return Math.max(0, Date.parse(opened.at) + opened.tookMs - Date.parse(first.at))
}
