import type { RegionName } from '../../core/index.ts'
import type { ClientMove, EvictionProvider, ProviderStep, RoutingProvider } from '../../routing/index.ts'
import { type GroupClients, nameGroup } from '../clients.ts'
import type { Outcome } from '../outcome.ts'
import { answerOf, type EffectCall } from './group-rooms.ts'
import { firstOf, noteOf, toJson } from './outcomes.ts'
import type { ProviderRuns } from './provider-runs.ts'

/** What moving clients needs. */
export interface ClientRooms {
  /** In the order in which they are to work. */
  readonly routing: readonly RoutingProvider[]
  readonly eviction: readonly EvictionProvider[]
  /** Selected consumer groups that have members in a region, and read topics of the failover group there. */
  clients(region: RegionName, signal: AbortSignal): Promise<readonly GroupClients[]>
  readonly runs: ProviderRuns
  /** Of this process: what providers do is not ended with the call that began it. */
  readonly lifetime: AbortSignal
}

/** Points clients at the new active region: each provider once the one before it has been seen to work. */
export async function reroute(call: EffectCall, rooms: ClientRooms): Promise<Outcome> {
  const { routing } = rooms
  if (routing.length === 0) {
    const warning = `no routing is configured, so clients have to be pointed at ${call.to} by hand`
    return { kind: 'done', reason: 'no routing is configured', findings: { warning } }
  }
  const reasons: string[] = []
  for (const [at, provider] of routing.entries()) {
    const step = await runOnce(call, rooms, `reroute ${at}`, (move) => provider.switchTo(move, rooms.lifetime))
    if (step.kind !== 'done') return step
    const check = await checkOnce(call, rooms, { provider, what: `check ${at}` })
    if (check.kind !== 'done') return check
    reasons.push(check.reason)
  }
  return { kind: 'done', reason: reasons.join('; ') }
}

/** Everything that can be asked where clients are sent, asked once more. */
export async function checkRouting(
  call: EffectCall,
  rooms: Pick<ClientRooms, 'routing' | 'runs' | 'lifetime'>,
): Promise<Outcome> {
  const checks = rooms.routing.map((provider, at) => checkOnce(call, rooms, { provider, what: `verify ${at}` }))
  const ends = await Promise.all(checks)
  return ends.find(({ kind }) => kind !== 'done') ?? { kind: 'done', reason: 'clients are sent there' }
}

/** Has clients leave the old region, and is done when no group has members there any more. */
export async function evict(call: EffectCall, rooms: ClientRooms): Promise<Outcome> {
  const { eviction } = rooms
  const { from, to } = call
  if (eviction.length === 0) {
    const stayers = await findStayers(call, rooms)
    const who = explainStayers(from, stayers)
    if (stayers?.length === 0) return { kind: 'done', reason: `no eviction is configured; ${who}` }
    const warning = `no eviction is configured, so clients of ${from} have to be restarted by hand; ${who}`
    return { kind: 'done', reason: 'no eviction is configured', findings: { warning } }
  }
  const reasons: string[] = []
  for (const [at, provider] of eviction.entries()) {
    const step = await runOnce(call, rooms, `evict ${at}`, (move) => provider.evict(move, rooms.lifetime))
    if (step.kind !== 'done') return step
    reasons.push(step.reason)
  }
  const reason = reasons.join('; ')
  const stayers = await findStayers(call, rooms)
  const who = explainStayers(from, stayers)
  if (stayers === undefined) return { kind: 'done', reason, findings: { warning: who } }
  if (stayers.length > 0) return { kind: 'waiting', reason: `${reason}; ${who}` }
  const there = await findClients(call, rooms, to)
  const arrived =
    there === undefined ? `${to} does not tell who is there` : `${there.length} groups have members in ${to}`
  return { kind: 'done', reason: `${who}; ${arrived}`, evidence: toJson({ left: [], arrived: there ?? null }) }
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
  const { rooms, permit, signal } = call
  const key = keyOf(call)
  const beginPermitted = () => {
    permit()
    return begin(moveOf(call))
  }
  const step = await runs.step({ what, key, waitMs: rooms.waitMs }, beginPermitted, signal)
  if (step === undefined) return { kind: 'waiting', reason: `${what}: it is still under way` }
  return step.kind === 'failed' ? { kind: 'failed', fault: noteOf(step.fault) } : step
}

/** Begun again and again until it says that clients are sent there; one call does not wait for a check that takes long. */
async function checkOnce(
  call: EffectCall,
  { runs, lifetime }: Pick<ClientRooms, 'runs' | 'lifetime'>,
  { provider, what }: { readonly provider: RoutingProvider; readonly what: string },
): Promise<Outcome> {
  const { rooms, signal } = call
  const ask = async (): Promise<ProviderStep> => {
    const { verdict, reason } = await provider.check(moveOf(call), lifetime)
    const isSwitched = verdict === 'switched' || verdict === 'unchecked'
    return { kind: isSwitched ? 'done' : 'unknown', reason }
  }
  const step = await runs.step({ what, key: keyOf(call), waitMs: rooms.waitMs }, ask, signal)
  if (step?.kind === 'done') return step
  const late = `${provider.name} has not said yet where clients are sent`
  return { kind: 'waiting', reason: step?.kind === 'unknown' ? step.reason : late }
}

function keyOf({ operation }: Pick<EffectCall, 'operation'>): string {
  return `${operation.id} ${operation.attempt}`
}

/** Groups that have members in the region that was left; undefined where that cannot be found out. */
function findStayers(call: EffectCall, rooms: ClientRooms): Promise<readonly GroupClients[] | undefined> {
  return findClients(call, rooms, call.from)
}

function findClients(
  call: EffectCall,
  rooms: ClientRooms,
  region: RegionName,
): Promise<readonly GroupClients[] | undefined> {
  return answerOf(call, (signal) => rooms.clients(region, signal))
}

/** Pure: who has not moved yet. */
export function explainStayers(region: string, stayers: readonly GroupClients[] | undefined): string {
  if (stayers === undefined) return `who is still connected to ${region} cannot be told: it does not answer`
  if (stayers.length === 0) return `no group has members left in ${region}`
  return `groups with members left in ${region}: ${firstOf(stayers.map(nameGroup))}`
}
