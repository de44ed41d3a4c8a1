import { resolve } from 'node:path'
import { type RegionName, regionName } from '../core/index.ts'
import type { ClusterOptions } from '../kafka/index.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { ConfigFile } from './schema.ts'
import { Secret } from './secrets.ts'
import type { ConfigSources } from './sources.ts'
import type { UsableConfig } from './validate.ts'

/** One region, its files read and its secrets loaded. */
export interface RegionConfig {
  readonly name: RegionName
  readonly bootstrap: readonly string[]
  /** PEM texts; undefined means plaintext. */
  readonly tls:
    | { readonly ca?: string; readonly cert?: string; readonly key?: Secret; readonly serverName?: string }
    | undefined
  readonly sasl: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: Secret } | undefined
}

type SaslMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'

interface LoadContext {
  readonly folder: string
  readonly sources: ConfigSources
  readonly problems: ProblemCollector
}

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

function loadTls(tls: NonNullable<RegionFile['tls']>, path: Path, context: LoadContext): RegionConfig['tls'] {
  const ca = readPem(tls.caFile, [...path, 'caFile'], context)
  const cert = readPem(tls.certFile, [...path, 'certFile'], context)
  const key = readPem(tls.keyFile, [...path, 'keyFile'], context)
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: new Secret(key) }),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
  }
}

function readPem(file: string | undefined, path: Path, context: LoadContext): string | undefined {
  const text = readFile(file, path, context)
  if (text !== undefined && !text.includes('-----BEGIN ')) {
    context.problems.error(path, `"${file}" is not a PEM file`, 'give a file that has a line -----BEGIN ...-----')
  }
  return text
}

function loadSasl(sasl: NonNullable<RegionFile['sasl']>, path: Path, context: LoadContext): RegionConfig['sasl'] {
  const { mechanism, username } = sasl
  const fromFile = readFile(sasl.passwordFile, [...path, 'passwordFile'], context)?.replace(/\r?\n$/, '')
  if (fromFile === '') {
    context.problems.error([...path, 'passwordFile'], `"${sasl.passwordFile}" is empty`, 'write the password into it')
  }
  const password = fromFile ?? readEnv(sasl.password, [...path, 'password'], context)
  return { mechanism, username, password: new Secret(password ?? '') }
}

function readEnv(reference: string | undefined, path: Path, context: LoadContext): string | undefined {
  if (reference === undefined) return undefined
  const variable = reference.slice('env:'.length)
  const value = context.sources.env[variable]
  if (value === undefined || value === '') {
    context.problems.error(path, `the environment variable ${variable} is not set`, `set ${variable}`)
  }
  return value
}

function readFile(
  file: string | undefined,
  path: Path,
  { folder, sources, problems }: LoadContext,
): string | undefined {
  if (file === undefined) return undefined
  try {
    return sources.readFile(resolve(folder, file))
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    problems.error(
      path,
      `"${file}" ${missing ? 'does not exist' : `cannot be read: ${(error as Error).message}`}`,
      missing ? 'correct the path' : 'let the user that runs Isthmus read it',
    )
    return undefined
  }
}
