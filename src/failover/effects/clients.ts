import type { RegionName } from '../../core/index.ts'
import type { ClientMove, EvictionProvider, ProviderStep, RoutingProvider } from '../../routing/index.ts'
import type { Outcome } from '../outcome.ts'
import { answerOf, type EffectCall } from './group-rooms.ts'
import { firstOf, noteOf } from './outcomes.ts'
import type { ProviderRuns } from './provider-runs.ts'

/** A consumer group that reads topics of the failover group, with how many members it has in a region. */
export interface GroupClients {
  readonly group: string
  readonly members: number
}

/** What moving clients needs. */
export interface ClientRooms {
  readonly routing: RoutingProvider | undefined
  readonly eviction: EvictionProvider | undefined
  /** Selected consumer groups with positions in topics of the failover group, as the region has them. */
  clients(region: RegionName, signal: AbortSignal): Promise<readonly GroupClients[]>
  readonly runs: ProviderRuns
  /** Of this process: what providers do is not ended with the call that began it. */
  readonly lifetime: AbortSignal
}

/** Points clients at the new active region. */
export async function reroute(call: EffectCall, rooms: ClientRooms): Promise<Outcome> {
  const { routing } = rooms
  if (routing === undefined) {
    const who = explainStayers(call.from, await findStayers(call, rooms))
    const warning = `no routing is configured, so clients have to be pointed at ${call.to} by hand; ${who}`
    return { kind: 'done', reason: 'no routing is configured', findings: { warning } }
  }
  const step = await runOnce(call, rooms, 'reroute', (move) => routing.switchTo(move, rooms.lifetime))
  if (step.kind !== 'done') return step
  const { verdict, reason } = await routing.check(moveOf(call), call.signal)
  if (verdict === 'elsewhere') return { kind: 'waiting', reason }
  return { kind: 'done', reason: verdict === 'switched' ? reason : `${step.reason}; ${reason}` }
}

/** Has clients leave the old region, and is done when no group has members there any more. */
export async function evict(call: EffectCall, rooms: ClientRooms): Promise<Outcome> {
  const { eviction } = rooms
  const { from, to } = call
  if (eviction === undefined) {
    const stayers = await findStayers(call, rooms)
    const reason = explainStayers(from, stayers)
    if (stayers?.length === 0) return { kind: 'done', reason: `no eviction is configured; ${reason}` }
    const warning = `no eviction is configured, so clients of ${from} have to be restarted by hand; ${reason}`
    return { kind: 'done', reason: 'no eviction is configured', findings: { warning } }
  }
  const step = await runOnce(call, rooms, 'evict', (move) => eviction.evict(move, rooms.lifetime))
  if (step.kind !== 'done') return step
  const stayers = await findStayers(call, rooms)
  const who = explainStayers(from, stayers)
  if (stayers === undefined) return { kind: 'done', reason: step.reason, findings: { warning: who } }
  if (stayers.length > 0) return { kind: 'waiting', reason: `${step.reason}; ${who}` }
  const there = (await findMembers(call, rooms, to)) ?? []
  return { kind: 'done', reason: `${who}; ${there.length} groups have members in ${to}` }
}

export function moveOf({ rooms, operation, from, to }: EffectCall): ClientMove {
  return { group: rooms.group, operation: operation.id, from, to }
}

/** Begins it with the first call of an attempt. */
async function runOnce(
  call: EffectCall,
  { runs }: ClientRooms,
  what: string,
  begin: (move: ClientMove) => Promise<ProviderStep>,
): Promise<Outcome> {
  const { rooms, operation, permit, signal } = call
  const key = `${operation.id} ${operation.attempt}`
  const beginPermitted = () => {
    permit()
    return begin(moveOf(call))
  }
  const step = await runs.step({ what, key, waitMs: rooms.waitMs }, beginPermitted, signal)
  if (step === undefined) return { kind: 'waiting', reason: `${what}: the program of the operator still runs` }
  return step.kind === 'failed' ? { kind: 'failed', fault: noteOf(step.fault) } : step
}

/** Groups that have members in the region that was left; undefined where that cannot be found out. */
function findStayers(call: EffectCall, rooms: ClientRooms): Promise<readonly GroupClients[] | undefined> {
  return findMembers(call, rooms, call.from)
}

async function findMembers(
  call: EffectCall,
  rooms: ClientRooms,
  region: RegionName,
): Promise<readonly GroupClients[] | undefined> {
  const clients = await answerOf(call, (signal) => rooms.clients(region, signal))
  return clients?.filter(({ members }) => members > 0)
}

/** Pure: who has not moved yet. */
export function explainStayers(region: string, stayers: readonly GroupClients[] | undefined): string {
  if (stayers === undefined) return `who is still connected to ${region} cannot be told: it does not answer`
  if (stayers.length === 0) return `no group has members left in ${region}`
  const named = stayers.map(({ group, members }) => `${group} (${members})`)
  return `groups with members left in ${region}: ${firstOf(named)}`
}
