import { type GroupStatus, judgeGroups } from '../../replication/index.ts'
import type { Outcome } from '../outcome.ts'
import { drainedOf, unpackProofs } from './evidence-of-cut.ts'
import { claimOf } from './fence-effects.ts'
import { type EffectCall, fencesOf, withMoves } from './group-rooms.ts'
import { firstOf, outcomeOf, toJson } from './outcomes.ts'

/**
 * Lets groups reach the cut for `groupGraceMs`, fences them, and has what they have committed by then on the target. Where
 * the source is given up, the positions that were synchronized before are what there is, and they are there already.
 */
export async function positions(call: EffectCall): Promise<Outcome> {
  const { rooms, operation, from, to, signal } = call
  if (operation.kind === 'failover') {
    return await withMoves(call, async (moves) => {
      await moves.partitions(to, rooms.topics, signal)
      return { kind: 'done', reason: `groups go on at the positions that were last synchronized to ${to}` }
    })
  }
  const { name } = rooms.linkOf(from, to)
  const proofs = drainedOf(unpackProofs(await call.evidenceOf('proving')))
  const deadlineMs = rooms.clock.monotonicMs() + rooms.groupGraceMs
  let groups = await rooms.replicator.syncPositions(name, signal)
  while (judgeGroups(groups, proofs).behind.length > 0 && rooms.clock.monotonicMs() < deadlineMs) {
    groups = await rooms.replicator.syncPositions(name, signal)
  }
  const consumerGroups = groups.map(({ group }) => group)
  if (consumerGroups.length > 0 && operation.fence !== 'command') {
    const step = await fencesOf(call, from).applyToGroups({ ...claimOf(call), consumerGroups }, signal)
    if (step.kind !== 'done') return outcomeOf(step)
  }
  // A pass that begins now reads what no group can change any more.
  groups = await rooms.replicator.syncPositions(name, signal)
  return judgePositions(groups, judgeGroups(groups, proofs))
}

/** Pure: what failed is tried again; what a target has of its own is no reason to wait. */
export function judgePositions(groups: readonly GroupStatus[], judged: ReturnType<typeof judgeGroups>): Outcome {
  const failed = groups.filter(({ state }) => state === 'failed')
  if (failed.length > 0) {
    const reason = firstOf(failed.map(({ group, reason: why }) => `${group}: ${why}`))
    const progress = { done: groups.length - failed.length, total: groups.length }
    return { kind: 'waiting', reason: `positions are not on the target: ${reason}`, progress }
  }
  const unsynced = judged.unsynced.map(({ group, reason }) => `${group}: ${reason}`)
  const warning =
    unsynced.length === 0 ? undefined : `groups whose positions are not carried over: ${firstOf(unsynced)}`
  return {
    kind: 'done',
    reason: `${judged.done.length} groups are at the cut, ${judged.behind.length} go on behind it`,
    evidence: toJson(judged),
    ...(warning !== undefined && { findings: { warning } }),
  }
}
