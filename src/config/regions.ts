import { resolve } from 'node:path'
import { type RegionName, regionName } from '../core/index.ts'
import type { Secret } from '../credentials/index.ts'
import type { ClusterOptions } from '../kafka/index.ts'
import { type LoadContext, loadTls, revealTls, type TlsConfig } from './credentials.ts'
import type { Path } from './problems.ts'
import { loadSasl, type SaslConfig } from './sasl.ts'
import {
  type ResolvedFenceOptions,
  type ResolvedGate,
  resolveFenceOptions,
  resolveGateOptions,
} from '../security/index.ts'
import type { ConfigFile } from './schema.ts'
import type { UsableConfig } from './validate.ts'

/** One region, its files read and its secrets loaded. */
export interface RegionConfig {
  readonly name: RegionName
  readonly bootstrap: readonly string[]
  /** Undefined means plaintext. */
  readonly tls: TlsConfig | undefined
  readonly sasl: SaslConfig | undefined
  /** How fences of the region are proved; undefined where brokers' own words have to do. */
  readonly canary: CanaryConfig | undefined
  readonly fence: ResolvedFenceOptions
  /** What an agent beside the region does; undefined where it has no gate. */
  readonly gate: ResolvedGate | undefined
}

/** An ordinary principal; it reaches the region as Isthmus does, but for its credentials. */
interface CanaryConfig {
  /** As the brokers name it. */
  readonly principal: string
  readonly bootstrap: readonly string[]
  readonly tls: RegionConfig['tls']
  readonly sasl: SaslConfig | undefined
}

type RegionFile = ConfigFile['regions'][number]

export function loadRegions(file: UsableConfig, context: LoadContext): Map<RegionName, RegionConfig> {
  return new Map(
    file.regions.map(({ at, entry: region }) => {
      const path: Path = ['regions', at]
      const name = regionName(region.name)
      const { bootstrap } = region
      const tls = region.tls && loadTls(region.tls, [...path, 'tls'], ['regions', region.name, 'tls'], context)
      const sasl = region.sasl && loadSasl(region.sasl, [...path, 'sasl'], ['regions', region.name, 'sasl'], context)
      const canary = region.canary && loadCanary(region, tls, path, context)
      const fence = resolveFenceOptions(region.fence)
      const principal = fence.principal ?? (sasl?.username === undefined ? undefined : `User:${sasl.username}`)
      const kubeconfig = region.gate?.kubeconfig && resolve(context.folder, region.gate.kubeconfig)
      const gate = region.gate && resolveGateOptions(region.gate, kubeconfig)
      return [name, { name, bootstrap, tls, sasl, canary, fence: { ...fence, principal }, gate }]
    }),
  )
}

/**
 * What the kafka room needs to connect, as the files stand whenever it does. Reveals the secrets, so the result must go
 * nowhere else.
 */
export function clusterOptionsOf({
  name,
  bootstrap,
  tls,
  sasl,
}: Pick<RegionConfig, 'name' | 'bootstrap' | 'tls' | 'sasl'>): Pick<ClusterOptions, 'name' | 'bootstrap' | 'access'> {
  return {
    name,
    bootstrap,
    access: {
      tls: () => tls && revealTls(tls),
      sasl: () => sasl?.current(),
      formerSasl: () => sasl?.former(),
      note: (taken) => sasl?.material?.note(taken),
      renew: async () => {
        const looked = [tls?.material, sasl].map(async (one) => await one?.renew())
        return (await Promise.all(looked)).includes(true)
      },
    },
  }
}

/** Somebody other than Isthmus, by a password. */
export interface PasswordLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: Secret
}

/** The same for a principal that has a password, and no certificate: that of Isthmus would make it another one. */
export function principalOptionsOf(
  { name, bootstrap, tls }: Pick<RegionConfig, 'name' | 'bootstrap' | 'tls'>,
  { mechanism, username, password }: PasswordLogin,
): Pick<ClusterOptions, 'name' | 'bootstrap' | 'access'> {
  const access = {
    tls: () => tls && trustOf(tls),
    sasl: () => ({ mechanism, username, password: password.reveal() }),
    formerSasl: () => undefined,
    note: () => undefined,
    renew: async () => (await password.material?.renew()) === true,
  }
  return { name, bootstrap, access }
}

/** PEM of whoever the servers of a region are trusted for; undefined where the system's roots count. */
export function trustedCaOf({ tls }: Pick<RegionConfig, 'tls'>): string | undefined {
  return tls && revealTls(tls).ca
}

function trustOf(tls: TlsConfig) {
  const { cert: _cert, key: _key, ...trust } = revealTls(tls)
  return trust
}

/** It reaches the region as Isthmus does, but has a certificate and a login of its own. */
function loadCanary(
  { name, bootstrap, tls, canary = {} }: RegionFile,
  isthmus: RegionConfig['tls'],
  regionPath: Path,
  context: LoadContext,
): CanaryConfig {
  const path: Path = [...regionPath, 'canary']
  const named: Path = ['regions', name, 'canary']
  const sasl = canary.sasl && loadSasl(canary.sasl, [...path, 'sasl'], [...named, 'sasl'], context)
  const { certFile: _cert, keyFile: _key, ...common } = isthmus?.files ?? {}
  return {
    // Rules see to it that there is one.
    principal: canary.principal ?? `User:${sasl?.username ?? ''}`,
    bootstrap: canary.bootstrap ?? bootstrap,
    tls: tls && loadTls({ ...common, ...canary.tls }, [...path, 'tls'], [...named, 'tls'], context),
    sasl,
  }
}
