import type { RegionName } from '../../core/index.ts'
import type { FenceClaim, FenceProof, LiftedFence, RegionFences } from '../../security/index.ts'
import type { Outcome } from '../outcome.ts'
import { type EffectCall, fencesOf } from './group-rooms.ts'
import { outcomeOf, toJson } from './outcomes.ts'

/** Fences the region that is left and proves it on every broker; by the operator's command where no ACL can do it. */
export async function fence(call: EffectCall): Promise<Outcome> {
  const fences = fencesOf(call, call.from)
  if (call.operation.kind === 'failover' && fences.hasCommand) {
    // The region may answer to neither, and there is no time to try one after the other.
    const [byAcl, byCommand] = await Promise.all([fenceByAcl(call, fences), fenceByCommand(call, fences)])
    return byAcl.kind === 'done' || byCommand.kind !== 'done' ? byAcl : byCommand
  }
  const byAcl = await fenceByAcl(call, fences)
  return byAcl.kind === 'failed' && fences.hasCommand ? await fenceByCommand(call, fences) : byAcl
}

/**
 * Lifts every fence of the group on a region that is active: its standing one, and those of whichever operation. It is
 * done once nothing that was sent before can come into force later, and every broker accepts a canary.
 */
export async function lift(call: EffectCall, region: RegionName): Promise<Outcome> {
  const { rooms, signal } = call
  const fences = fencesOf(call, region)
  const { records, trouble } = await fences.records(signal)
  if (trouble !== undefined) return { kind: 'unknown', reason: `the records of fences cannot be read: ${trouble}` }
  const operations = new Set(records.filter(({ group }) => group === rooms.group).map(({ operation }) => operation))
  const lifted: LiftedFence[] = []
  // That of this operation also where none is on record: its record may have been lost with its writer.
  for (const operation of operations.add(call.operation.id)) {
    const step = await fences.lift({ group: rooms.group, operation, by: rooms.actor }, signal)
    if (step.kind !== 'done') return outcomeOf(step)
    lifted.push(step.evidence)
  }
  if (lifted.some(({ isQuiet }) => !isQuiet)) {
    return { kind: 'waiting', reason: `a call that got no answer may still bring a fence of ${region} back` }
  }
  const open = await fences.proveOpen(rooms.scope, signal)
  if (open.kind !== 'done') return outcomeOf(open)
  const evidence = toJson({ lifted, open: open.evidence })
  if (open.evidence.topicsTried > 0) {
    return { kind: 'done', reason: `every broker of ${region} accepts the canary`, evidence }
  }
  const warning = `no canary was tried in ${region}: that applications can write is told by its ACLs alone`
  return { kind: 'done', reason: `every fence of ${region} is lifted`, evidence, findings: { warning } }
}

/** Whether the fence that the operation has put up holds now; undefined where it does, or nobody can be asked. */
export async function findOpening(call: EffectCall): Promise<Outcome | undefined> {
  const { rooms, operation, signal } = call
  const fences = fencesOf(call, call.from)
  if (operation.fence === 'proved') return judgeOpening(call, await fences.prove(rooms.scope, signal))
  // Nothing can be asked of an attestation, nor of a fence that another operation left standing.
  if (operation.fence !== 'command') return undefined
  const check = await fences.checkCommand({ group: rooms.group, operation: operation.id }, signal)
  return check.verdict === 'open' ? leaking(call, check.reason) : undefined
}

/** Pure: what a proof means for a move that is about to commit. A failover's region may have gone down behind its fence. */
export function judgeOpening(
  call: Pick<EffectCall, 'from' | 'operation'>,
  { verdict, reason }: Pick<FenceProof, 'verdict' | 'reason'>,
): Outcome | undefined {
  if (verdict === 'fenced') return undefined
  if (verdict === 'open') return leaking(call, reason)
  return call.operation.kind === 'failover' ? undefined : { kind: 'waiting', reason }
}

export function leaking({ from }: Pick<EffectCall, 'from'>, reason: string): Outcome {
  const remedy = 'Find out who writes, take away its right, then start the move again.'
  return { kind: 'failed', fault: { code: 'FENCE_LEAKS', message: `the fence of ${from} leaks: ${reason}`, remedy } }
}

export function claimOf({ rooms, operation }: EffectCall): FenceClaim {
  const { group, actor: by } = rooms
  const { id, kind, to, request } = operation
  return { group, operation: id, by, reason: `${kind} to ${to}: ${request.reason}`, untilMs: null }
}

async function fenceByAcl(call: EffectCall, fences: RegionFences): Promise<Outcome> {
  const { rooms, from, signal } = call
  const { group: _, ...claim } = claimOf(call)
  const applied = await fences.apply({ ...claim, scope: rooms.scope }, signal)
  if (applied.kind !== 'done') return outcomeOf(applied)
  return judgeApplied(from, await fences.prove(rooms.scope, signal))
}

/** Pure: what a proof means for a fence that was just put up. */
export function judgeApplied(from: string, proof: FenceProof): Outcome {
  if (proof.verdict !== 'fenced') return { kind: 'waiting', reason: `the fence of ${from}: ${proof.reason}` }
  const warning = proof.strength === 'refused' ? undefined : `${from} has no canary that was refused: ${proof.reason}`
  return {
    kind: 'done',
    reason: `${from} is fenced: ${proof.reason}`,
    evidence: toJson(proof),
    findings: { fence: 'proved', ...(warning !== undefined && { warning }) },
  }
}

async function fenceByCommand(call: EffectCall, fences: RegionFences): Promise<Outcome> {
  const { rooms, operation, from, signal } = call
  const applied = await fences.applyCommand(claimOf(call), signal)
  if (applied.kind !== 'done') return outcomeOf(applied)
  const check = await fences.checkCommand({ group: rooms.group, operation: operation.id }, signal)
  if (check.verdict === 'open') return { kind: 'waiting', reason: `the fence command of ${from}: ${check.reason}` }
  return {
    kind: 'done',
    reason: `the fence command of ${from} succeeded`,
    evidence: toJson({ applied: applied.evidence, check }),
    findings: { fence: 'command' },
  }
}
