import { type RegionName, regionName } from '../core/index.ts'
import type { ClusterOptions } from '../kafka/index.ts'
import { type LoadContext, loadPassword, loadTls, type TlsConfig } from './credentials.ts'
import type { Path } from './problems.ts'
import type { ConfigFile } from './schema.ts'
import type { Secret } from './secrets.ts'
import type { UsableConfig } from './validate.ts'

/** One region, its files read and its secrets loaded. */
export interface RegionConfig {
  readonly name: RegionName
  readonly bootstrap: readonly string[]
  /** PEM texts; undefined means plaintext. */
  readonly tls: TlsConfig | undefined
  readonly sasl: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: Secret } | undefined
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
      return [name, { name, bootstrap, tls, sasl }]
    }),
  )
}

/** What the kafka room needs to connect. Reveals the secrets, so the result must go nowhere else. */
export function clusterOptionsOf(region: RegionConfig): Pick<ClusterOptions, 'name' | 'bootstrap' | 'tls' | 'sasl'> {
  const { tls, sasl } = region
  return {
    name: region.name,
    bootstrap: region.bootstrap,
    ...(tls && { tls: { ...tls, key: tls.key?.reveal() } }),
    ...(sasl && { sasl: { ...sasl, password: sasl.password.reveal() } }),
  }
}

function loadSasl(sasl: NonNullable<RegionFile['sasl']>, path: Path, context: LoadContext): RegionConfig['sasl'] {
  const { mechanism, username } = sasl
  return { mechanism, username, password: loadPassword(sasl, path, context) }
}
