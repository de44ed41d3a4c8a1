import {
  type Config,
  clusterOptionsOf,
  type PolicyConfig,
  principalOptionsOf,
  type RegionConfig,
  trustedCaOf,
} from '../../config/index.ts'
import type { Clock, Random, RegionName } from '../../core/index.ts'
import { type Cluster, dialBare, openCluster } from '../../kafka/index.ts'
import { FENCE_REQUEST_TIMEOUT_MS, type KnownPrincipal, probeRegion, resolveBaseline } from '../../security/index.ts'
import type { ProbedRegion } from './probe-watch.ts'

export interface ProbedRegionsOptions {
  readonly config: Pick<Config, 'regions' | 'policies'>
  readonly clusters: ReadonlyMap<RegionName, Cluster>
  readonly clock: Clock
  readonly random: Random
}

/** What probes of each region work with: the baseline of its policies, and the credentials that are at hand. */
export function probedRegions({ config, clusters, ...context }: ProbedRegionsOptions): Map<RegionName, ProbedRegion> {
  const { clock } = context
  return new Map(
    [...config.regions.values()].flatMap((region) => {
      const cluster = clusters.get(region.name)
      if (cluster === undefined) return []
      const policies = config.policies.filter(({ regions }) => regions.includes(region.name))
      const baseline = resolveBaseline(policies.map(({ policy }) => policy.baseline))
      const { name, bootstrap, fence } = region
      const known = knownPrincipals(region, policies, context)
      const given = {
        region: name,
        bootstrap,
        cluster,
        baseline,
        superUsers: fence.superUsers,
        known,
        clock,
        dial: dialBare,
      }
      const probe = (signal: AbortSignal) => probeRegion({ ...given, ca: trustedCaOf(region) }, signal)
      return [[name, { isDeclared: baseline.isDeclared, probe }] as const]
    }),
  )
}

const SCRAM = { 'scram-sha-256': true, 'scram-sha-512': true } as const

function knownPrincipals(
  region: RegionConfig,
  policies: readonly PolicyConfig[],
  context: { readonly clock: Clock; readonly random: Random },
): KnownPrincipal[] {
  const { name, canary } = region
  const bounds = { requestTimeoutMs: FENCE_REQUEST_TIMEOUT_MS, connectTimeoutMs: FENCE_REQUEST_TIMEOUT_MS }
  const open = (options: ReturnType<typeof clusterOptionsOf>) => {
    return openCluster({ ...options, clientId: 'isthmus-probe', ...bounds, context })
  }
  const ofPolicies = policies.flatMap(({ policy: { principals = [] }, passwords }) =>
    principals.flatMap(({ name: principal, auth }): KnownPrincipal[] => {
      const password = passwords.get(principal)
      const mechanism = auth in SCRAM ? (auth as keyof typeof SCRAM) : undefined
      if (password === undefined || mechanism === undefined || !principal.startsWith('User:')) return []
      const login = { mechanism, username: principal.slice('User:'.length), password }
      return [{ principal, open: () => open(principalOptionsOf(region, login)) }]
    }),
  )
  if (canary === undefined) return ofPolicies
  const { principal, ...reach } = canary
  return [...ofPolicies, { principal, open: () => open(clusterOptionsOf({ name, ...reach })) }]
}
