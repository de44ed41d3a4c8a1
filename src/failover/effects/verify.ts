import { type RegionName, regionName } from '../../core/index.ts'
import type { Goal, Moves } from '../../replication/index.ts'
import type { FenceProof } from '../../security/index.ts'
import type { Outcome } from '../outcome.ts'
import type { ClientRooms } from './clients.ts'
import { checkRouting } from './clients.ts'
import { findSilent, judgeDrained } from './log-effects.ts'
import { type EffectCall, fencesOf, withMoves } from './group-rooms.ts'
import { outcomeOf } from './outcomes.ts'

/** Everything that has to hold when a move has ended, looked at once more. */
export interface VerifyRooms extends ClientRooms {
  /** Per operation, where the new active region's partitions ended when the check began: what a standby has to reach. */
  readonly goals: Map<string, readonly Goal[]>
}

/** What one of the checks came to: undefined where it holds. */
type Check = Outcome | undefined

export async function verify(call: EffectCall, rooms: VerifyRooms): Promise<Outcome> {
  const { operation, to } = call
  const [routing, fence, links, open] = await Promise.all([
    checkRouting(call, rooms),
    checkOldFence(call),
    checkLinks(call, rooms),
    checkOpen(call),
  ])
  const checks = [routing, fence, links, open]
  const trouble = checks.find((check) => check !== undefined && check.kind !== 'done')
  if (trouble !== undefined) return trouble
  rooms.goals.delete(operation.id)
  const warnings = checks.flatMap((check) => {
    return check?.kind === 'done' && check.findings?.warning !== undefined ? [check.findings.warning] : []
  })
  const reason = `${to} takes writes, its standbys follow, and ${call.from} is ${describeOld(call)}`
  return { kind: 'done', reason, ...(warnings.length > 0 && { findings: { warning: warnings.join('; ') } }) }
}

/** A region that is a standby now has to be fenced; one that is lost is fenced when it returns. */
async function checkOldFence(call: EffectCall): Promise<Check> {
  const { rooms, from, operation, signal } = call
  if (!isStandby(call, from)) return warn(`${from} is not a standby: nothing tells that nobody can write there`)
  const fences = fencesOf(call, from)
  const proof = await fences.prove(rooms.scope, signal)
  if (proof.obstacles.length === 0 || operation.fence !== 'command') return judgeOldFence(from, proof)
  const check = await fences.checkCommand({ group: rooms.group, operation: operation.id }, signal)
  if (check.verdict === 'open') return { kind: 'waiting', reason: `the fence of ${from}: ${check.reason}` }
  return check.verdict === 'fenced' ? undefined : warn(`the fence command of ${from} is believed: ${check.reason}`)
}

/** Pure. A region that can have no fence of its own is named, and holds up nothing. */
export function judgeOldFence(from: string, { verdict, reason, obstacles }: Omit<FenceProof, 'brokers'>): Check {
  if (obstacles.length > 0) return warn(`${from} has no standing fence: ${reason}`)
  if (verdict === 'fenced') return undefined
  return { kind: 'waiting', reason: `the fence of ${from} is ${verdict}: ${reason}` }
}

/** Every standby has what the new active region had when the check began. */
async function checkLinks(call: EffectCall, { goals }: VerifyRooms): Promise<Check> {
  const { document, rooms, to, operation, signal } = call
  const standbys = Object.keys(document.regions).filter((name) => name !== to && isStandby(call, name))
  return await withMoves(call, async (moves) => {
    const known = goals.get(operation.id) ?? (await readGoals(call, moves))
    if ('kind' in known) return known
    if (goals.size > 0 && !goals.has(operation.id)) goals.clear()
    goals.set(operation.id, known)
    for (const standby of standbys) {
      const held = judgeDrained(standby, await moves.drain(rooms.linkOf(to, regionName(standby)), known, signal))
      if (held !== undefined) return held
    }
    return undefined
  })
}

/** Up to where no transaction is open: what lies behind that is copied when it has ended. */
async function readGoals({ rooms, to, signal }: EffectCall, moves: Moves): Promise<readonly Goal[] | Outcome> {
  const ends = await moves.ends(to, await moves.partitions(to, rooms.topics, signal), signal)
  const goals = ends.map(({ topic, partition, stableEnd }) => ({ topic, partition, cut: stableEnd }))
  return findSilent(to, ends) ?? goals
}

async function checkOpen(call: EffectCall): Promise<Check> {
  const { rooms, to, signal } = call
  const open = await fencesOf(call, to).proveOpen(rooms.scope, signal)
  if (open.kind !== 'done') return outcomeOf(open)
  return open.evidence.topicsTried > 0 ? undefined : warn(`no canary was tried in ${to}`)
}

function isStandby({ document }: EffectCall, region: RegionName | string): boolean {
  return document.regions[region]?.role === 'standby'
}

function describeOld(call: EffectCall): string {
  return isStandby(call, call.from) ? 'a standby' : (call.document.regions[call.from]?.role ?? 'no region of the group')
}

function warn(warning: string): Check {
  return { kind: 'done', reason: warning, findings: { warning } }
}
