import { pause } from '../../core/index.ts'
import { type DrainStatus, type GroupStatus, judgeGroups, type PositionsAtCut } from '../../replication/index.ts'
import type { Outcome } from '../outcome.ts'
import { drainedOf, unpackProofs } from './evidence-of-cut.ts'
import { claimOf } from './fence-effects.ts'
import { type EffectCall, fencesOf, withMoves } from './group-rooms.ts'
import { firstOf, outcomeOf, toJson } from './outcomes.ts'

const LOOK_EVERY_MS = 100

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
  const proofs = drainedOf(unpackProofs(await call.evidenceOf('proving')))
  return await withMoves(call, async (moves) => {
    const sync = await rooms.replicator.positionsAtCut(rooms.linkOf(from, to), signal, { moves })
    const seen = await awaitGroups(call, sync, proofs)
    const away = judgeAway(call, seen)
    if (away !== undefined) return away
    const consumerGroups = seen.map(({ group }) => group)
    if (consumerGroups.length > 0 && operation.fence !== 'command') {
      const step = await fencesOf(call, from).applyToGroups({ ...claimOf(call), consumerGroups }, signal)
      if (step.kind !== 'done') return outcomeOf(step)
    }
    // What is read from now on no group can change any more.
    const groups = await sync.bringOver(signal)
    return judgeAway(call, groups) ?? judgePositions(groups, judgeGroups(groups, proofs))
  })
}

/**
 * Pure: no position can be written for a group that has members on the target. Undefined where none has, or the operator
 * has said that these may keep what they have.
 */
export function judgeAway(
  { operation, to }: Pick<EffectCall, 'operation' | 'to'>,
  groups: readonly GroupStatus[],
): Outcome | undefined {
  if (operation.request.overrides.some(({ guard }) => guard === 'groups-away')) return undefined
  const away = groups.filter(({ state }) => state === 'active-on-target').map(({ group }) => group)
  if (away.length === 0) return undefined
  const progress = { done: groups.length - away.length, total: groups.length }
  return {
    kind: 'waiting',
    reason: `groups have members on ${to} and keep their positions: ${firstOf(away)}`,
    progress,
  }
}

/** Until every group is at the cut, or has had its time. */
async function awaitGroups(
  { rooms, signal }: EffectCall,
  sync: PositionsAtCut,
  proofs: readonly DrainStatus[],
): Promise<readonly GroupStatus[]> {
  const { clock, groupGraceMs } = rooms
  const deadlineMs = clock.monotonicMs() + groupGraceMs
  for (;;) {
    const groups = await sync.look(signal)
    if (judgeGroups(groups, proofs).behind.length === 0 || clock.monotonicMs() >= deadlineMs) return groups
    await pause(clock, LOOK_EVERY_MS, signal)
    signal.throwIfAborted()
  }
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
