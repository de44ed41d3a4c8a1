import type { RegionName } from '../../core/index.ts'
import type { ConfigEntry } from '../../kafka/index.ts'
import type { ResolvedBaseline } from './baseline.ts'
import type { ListenerPlace } from './probe-listener.ts'
import { type ProbeFinding, probeFinding } from './probe-findings.ts'

/** What brokers are set to, as they tell it themselves: pure. `super.users` and its like they do not tell. */
export interface BrokerSettings {
  readonly broker: number
  readonly entries: readonly ConfigEntry[]
}

const AUTHORIZER = 'authorizer.class.name'
const REAUTH = 'connections.max.reauth.ms'
const PROTOCOLS = 'listener.security.protocol.map'
/** What has to be the same on every broker; settings of single listeners come on top. */
const COMPARED = [
  AUTHORIZER,
  REAUTH,
  PROTOCOLS,
  'inter.broker.listener.name',
  'security.inter.broker.protocol',
  'sasl.enabled.mechanisms',
  'sasl.mechanism.inter.broker.protocol',
  'ssl.client.auth',
  'ssl.enabled.protocols',
  'ssl.endpoint.identification.algorithm',
]

export function judgeBrokers(
  region: RegionName,
  all: readonly BrokerSettings[],
  baseline: ResolvedBaseline,
): ProbeFinding[] {
  return [
    ...all.flatMap((one) => judgeOne(region, one, baseline)),
    ...COMPARED.flatMap((name) => compare(region, name, all)),
  ]
}

function judgeOne(
  region: RegionName,
  { broker, entries }: BrokerSettings,
  { maxReauthMs, plaintext }: ResolvedBaseline,
): ProbeFinding[] {
  const found: ProbeFinding[] = []
  const between = betweenBrokers(entries)
  if (between !== undefined && !between.endsWith('SSL') && plaintext === 'refuse') {
    found.push(probeFinding('plaintext-between-brokers', { region, broker, evidence: `they use ${between}` }))
  }
  const reauthMs = Number(valueOf(entries, REAUTH) ?? '0')
  const usesSasl = [...protocolsOf(entries).values()].some((protocol) => protocol.startsWith('SASL_'))
  if (maxReauthMs !== undefined && usesSasl && (reauthMs === 0 || reauthMs > maxReauthMs)) {
    const evidence = `${REAUTH}=${reauthMs}, at most ${maxReauthMs} is declared`
    found.push(probeFinding('reauthentication-off', { region, broker, evidence }))
  }
  return found
}

function betweenBrokers(entries: readonly ConfigEntry[]): string | undefined {
  const name = valueOf(entries, 'inter.broker.listener.name')
  if (name === undefined || name === '') return valueOf(entries, 'security.inter.broker.protocol')
  return protocolsOf(entries).get(name)
}

function compare(region: RegionName, name: string, all: readonly BrokerSettings[]): ProbeFinding[] {
  const brokersOf = new Map<string, number[]>()
  for (const { broker, entries } of all) {
    const value = valueOf(entries, name) ?? ''
    brokersOf.set(value, [...(brokersOf.get(value) ?? []), broker])
  }
  if (brokersOf.size < 2) return []
  const told = [...brokersOf].map(([value, brokers]) => `${name}=${value || '(none)'} on ${brokers.join(', ')}`)
  return [probeFinding('brokers-differ', { region, evidence: told.join('; ') })]
}

/**
 * The listeners that clients may find: those advertised, without the ones that only brokers and controllers use. Their
 * names are known this way, and those that Isthmus itself does not use.
 */
export function listenersOf({ broker, entries }: BrokerSettings): ListenerPlace[] {
  const inner = new Set([
    valueOf(entries, 'inter.broker.listener.name') ?? '',
    ...(valueOf(entries, 'controller.listener.names') ?? '').split(','),
  ])
  const advertised = valueOf(entries, 'advertised.listeners') || valueOf(entries, 'listeners') || ''
  return advertised.split(',').flatMap((text) => {
    const match = /^\s*(?<name>[^:]+):\/\/\[?(?<host>[^\]]*?)\]?:(?<port>\d+)\s*$/.exec(text)?.groups
    const { name = '', host = '', port = '' } = match ?? {}
    if (match === undefined || inner.has(name) || host === '' || host === '0.0.0.0') return []
    return [{ broker, name, host, port: Number(port) }]
  })
}

function protocolsOf(entries: readonly ConfigEntry[]): ReadonlyMap<string, string> {
  const pairs = (valueOf(entries, PROTOCOLS) ?? '').split(',').map((pair) => pair.split(':'))
  return new Map(pairs.map(([name = '', protocol = '']) => [name.trim(), protocol.trim()]))
}

function valueOf(entries: readonly ConfigEntry[], name: string): string | undefined {
  return entries.find((entry) => entry.name === name)?.value ?? undefined
}
