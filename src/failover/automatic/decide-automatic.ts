import { regionName, type RegionName, unreachable } from '../../core/index.ts'
import type { GroupDocument } from '../state.ts'
import type { AutomaticRecord, OutsideFence } from './automatic-record.ts'
import { type Tally, tallyVotes, type Vote } from './tally-votes.ts'

/**
 * Whether a group is left without being asked (F7). Pure. `manual` never; `observe` says what `automatic` would have
 * done. `automatic` only when all of it holds at once: a majority of at least three vantage points has seen the active
 * region down for the dwell time and nobody sees it up; a standby passes its guards, none of them overridden, with a loss
 * within the objective; and nobody can write to the region any more, shown from outside. That fence is tried only when
 * everything else holds, and taken away again where the move does not come about. One attempt for each incident: what
 * it cannot do is a person's, with the one command to give.
 */
export type AutomaticMode = 'manual' | 'observe' | 'automatic'

export interface AutomaticEvidence {
  readonly mode: AutomaticMode
  readonly document: GroupDocument
  /** Why this process may not act; undefined where it may. */
  readonly hold: string | undefined
  readonly votes: readonly Vote[]
  /** How many vantage points there should be. */
  readonly vantagePoints: number
  readonly dwellMs: number
  /** Looked at once a majority has said `down` for the dwell time; undefined before. */
  readonly target: TargetFound | undefined
  /** What the fence of the attempt on record has come to in this process; undefined before its first call. */
  readonly fence: FenceFound | undefined
  /** How long ago the attempt on record began, by the wall clock. */
  readonly attemptAgeMs: number
  readonly cooldownMs: number
  /** When an attempt would begin now, ISO 8601, and the id of its move. */
  readonly at: string
  readonly nextOperation: string
}

/** The best ranked standby that could take over, or what keeps each of them from it. */
export type TargetFound =
  | { readonly kind: 'ready'; readonly to: RegionName; readonly reason: string }
  /** `command`: what a person may do about it. */
  | { readonly kind: 'blocked'; readonly reason: string; readonly command: string }

export type FenceFound =
  | { readonly kind: 'held'; readonly by: OutsideFence; readonly reason: string }
  | { readonly kind: 'trying'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

export type AutomaticDecision =
  | { readonly kind: 'stay'; readonly reason: string }
  /** What it would have tried, had it been `automatic`. */
  | { readonly kind: 'would-move'; readonly to: string; readonly reason: string }
  /** A person has to decide, and has one command to give. */
  | { readonly kind: 'page'; readonly reason: string; readonly command: string }
  /** Puts the attempt on record, and asks for its fence. */
  | { readonly kind: 'fence'; readonly attempt: AutomaticRecord; readonly reason: string }
  | { readonly kind: 'move'; readonly attempt: AutomaticRecord; readonly by: OutsideFence; readonly reason: string }
  /** Lifts the fence of the attempt; `command` is what a person may give meanwhile. */
  | { readonly kind: 'undo'; readonly attempt: AutomaticRecord; readonly reason: string; readonly command: string }
  | { readonly kind: 'fail'; readonly attempt: AutomaticRecord; readonly reason: string; readonly command: string }
  | { readonly kind: 'forget'; readonly attempt: AutomaticRecord; readonly reason: string }

export function decideAutomatic(evidence: AutomaticEvidence): AutomaticDecision {
  const { mode, document, hold, votes, vantagePoints, dwellMs } = evidence
  const { active, automatic: attempt } = document
  if (mode === 'manual' && attempt === undefined) return stay('moves are only made when asked for')
  if (hold !== undefined) return stay(hold)
  const tally = tallyVotes(votes, { region: active, vantagePoints, dwellMs })
  if (attempt !== undefined) return decideAttempt(attempt, evidence, tally)
  const obstacle = findObstacle(evidence, tally)
  if (obstacle !== undefined) return stay(obstacle)
  const conflict = findConflict(evidence, tally)
  if (conflict !== undefined) return page(evidence, conflict)
  const { target } = evidence
  if (target === undefined) return stay(`${tally.sentence}; the standbys are being looked at`)
  if (target.kind === 'blocked') {
    return { kind: 'page', reason: `${tally.sentence}, but ${target.reason}`, command: target.command }
  }
  const { to } = target
  const reason = `${tally.sentence}, nobody sees it up, and ${target.reason}`
  if (mode !== 'automatic') return { kind: 'would-move', to, reason: `${reason}; its fence would be tried now` }
  const { nextOperation: operation, at } = evidence
  const fresh = { operation, from: active, to, epoch: document.epoch, phase: 'fencing' as const, at, reason }
  return { kind: 'fence', attempt: fresh, reason }
}

function decideAttempt(attempt: AutomaticRecord, evidence: AutomaticEvidence, tally: Tally): AutomaticDecision {
  const { document } = evidence
  switch (attempt.phase) {
    case 'fencing':
    case 'fenced':
      return decideFencing(attempt, evidence, tally)
    case 'ordered':
      if (document.operation?.id === attempt.operation) return stay(`failover ${attempt.operation} runs`)
      if (document.epoch > attempt.epoch)
        return { kind: 'forget', attempt, reason: `failover ${attempt.operation} has moved the group` }
      return giveUp('fail', attempt, document, `failover ${attempt.operation} did not come about: see its history`)
    case 'undoing':
      return giveUp('undo', attempt, document, attempt.reason)
    case 'failed':
      return decideFailed(attempt, evidence, tally)
    default:
      return unreachable(attempt.phase)
  }
}

/** Whatever stops to hold before the order takes the fence away again. */
function decideFencing(attempt: AutomaticRecord, evidence: AutomaticEvidence, tally: Tally): AutomaticDecision {
  const { mode, target, fence, document } = evidence
  const undo = (reason: string) => giveUp('undo', attempt, document, reason)
  const changed =
    mode === 'automatic' ? (findObstacle(evidence, tally) ?? findConflict(evidence, tally)) : `the mode is ${mode}`
  if (changed !== undefined) return undo(changed)
  if (target?.kind === 'blocked') return undo(target.reason)
  if (target !== undefined && target.to !== attempt.to) {
    return undo(`${target.to} is to take over, not ${attempt.to}`)
  }
  if (fence?.kind === 'failed') return undo(`nothing proves the fence: ${fence.reason}`)
  if (fence?.kind !== 'held' || target === undefined) return { kind: 'fence', attempt, reason: attempt.reason }
  const reason = `${attempt.reason}; ${attempt.from} is fenced: ${fence.reason}`
  return { kind: 'move', attempt, by: fence.by, reason }
}

/** An incident has one attempt; the next one begins when the region has been seen again, and not within the cooldown. */
function decideFailed(attempt: AutomaticRecord, evidence: AutomaticEvidence, tally: Tally): AutomaticDecision {
  if (evidence.mode === 'manual') return { kind: 'forget', attempt, reason: 'moves are only made when asked for' }
  const failed = `the attempt ${attempt.operation} has failed: ${attempt.reason}`
  const isSeen = tally.up.length >= tally.needed
  const isOver = evidence.document.epoch > attempt.epoch || isSeen
  if (isOver && evidence.attemptAgeMs >= evidence.cooldownMs) {
    return { kind: 'forget', attempt, reason: 'the incident is over, and the cooldown too' }
  }
  const obstacle = findObstacle(evidence, tally)
  return obstacle === undefined ? page(evidence, failed) : stay(`${failed}; ${obstacle}`)
}

function giveUp(
  kind: 'undo' | 'fail',
  attempt: AutomaticRecord,
  { group }: GroupDocument,
  reason: string,
): AutomaticDecision {
  const { from, to } = attempt
  return { kind, attempt, reason, command: failoverCommand({ group, from, to, attests: true }) }
}

function findObstacle({ document }: AutomaticEvidence, tally: Tally): string | undefined {
  const { paused, operation } = document
  if (paused !== undefined) return `paused by ${paused.by}: ${paused.reason}`
  if (operation !== undefined) return `${operation.kind} ${operation.id} runs`
  return tally.isRipe ? undefined : tally.sentence
}

/** A region that somebody reaches is not one that is gone, whoever does not. */
function findConflict({ document }: AutomaticEvidence, { up, sentence }: Tally): string | undefined {
  return up.length === 0 ? undefined : `${sentence}, but ${up.join(', ')} see ${document.active} up`
}

function page(evidence: AutomaticEvidence, reason: string): AutomaticDecision {
  const { document, target } = evidence
  if (target?.kind === 'blocked') return { kind: 'page', reason, command: target.command }
  const { group, active, regions } = document
  const standby = target?.to ?? Object.keys(regions).find((region) => regions[region]?.role === 'standby')
  const command =
    standby === undefined
      ? 'isthmus status'
      : failoverCommand({ group, from: active, to: regionName(standby), attests: true })
  return { kind: 'page', reason, command }
}

/** What a person types. With `attests` they vouch for the fence, which could not be shown. */
export function failoverCommand(of: {
  readonly group: string
  readonly from: string
  readonly to: string
  readonly attests: boolean
}): string {
  const { group, from, to, attests } = of
  const attest = attests ? ` --attest "nobody can write to ${from}"` : ''
  return `isthmus failover ${group} --to ${to} --accept-loss --reason "${from} is down"${attest}`
}

function stay(reason: string): AutomaticDecision {
  return { kind: 'stay', reason }
}
