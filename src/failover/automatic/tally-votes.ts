import type { VantageVote } from '../../regions/index.ts'

/** What one vantage point says of the active region, and for how long it has said `down` without a break. */
export interface Vote extends VantageVote {
  /** On the clock of whoever counts, milliseconds; 0 where it does not say `down`. */
  readonly downForMs: number
}

export const VANTAGE_POINTS_LEAST = 3
export const DWELL_LEAST_MS = 60_000

export interface TallyTerms {
  readonly region: string
  /** How many vantage points there should be. */
  readonly vantagePoints: number
  readonly dwellMs: number
}

export interface Tally {
  /** How many vantage points there should be, those that are heard of included. */
  readonly expected: number
  /** More than half of them. */
  readonly needed: number
  /** Those that say `down`. */
  readonly down: readonly string[]
  /** Those that trust themselves and reach the region. */
  readonly up: readonly string[]
  /** For how long a majority has said `down` without a break; 0 without one. */
  readonly heldMs: number
  /** A majority has said so for the dwell time. */
  readonly isRipe: boolean
  /** A sentence with the numbers in it. */
  readonly sentence: string
}

/**
 * Pure. Only `down` counts: who is in doubt, cut off or silent counts in the majority and has no vote, and nobody has
 * two. Votes that come through other regions are of vantage points that reach one; this one's own says `cut-off` itself.
 */
export function tallyVotes(votes: readonly Vote[], { region, vantagePoints, dwellMs }: TallyTerms): Tally {
  const longest = new Map<string, number>()
  for (const { vantage, vote, downForMs } of votes) {
    if (vote === 'down') longest.set(vantage, Math.max(downForMs, longest.get(vantage) ?? 0))
  }
  const known = new Set(votes.map(({ vantage }) => vantage)).size
  const expected = Math.max(vantagePoints, known, VANTAGE_POINTS_LEAST)
  const needed = Math.floor(expected / 2) + 1
  const down = [...longest.keys()]
  const up = votes.filter(({ vote }) => vote === 'up').map(({ vantage }) => vantage)
  const heldMs = [...longest.values()].toSorted((one, other) => other - one)[needed - 1] ?? 0
  const hasMajority = down.length >= needed
  const seen = `${down.length} of ${expected} vantage points see ${region} down`
  const sentence = hasMajority
    ? `${seen} for ${seconds(heldMs)} s of ${seconds(dwellMs)} s`
    : `${seen}, ${needed} are needed`
  return { expected, needed, down, up, heldMs, isRipe: hasMajority && heldMs >= dwellMs, sentence }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
