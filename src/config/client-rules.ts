import { isIPv4, isIPv6 } from 'node:net'
import { canonicalJson } from '../core/index.ts'
import {
  canonicalData,
  canonicalName,
  type EvictionProviderOptions,
  isDnsName,
  isSameData,
  parseServer,
  type RoutingProviderOptions,
} from '../routing/index.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { UsableConfig } from './validate.ts'

/** Rules of what moves clients: keys of the kind and no others, records that every region has a value for. */
type Provider = RoutingProviderOptions & EvictionProviderOptions
type Key = Exclude<keyof RoutingProviderOptions | keyof EvictionProviderOptions, 'kind'>
type DnsRecord = NonNullable<RoutingProviderOptions['records']>[number]

interface KindKeys {
  readonly needs: readonly Key[]
  readonly takes: readonly Key[]
}

const KUBERNETES = ['namespace', 'kubeconfig', 'context'] as const
const WEBHOOK = ['caFile', 'tokenFile', 'timeoutSeconds'] as const
const ROUTING: Readonly<Record<RoutingProviderOptions['kind'], KindKeys>> = {
  command: { needs: ['switch'], takes: ['check', 'timeoutSeconds'] },
  dns: { needs: ['zone', 'primaries', 'key', 'records'], takes: ['secondaries', 'ttlSeconds'] },
  kubernetes: { needs: [], takes: ['service', 'selectors', 'externalNames', 'configMap', 'data', ...KUBERNETES] },
  webhook: { needs: ['url'], takes: ['checkUrl', ...WEBHOOK] },
}
const EVICTION: Readonly<Record<EvictionProviderOptions['kind'], KindKeys>> = {
  command: { needs: ['evict'], takes: ['timeoutSeconds'] },
  networkPolicy: { needs: ['networkPolicies'], takes: KUBERNETES },
  rollout: { needs: [], takes: KUBERNETES },
  webhook: { needs: ['url'], takes: WEBHOOK },
}

export function checkClientProviders(file: UsableConfig, problems: ProblemCollector): void {
  for (const { at, entry: group } of file.failoverGroups) {
    for (const [rank, provider] of (group.routing ?? []).entries()) {
      const path: Path = ['failoverGroups', at, 'routing', rank]
      checkKeys(provider, ROUTING[provider.kind], path, problems)
      checkWebhook(provider, path, problems)
      checkContext(provider, path, problems)
      if (provider.kind === 'dns') checkDns(provider, group.regions, path, problems)
      if (provider.kind === 'kubernetes') checkKubernetes(provider, group.regions, path, problems)
    }
    for (const [rank, provider] of (group.eviction ?? []).entries()) {
      const path: Path = ['failoverGroups', at, 'eviction', rank]
      checkKeys(provider, EVICTION[provider.kind], path, problems)
      checkWebhook(provider, path, problems)
      checkContext(provider, path, problems)
      for (const region of Object.keys(provider.networkPolicies ?? {})) {
        checkOfGroup(region, group.regions, [...path, 'networkPolicies', region], problems)
      }
    }
  }
}

/** A key of another kind is refused: it would be ignored without a word. */
function checkKeys(
  provider: Partial<Omit<Provider, 'kind'>> & { readonly kind: string },
  { needs, takes }: KindKeys,
  path: Path,
  problems: ProblemCollector,
): void {
  const { kind } = provider
  for (const key of needs) {
    if (provider[key] === undefined) problems.error([...path, key], 'missing', `kind ${kind} needs ${needs.join(', ')}`)
  }
  for (const key of Object.keys(provider)) {
    const isKnown = key === 'kind' || [...needs, ...takes].some((known) => known === key)
    if (!isKnown) problems.error([...path, key], `is not for kind ${kind}`, `remove ${key}, or choose another kind`)
  }
}

function checkWebhook(
  { url, checkUrl, tokenFile }: Pick<RoutingProviderOptions, 'url' | 'checkUrl' | 'tokenFile'>,
  path: Path,
  problems: ProblemCollector,
): void {
  for (const [key, text] of Object.entries({ url, checkUrl })) {
    if (text === undefined) continue
    if (!URL.canParse(text)) problems.error([...path, key], `"${text}" is not a URL`, 'correct its host or port')
    else if (tokenFile !== undefined && text.startsWith('http:')) {
      problems.warn([...path, key], 'http sends the token readable', 'use https')
    }
  }
}

/** One object, one of its fields, and a value of it for every region. */
function checkKubernetes(
  { service, configMap, ...fields }: RoutingProviderOptions,
  regions: readonly string[],
  path: Path,
  problems: ProblemCollector,
): void {
  const allowed = service !== undefined ? (['selectors', 'externalNames'] as const) : (['data'] as const)
  const given = (['selectors', 'externalNames', 'data'] as const).filter((key) => fields[key] !== undefined)
  const [field] = given
  if ((service === undefined) === (configMap === undefined)) {
    problems.error(path, 'changes no object, or two', 'give one of service and configMap')
  } else if (field === undefined || given.length > 1 || !allowed.some((key) => key === field)) {
    const object = service !== undefined ? 'a Service' : 'a ConfigMap'
    problems.error(path, `does not say what ${object} is to have`, `give one of ${allowed.join(' and ')}, and no other`)
  } else {
    checkRegionValues(fields[field] ?? {}, regions, [...path, field], problems)
  }
}

function checkContext(
  { context, kubeconfig }: Pick<Provider, 'context' | 'kubeconfig'>,
  path: Path,
  problems: ProblemCollector,
): void {
  if (context !== undefined && kubeconfig === undefined) {
    problems.error([...path, 'context'], 'names no file', 'give kubeconfig too, or remove context')
  }
}

function checkOfGroup(region: string, regions: readonly string[], path: Path, problems: ProblemCollector): void {
  if (!regions.includes(region)) problems.error(path, 'not a region of the group', `use ${regions.join(', ')}`)
}

function checkRegionValues(
  values: Readonly<Record<string, string | Readonly<Record<string, string>>>>,
  regions: readonly string[],
  path: Path,
  problems: ProblemCollector,
): void {
  const taken = new Map<string, string>()
  const [first] = Object.values(values)
  for (const region of regions) {
    if (values[region] === undefined)
      problems.error([...path, region], 'missing', `say what it has while ${region} is active`)
  }
  for (const [region, value] of Object.entries(values)) {
    const place: Path = [...path, region]
    checkOfGroup(region, regions, place, problems)
    const other = taken.get(canonicalJson(value))
    if (other !== undefined) {
      problems.error(place, `the same as for ${other}`, 'give each region its own: nothing would change else')
    }
    taken.set(canonicalJson(value), region)
    if (path.at(-1) === 'data' && keysOf(value) !== keysOf(first ?? {})) {
      problems.error(place, 'other keys than the other regions', 'give each region a value for the same keys')
    }
  }
}

function keysOf(value: string | Readonly<Record<string, string>>): string {
  return Object.keys(value).sort().join()
}

function checkDns(
  { zone, primaries = [], secondaries = [], key, records = [] }: RoutingProviderOptions,
  regions: readonly string[],
  path: Path,
  problems: ProblemCollector,
): void {
  if (zone !== undefined) checkName(zone, [...path, 'zone'], problems)
  if (key !== undefined) checkName(key.name, [...path, 'key', 'name'], problems)
  for (const [list, servers] of Object.entries({ primaries, secondaries })) {
    for (const [at, server] of servers.entries()) {
      const isTwice = [...primaries, ...secondaries].filter((other) => other === server).length > 1
      if (isTwice) problems.error([...path, list, at], `"${server}" is named twice`, 'name it once')
      if (parseServer(server) !== undefined) continue
      problems.error([...path, list, at], `"${server}" has no valid port`, 'use a port from 1 to 65535')
    }
  }
  const seen = new Set<string>()
  for (const [at, record] of records.entries()) {
    const recordPath: Path = [...path, 'records', at]
    const name = canonicalName(record.name)
    checkName(record.name, [...recordPath, 'name'], problems)
    if (zone !== undefined && !`.${name}`.endsWith(`.${canonicalName(zone)}`)) {
      problems.error([...recordPath, 'name'], `"${record.name}" is not in ${zone}`, 'write the full name of the record')
    }
    // A CNAME stands alone.
    const others = record.type === 'CNAME' ? ['A', 'AAAA', 'CNAME'] : [record.type, 'CNAME']
    if (others.some((type) => seen.has(`${name} ${type}`))) {
      problems.error(recordPath, `${record.name} has two of it`, 'give each name and type once, and CNAME alone')
    }
    seen.add(`${name} ${record.type}`)
    checkValues(record, regions, [...recordPath, 'values'], problems)
  }
}

function checkValues(
  { type, values }: DnsRecord,
  regions: readonly string[],
  path: Path,
  problems: ProblemCollector,
): void {
  for (const region of regions) {
    if (values[region] === undefined)
      problems.error([...path, region], 'missing', `say what it has while ${region} is active`)
  }
  const isValid = { A: isIPv4, AAAA: isIPv6, CNAME: isDnsName }[type]
  const taken = new Map<string, readonly string[]>()
  for (const [region, data] of Object.entries(values)) {
    const place: Path = [...path, region]
    checkOfGroup(region, regions, place, problems)
    for (const [at, text] of data.entries()) {
      if (!isValid(text)) problems.error([...place, at], `"${text}" is no value of ${type}`, WANTED[type])
    }
    if (type === 'CNAME' && data.length > 1) problems.error(place, 'more than one name', 'a CNAME has one')
    const canonical = data.map(canonicalData)
    if (new Set(canonical).size < canonical.length) problems.error(place, 'a value stands twice', 'name it once')
    const other = [...taken].find(([, known]) => isSameData(known, canonical))
    if (other !== undefined) {
      problems.error(place, `the same as for ${other[0]}`, 'give each region its own: nothing would change else')
    }
    taken.set(region, canonical)
  }
}

const WANTED: Readonly<Record<DnsRecord['type'], string>> = {
  A: 'give an IPv4 address',
  AAAA: 'give an IPv6 address',
  CNAME: 'give a full name',
}

function checkName(name: string, path: Path, problems: ProblemCollector): void {
  if (!isDnsName(name)) problems.error(path, `"${name}" is not a DNS name`, 'use letters, digits, dashes and dots')
}
