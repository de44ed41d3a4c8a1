import { type RegionName, regionName } from '../core/index.ts'
import type { ClusterOptions } from '../kafka/index.ts'
import { type LoadContext, loadPassword, loadTls, type TlsConfig } from './credentials.ts'
import type { Path } from './problems.ts'
import {
  type GateCommand,
  type ResolvedFenceOptions,
  resolveFenceOptions,
  resolveGateOptions,
} from '../security/index.ts'
import type { ConfigFile } from './schema.ts'
import type { Secret } from './secrets.ts'
import type { UsableConfig } from './validate.ts'

/** One region, its files read and its secrets loaded. */
export interface RegionConfig {
  readonly name: RegionName
  readonly bootstrap: readonly string[]
  /** PEM texts; undefined means plaintext. */
  readonly tls: TlsConfig | undefined
  readonly sasl: SaslConfig | undefined
  /** How fences of the region are proved; undefined where brokers' own words have to do. */
  readonly canary: CanaryConfig | undefined
  readonly fence: ResolvedFenceOptions
  /** What an agent beside the region does; undefined where it has no gate. */
  readonly gate: GateCommand | undefined
}

interface SaslConfig {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: Secret
}

/** An ordinary principal; it reaches the region as Isthmus does, but for its credentials. */
interface CanaryConfig {
  /** As the brokers name it. */
  readonly principal: string
  readonly bootstrap: readonly string[]
  readonly tls: RegionConfig['tls']
  readonly sasl: SaslConfig | undefined
}

type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'

type RegionFile = ConfigFile['regions'][number]

export function loadRegions(file: UsableConfig, context: LoadContext): Map<RegionName, RegionConfig> {
  return new Map(
    file.regions.map(({ at, entry: region }) => {
      const path: Path = ['regions', at]
      const name = regionName(region.name)
      const { bootstrap } = region
      const tls = region.tls && loadTls(region.tls, [...path, 'tls'], context)
      const sasl = region.sasl && loadSasl(region.sasl, [...path, 'sasl'], context)
      const canary = region.canary && loadCanary(region.canary, { bootstrap, tls }, [...path, 'canary'], context)
      const fence = resolveFenceOptions(region.fence)
      const principal = fence.principal ?? (sasl && `User:${sasl.username}`)
      const gate = region.gate && resolveGateOptions(region.gate)
      return [name, { name, bootstrap, tls, sasl, canary, fence: { ...fence, principal }, gate }]
    }),
  )
}

/** What the kafka room needs to connect. Reveals the secrets, so the result must go nowhere else. */
export function clusterOptionsOf(
  region: Pick<RegionConfig, 'name' | 'bootstrap' | 'tls' | 'sasl'>,
): Pick<ClusterOptions, 'name' | 'bootstrap' | 'tls' | 'sasl'> {
  const { name, bootstrap, tls, sasl } = region
  return {
    name,
    bootstrap,
    ...(tls && { tls: { ...tls, key: tls.key?.reveal() } }),
    ...(sasl && { sasl: { ...sasl, password: sasl.password.reveal() } }),
  }
}

function loadCanary(
  canary: NonNullable<RegionFile['canary']>,
  region: Pick<RegionConfig, 'bootstrap' | 'tls'>,
  path: Path,
  context: LoadContext,
): CanaryConfig {
  const sasl = canary.sasl && loadSasl(canary.sasl, [...path, 'sasl'], context)
  const own = canary.tls && loadTls(canary.tls, [...path, 'tls'], context)
  const { cert: _cert, key: _key, ...common } = region.tls ?? {}
  return {
    // Rules see to it that there is one.
    principal: canary.principal ?? `User:${sasl?.username ?? ''}`,
    bootstrap: canary.bootstrap ?? region.bootstrap,
    tls: region.tls && { ...common, ...own },
    sasl,
  }
}

function loadSasl(sasl: NonNullable<RegionFile['sasl']>, path: Path, context: LoadContext): SaslConfig {
  const { mechanism, username } = sasl
  return { mechanism, username, password: loadPassword(sasl, path, context) }
}
