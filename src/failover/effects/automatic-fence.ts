import { regionName } from '../../core/index.ts'
import { isByHand } from '../../security/index.ts'
import type { AttemptContext } from '../automatic/automatic-runner.ts'
import type { AutomaticRecord } from '../automatic/automatic-record.ts'
import { explainOutcome, type Outcome } from '../outcome.ts'
import type { OperationRecord } from '../state.ts'
import { claimOf, fenceByAcl, fenceByCommand, HASTE_MS, withinMs } from './fence-effects.ts'
import { type EffectCall, fencesOf, type GroupRooms } from './group-rooms.ts'
import { outcomeOf } from './outcomes.ts'

/**
 * The fence of a region that is about to be left unasked, and its end. Done is only what shows from outside that nobody
 * can write: canaries that were refused on every broker, or the operator's command that succeeded. Rights that brokers
 * describe, and topic configs, are enough for a person who moves the group, not for a move that nobody asked for.
 */
export async function fenceAhead(rooms: GroupRooms, context: AttemptContext, signal: AbortSignal): Promise<Outcome> {
  const call = attemptCall(rooms, context, signal)
  const fences = fencesOf(call, call.from)
  const [byAcl, byCommand] = await Promise.all([
    withinMs(call, HASTE_MS, (hasty) => fenceByAcl(hasty, fences)),
    fences.hasCommand ? fenceByCommand(call, fences, HASTE_MS) : undefined,
  ])
  if (isRefusedEverywhere(byAcl)) return byAcl
  if (byCommand?.kind === 'done' || byCommand?.kind === 'waiting') return byCommand
  if (byCommand === undefined) return byAcl.kind === 'done' ? unshown(call.from, byAcl) : byAcl
  const isOver = (outcome: Outcome) => outcome.kind === 'failed' || outcome.kind === 'done'
  if (isOver(byAcl) && isOver(byCommand)) return byCommand
  return { kind: 'unknown', reason: `${explainOutcome(byAcl)}; ${explainOutcome(byCommand)}` }
}

function isRefusedEverywhere(outcome: Outcome): boolean {
  if (outcome.kind !== 'done') return false
  const proof = outcome.evidence as { readonly strength?: string } | undefined
  return proof?.strength === 'refused'
}

function unshown(region: string, outcome: Outcome): Outcome {
  const message = `no canary was refused in ${region}: ${explainOutcome(outcome)}`
  const remedy = `Set canary of ${region}, or its fence.command.`
  return { kind: 'failed', fault: { code: 'FENCE_NOT_SHOWN', message, remedy } }
}

/** Lifts what the attempt has put up, and nothing that others have. */
export async function unfence(rooms: GroupRooms, context: AttemptContext, signal: AbortSignal): Promise<Outcome> {
  const call = attemptCall(rooms, context, signal)
  const fences = fencesOf(call, call.from)
  const { records } = await fences.records(signal)
  const byCommand = records.filter(({ group, means }) => group === rooms.group && means === 'command')
  const lifted = await fences.lift(
    { group: rooms.group, operation: context.attempt.operation, by: rooms.actor },
    signal,
  )
  // The records of a region that is down could not be written, and whoever ran the command may be gone.
  const others = byCommand.filter(({ operation }) => operation !== context.attempt.operation)
  const isUnrecorded = fences.hasCommand && byCommand.length === 0
  if (isUnrecorded) {
    const opened = await fences.liftUnrecordedCommand(claimOf(call), signal)
    if (opened.kind !== 'done') return outcomeOf(opened)
  }
  if (lifted.kind !== 'done') return outcomeOf(lifted)
  const kept =
    others.length === 0 ? '' : `; ${others.map((it) => (isByHand(it) ? it.setBy : it.operation)).join(', ')} keeps one`
  return {
    kind: 'done',
    reason: `the fence of ${call.from} is lifted${kept}`,
    evidence: { lifted: lifted.evidence.removed },
  }
}

/** The steps of moves are written for an operation: this is the one that the attempt would order. */
function attemptCall(
  rooms: GroupRooms,
  { document, attempt, permit }: AttemptContext,
  signal: AbortSignal,
): EffectCall {
  const operation = operationOfAttempt(attempt)
  const evidenceOf = () => Promise.resolve(undefined)
  const [from, to] = [regionName(attempt.from), regionName(attempt.to)]
  return { document, operation, permit, evidenceOf, rooms, from, to, signal }
}

function operationOfAttempt({ operation: id, from, to, epoch, at, reason }: AutomaticRecord): OperationRecord {
  return {
    id,
    kind: 'failover',
    from,
    to,
    phase: 'fencing',
    attempt: 1,
    epoch,
    request: { by: 'automatic', reason, at, planHash: '', writePauseLimitMs: 0, overrides: [], acceptLoss: true },
    fence: 'intended',
    evidence: {},
    writePausedMs: 0,
    warnings: [],
  }
}
