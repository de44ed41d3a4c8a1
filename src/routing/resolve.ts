import { unreachable } from '../core/index.ts'
import { type KubernetesAccess, kubernetesAccess } from '../kubernetes/index.ts'
import { type AddressType, canonicalData } from './dns/message.ts'
import type { TsigKey } from './dns/tsig.ts'
import { DEFAULT_TTL_SECONDS, type EvictionProviderOptions, type RoutingProviderOptions } from './options.ts'
import type { HiddenText } from './provider.ts'

/** The options with every default filled in and every file read. */
export type ResolvedRouting = ResolvedCommandRouting | ResolvedDnsRouting | ResolvedKubernetesRouting | ResolvedWebhook
export type ResolvedEviction = ResolvedCommandEviction | ResolvedPolicyEviction | ResolvedRollout | ResolvedWebhook

export interface ResolvedCommandRouting {
  readonly kind: 'command'
  readonly switch: readonly string[]
  readonly check: readonly string[] | undefined
  readonly timeoutMs: number
}

export interface ResolvedCommandEviction {
  readonly kind: 'command'
  readonly evict: readonly string[]
  readonly timeoutMs: number
}

export interface ResolvedWebhook {
  readonly kind: 'webhook'
  readonly url: string
  readonly checkUrl: string | undefined
  readonly authorities: CurrentText | undefined
  readonly token: HiddenText | undefined
  readonly timeoutMs: number
}

export interface ResolvedKubernetesRouting {
  readonly kind: 'kubernetes'
  readonly access: KubernetesAccess
  readonly object: 'service' | 'configMap'
  readonly name: string
  readonly field: 'selector' | 'externalName' | 'data'
  /** By region. */
  readonly values: ReadonlyMap<string, Readonly<Record<string, string>>>
}

export interface ResolvedRollout {
  readonly kind: 'rollout'
  readonly access: KubernetesAccess
  /** Which failover group the workloads name. */
  readonly group: string
}

export interface ResolvedPolicyEviction {
  readonly kind: 'networkPolicy'
  readonly access: KubernetesAccess
  /** By region, the policy that admits clients to it. */
  readonly policies: ReadonlyMap<string, string>
}

export interface ResolvedDnsRouting {
  readonly kind: 'dns'
  readonly zone: string
  readonly primaries: readonly string[]
  readonly secondaries: readonly string[]
  readonly key: TsigKey
  readonly ttlSeconds: number
  readonly records: readonly {
    readonly name: string
    readonly type: AddressType
    /** By region, in canonical form. */
    readonly values: ReadonlyMap<string, readonly string[]>
  }[]
}

/** A text that may be exchanged while it is in use: it is asked for each time. */
export interface CurrentText {
  readonly value: string
}

/** What stands in the files that a provider names. */
export interface ProviderFiles {
  /** PEM of those that sign the receiver. */
  readonly authorities?: CurrentText | undefined
  readonly token?: HiddenText | undefined
  readonly secret?: HiddenText | undefined
  /** The path, from the root on. */
  readonly kubeconfig?: string | undefined
}

const TIMEOUT_SECONDS = 60

/** Undefined where a key that the kind needs is missing: the rules of the configuration say so. */
export function resolveRouting(
  options: RoutingProviderOptions,
  files: ProviderFiles = {},
): ResolvedRouting | undefined {
  const { kind, switch: argv, check, timeoutSeconds: seconds = TIMEOUT_SECONDS } = options
  switch (kind) {
    case 'command':
      return argv && { kind, switch: argv, check, timeoutMs: seconds * 1_000 }
    case 'webhook':
      return resolveWebhook(options, files)
    case 'dns':
      return resolveDns(options, files)
    case 'kubernetes':
      return resolveKubernetes(options, files)
    default:
      return unreachable(kind)
  }
}

export function resolveEviction(
  options: EvictionProviderOptions,
  group: string,
  files: ProviderFiles = {},
): ResolvedEviction | undefined {
  const { kind, evict, networkPolicies, timeoutSeconds: seconds = TIMEOUT_SECONDS } = options
  if (kind === 'webhook') return resolveWebhook(options, files)
  if (kind === 'rollout') return { kind, access: accessOf(options, files), group }
  if (kind === 'networkPolicy') {
    const policies = networkPolicies && new Map(Object.entries(networkPolicies))
    return policies && { kind, access: accessOf(options, files), policies }
  }
  return evict && { kind, evict, timeoutMs: seconds * 1_000 }
}

function resolveWebhook(
  options: Pick<RoutingProviderOptions, 'url' | 'checkUrl' | 'timeoutSeconds'>,
  { authorities, token }: ProviderFiles,
): ResolvedWebhook | undefined {
  const { url: receiver, checkUrl, timeoutSeconds: seconds = TIMEOUT_SECONDS } = options
  return receiver === undefined
    ? undefined
    : { kind: 'webhook', url: receiver, checkUrl, authorities, token, timeoutMs: seconds * 1_000 }
}

function resolveKubernetes(
  options: RoutingProviderOptions,
  files: ProviderFiles,
): ResolvedKubernetesRouting | undefined {
  const { service, selectors, externalNames, configMap, data } = options
  const access = accessOf(options, files)
  const mapOf = (values: Readonly<Record<string, Record<string, string>>>) => new Map(Object.entries(values))
  const shared = { kind: 'kubernetes', access } as const
  if (service !== undefined && selectors !== undefined) {
    return { ...shared, object: 'service', name: service, field: 'selector', values: mapOf(selectors) }
  }
  if (service !== undefined && externalNames !== undefined) {
    const names = Object.entries(externalNames).map(([region, externalName]) => [region, { externalName }])
    const values = mapOf(Object.fromEntries(names) as Record<string, { externalName: string }>)
    return { ...shared, object: 'service', name: service, field: 'externalName', values }
  }
  if (configMap === undefined || data === undefined) return undefined
  return { ...shared, object: 'configMap', name: configMap, field: 'data', values: mapOf(data) }
}

function accessOf(
  { namespace, context }: Pick<RoutingProviderOptions, 'namespace' | 'context'>,
  { kubeconfig }: ProviderFiles,
): KubernetesAccess {
  return kubernetesAccess({ namespace, context, kubeconfig })
}

function resolveDns(options: RoutingProviderOptions, { secret }: ProviderFiles): ResolvedDnsRouting | undefined {
  const { zone, primaries, secondaries = [], key, ttlSeconds = DEFAULT_TTL_SECONDS, records } = options
  if (zone === undefined || primaries === undefined || key === undefined || records === undefined) return undefined
  if (secret === undefined) return undefined
  return {
    kind: 'dns',
    zone,
    primaries,
    secondaries,
    key: { name: key.name, algorithm: key.algorithm ?? 'hmac-sha256', secret },
    ttlSeconds,
    records: records.map(({ name, type, values }) => {
      const byRegion = Object.entries(values).map(([region, data]) => [region, data.map(canonicalData)] as const)
      return { name, type, values: new Map(byRegion) }
    }),
  }
}
