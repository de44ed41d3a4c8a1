import type { GroupDocument } from './state.ts'

/**
 * Whether a group is left without being asked (F7). Pure. `manual` never; `observe` says what `automatic` would have
 * done. `automatic` only when all of it holds at once: a majority of at least three vantage points has seen the active
 * region down, and each of them trusts itself and reaches somebody else; that has lasted for the dwell time; and nobody
 * can write there any more, shown from outside. A cut of the network between two regions never is enough.
 */
export type AutomaticMode = 'manual' | 'observe' | 'automatic'

export interface Vote {
  readonly vantage: string
  /** `in-doubt`: it stalled, its clock jumped, or it reaches nobody else either. */
  readonly verdict: 'down' | 'not-down' | 'in-doubt'
  /** For how long it has said so without a break, on its own clock, milliseconds. */
  readonly forMs: number
}

export interface AutomaticEvidence {
  readonly mode: AutomaticMode
  readonly document: GroupDocument
  readonly votes: readonly Vote[]
  /** How many vantage points there should be. */
  readonly vantagePoints: number
  readonly dwellMs: number
  /** How it is known from outside that nobody can write to the active region; undefined where it is not. */
  readonly fence: 'refused-everywhere' | 'command' | undefined
  /** The best standby whose guards pass, none of them overridden. */
  readonly target: string | undefined
}

export type AutomaticDecision =
  | { readonly kind: 'stay'; readonly reason: string }
  /** What it would have done, had it been `automatic`. */
  | { readonly kind: 'would-move'; readonly to: string; readonly reason: string }
  /** All but the fence: a person has to give one command. */
  | { readonly kind: 'page'; readonly reason: string; readonly command: string }
  | { readonly kind: 'move'; readonly to: string; readonly reason: string }

export const VANTAGE_POINTS_LEAST = 3
export const DWELL_LEAST_MS = 60_000

export function decideAutomatic(evidence: AutomaticEvidence): AutomaticDecision {
  const { mode, document, votes, dwellMs, fence, target } = evidence
  const { active, group } = document
  const stay = (reason: string): AutomaticDecision => ({ kind: 'stay', reason })
  if (mode === 'manual') return stay('moves are only made when asked for')
  if (document.paused !== undefined) return stay(`paused by ${document.paused.by}`)
  if (document.operation !== undefined) return stay(`${document.operation.kind} ${document.operation.id} runs`)
  const expected = Math.max(evidence.vantagePoints, VANTAGE_POINTS_LEAST)
  const needed = Math.floor(expected / 2) + 1
  const wantedMs = Math.max(dwellMs, DWELL_LEAST_MS)
  const down = new Set(
    votes.filter(({ verdict, forMs }) => verdict === 'down' && forMs >= wantedMs).map((it) => it.vantage),
  )
  if (down.size < needed)
    return stay(`${down.size} of ${expected} vantage points see ${active} down for ${wantedMs} ms, ${needed} needed`)
  const seen = `${down.size} of ${expected} vantage points have seen ${active} down for ${wantedMs} ms`
  if (target === undefined) return stay(`${seen}, but no standby passes its guards`)
  if (fence === undefined) {
    const command = `isthmus failover ${group} --to ${target} --accept-loss --attest "nobody can write to ${active}"`
    return { kind: 'page', reason: `${seen}, but nothing proves that nobody writes there`, command }
  }
  const reason = `${seen}, and it is fenced: ${fence}`
  return mode === 'automatic' ? { kind: 'move', to: target, reason } : { kind: 'would-move', to: target, reason }
}
