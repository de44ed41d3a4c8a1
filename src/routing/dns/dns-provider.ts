import type { Clock, Random } from '../../core/index.ts'
import { routingFaults } from '../faults.ts'
import type { ResolvedDnsRouting } from '../resolve.ts'
import {
  type ClientMove,
  explainTrouble,
  type ProviderStep,
  type RoutingCheck,
  type RoutingProvider,
} from '../provider.ts'
import { isSameData, type RecordSet, type SetChange } from './message.ts'
import { NameServer, type Said } from './name-server.ts'

/**
 * Names that point at the active region, changed by dynamic updates. A server is asked what it has first; the update
 * demands exactly that, and that it is what one of the regions is to have: what somebody else wrote is not overwritten,
 * and a controller that comes late changes nothing. Switched is what every server says, the secondaries included.
 */
export function dnsRouting(
  options: ResolvedDnsRouting,
  parts: { readonly clock: Clock; readonly random: Random },
): RoutingProvider {
  const { zone, key, records } = options
  const serverOf = (address: string) => new NameServer({ address, zone, key, ...parts })
  const primaries = options.primaries.map(serverOf)
  const all = [...primaries, ...options.secondaries.map(serverOf)]
  const sets = records.map(({ name, type }) => ({ name, type }))
  const name = `dns ${zone}`
  return {
    name,
    async switchTo({ to }, signal) {
      const ends = await Promise.all(primaries.map((server) => switchServer(server, options, { to, signal })))
      return joinEnds(
        ends.map((said, at) => ({ address: primaries[at]?.address, said })),
        to,
      )
    },
    async check(move, signal) {
      const told = await Promise.all(all.map((server) => readAll(server, sets, signal)))
      return judgeServers(
        all.map(({ address }, at) => ({ address, told: told[at] ?? [] })),
        options,
        move,
      )
    },
    async findTrouble(signal) {
      const secondaries = all.slice(primaries.length)
      const found = await Promise.all([
        ...primaries.map((server) => probe(server, options, signal)),
        ...secondaries.map(async (server) => findReadTrouble(await readAll(server, sets, signal))),
      ])
      const troubles = found.filter((trouble) => trouble !== undefined)
      return troubles.length === 0 ? undefined : `${name}: ${troubles.join('; ')}`
    },
  }
}

type Told = Said<RecordSet>

function readAll(
  server: NameServer,
  sets: readonly Pick<RecordSet, 'name' | 'type'>[],
  signal: AbortSignal,
): Promise<Told[]> {
  return Promise.all(sets.map((set) => server.read(set, signal)))
}

async function switchServer(
  server: NameServer,
  options: ResolvedDnsRouting,
  { to, signal }: { readonly to: string; readonly signal: AbortSignal },
): Promise<Said<void>> {
  const told = await readAll(server, options.records, signal)
  const changes: SetChange[] = []
  for (const [at, said] of told.entries()) {
    if (said.kind !== 'answer') return said
    const { data, ttlSeconds } = wantedOf(options, at, to)
    const before = said.value
    const stranger = findStranger(server.address, before, options, at)
    if (stranger !== undefined) return stranger
    if (!isSameData(before.data, data)) changes.push({ before, after: { ...before, data, ttlSeconds } })
  }
  return changes.length === 0 ? { kind: 'answer', value: undefined } : await server.update(changes, signal)
}

/** Nobody's value may be overwritten that this configuration does not know. */
function findStranger(
  server: string,
  { name, type, data }: RecordSet,
  { records }: ResolvedDnsRouting,
  at: number,
): Extract<Told, { kind: 'fault' }> | undefined {
  const known = [...(records[at]?.values.values() ?? [])]
  if (data.length === 0 || known.some((value) => isSameData(value, data))) return undefined
  const facts = { server, record: `${name} ${type}`, value: data.join(', ') }
  return { kind: 'fault', fault: routingFaults.fault('ROUTING_DNS_STRANGER', facts) }
}

/** An update that changes nothing: the server judges the key, the zone and the right to change the records all the same. */
async function probe(
  server: NameServer,
  options: ResolvedDnsRouting,
  signal: AbortSignal,
): Promise<string | undefined> {
  const told = await readAll(server, options.records, signal)
  const changes: SetChange[] = []
  for (const [at, said] of told.entries()) {
    if (said.kind !== 'answer') return findReadTrouble(told)
    const stranger = findStranger(server.address, said.value, options, at)
    if (stranger !== undefined) return explainTrouble(stranger.fault)
    changes.push({ before: said.value, after: said.value })
  }
  return findTroubleOf(await server.update(changes, signal))
}

function findReadTrouble(told: readonly Told[]): string | undefined {
  return told.map(findTroubleOf).find((trouble) => trouble !== undefined)
}

function findTroubleOf(said: Said<unknown>): string | undefined {
  if (said.kind === 'answer') return undefined
  return said.kind === 'unknown' ? said.reason : explainTrouble(said.fault)
}

function joinEnds(
  ends: readonly { readonly address: string | undefined; readonly said: Said<void> }[],
  to: string,
): ProviderStep {
  const fault = ends.map(({ said }) => (said.kind === 'fault' ? said.fault : undefined)).find((it) => it !== undefined)
  if (fault !== undefined) return { kind: 'failed', fault }
  const reason = ends.map(({ address, said }) => findTroubleOf(said) ?? `${address} points at ${to}`).join('; ')
  return { kind: ends.every(({ said }) => said.kind === 'answer') ? 'done' : 'unknown', reason }
}

/** Pure: switched once every server says so; else which server says what. */
function judgeServers(
  servers: readonly { readonly address: string; readonly told: readonly Told[] }[],
  options: ResolvedDnsRouting,
  { to }: ClientMove,
): RoutingCheck {
  const isAt = (said: Told, at: number) =>
    said.kind === 'answer' && isSameData(said.value.data, wantedOf(options, at, to).data)
  if (servers.every(({ told }) => told.every(isAt))) {
    return { verdict: 'switched', reason: `all ${servers.length} name servers of ${options.zone} point at ${to}` }
  }
  const says = servers.flatMap(({ address, told }) => {
    const others = told.filter((said, at) => !isAt(said, at)).map((said) => explainTold(address, said))
    return others.length === 0 ? [`${address} points at ${to}`] : [...new Set(others)]
  })
  const isElsewhere = servers.some(({ told }) => told.some((said, at) => said.kind === 'answer' && !isAt(said, at)))
  return { verdict: isElsewhere ? 'elsewhere' : 'unknown', reason: `not all name servers agree: ${says.join('; ')}` }
}

function explainTold(address: string, said: Told): string {
  if (said.kind !== 'answer') return findTroubleOf(said) ?? address
  const { name, type, data } = said.value
  return data.length === 0 ? `${address} has no ${name} ${type}` : `${address} says ${name} ${type} ${data.join(', ')}`
}

function wantedOf({ records, ttlSeconds }: ResolvedDnsRouting, at: number, region: string) {
  return { data: records[at]?.values.get(region) ?? [], ttlSeconds }
}
