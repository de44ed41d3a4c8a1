import { resolve } from 'node:path'
import type { AuthorityOptions } from '../authority/index.ts'
import type { Secret } from '../credentials/index.ts'
import { type LoadContext, loadPassword, loadTls, revealTls, type TlsConfig } from './credentials.ts'
import {
  type ConfigFile,
  DEFAULT_AUTHORITY_NAME,
  DEFAULT_AUTHORITY_PATH,
  DEFAULT_AUTHORITY_PREFIX,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_TAKEOVER_SECONDS,
} from './schema.ts'
import { unreachable } from '../core/index.ts'
import { type KubernetesAccess, kubernetesAccess } from '../kubernetes/index.ts'

/** Where the authority is stored, its files read and its secrets loaded. */
export type AuthorityConfig = { readonly leaseMs: number; readonly takeoverMs: number } & (
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'etcd'
      readonly endpoints: readonly string[]
      readonly prefix: string
      readonly tls: TlsConfig | undefined
      readonly login: { readonly username: string; readonly password: Secret } | undefined
    }
  | {
      readonly kind: 'kubernetes'
      readonly name: string
      /** Undefined: that of the pod, or of the context. */
      readonly namespace: string | undefined
      readonly kubeconfig: string | undefined
      readonly context: string | undefined
    }
)

export function loadAuthority(authority: ConfigFile['authority'], context: LoadContext): AuthorityConfig {
  const times = {
    leaseMs: (authority?.leaseSeconds ?? DEFAULT_LEASE_SECONDS) * 1_000,
    takeoverMs: (authority?.takeoverSeconds ?? DEFAULT_TAKEOVER_SECONDS) * 1_000,
  }
  const { kind = 'sqlite' } = authority ?? {}
  switch (kind) {
    case 'sqlite':
      return { kind, ...times, path: resolve(context.folder, authority?.path ?? DEFAULT_AUTHORITY_PATH) }
    case 'etcd':
      return { kind, ...times, ...loadEtcd(authority ?? {}, context) }
    case 'kubernetes': {
      const { name = DEFAULT_AUTHORITY_NAME, namespace, kubeconfig: file, context: named } = authority ?? {}
      const kubeconfig = file === undefined ? undefined : resolve(context.folder, file)
      return { kind, ...times, name, namespace, kubeconfig, context: named }
    }
    default:
      return unreachable(kind)
  }
}

function loadEtcd(authority: NonNullable<ConfigFile['authority']>, context: LoadContext) {
  const { endpoints = [], prefix = DEFAULT_AUTHORITY_PREFIX, tls, login } = authority
  return {
    endpoints,
    prefix,
    tls: tls && loadTls(tls, ['authority', 'tls'], ['authority', 'tls'], context),
    login: login && {
      username: login.username,
      password: loadPassword(login, ['authority', 'login'], ['authority', 'login'], context),
    },
  }
}

/** What the authority room needs to connect, as the files stand whenever it does. Reveals the secrets, so the result must go nowhere else. */
export function authorityOptionsOf(authority: AuthorityConfig): AuthorityOptions {
  if (authority.kind === 'sqlite') return { kind: 'sqlite', path: authority.path }
  if (authority.kind === 'kubernetes') {
    const { kind, name, namespace, kubeconfig, context } = authority
    return { kind, name, ...kubernetesAccess({ namespace, kubeconfig, context }) }
  }
  const { kind, endpoints, prefix, tls, login } = authority
  return {
    kind,
    endpoints,
    prefix,
    ...(tls && { tls: () => revealTls(tls) }),
    ...(login && { login: () => ({ username: login.username, password: login.password.reveal() }) }),
    renew: async () => {
      const materials = [tls?.material, login?.password.material]
      return (await Promise.all(materials.map(async (one) => await one?.renew()))).includes(true)
    },
  }
}

/** Where the objects of failover groups are; undefined where none are kept. */
export function loadKubernetes(
  given: ConfigFile['kubernetes'],
  { folder, problems }: LoadContext,
): KubernetesAccess | undefined {
  if (given === undefined) return undefined
  const { namespace, kubeconfig: file, context } = given
  if (context !== undefined && file === undefined) {
    problems.error(['kubernetes', 'context'], 'names no file', 'give kubeconfig too, or remove context')
  }
  return kubernetesAccess({ namespace, context, kubeconfig: file === undefined ? undefined : resolve(folder, file) })
}
