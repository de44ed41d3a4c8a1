import { resolve } from 'node:path'
import type { AuthorityOptions } from '../authority/index.ts'
import { type LoadContext, loadPassword, loadTls, type TlsConfig } from './credentials.ts'
import {
  type ConfigFile,
  DEFAULT_AUTHORITY_PATH,
  DEFAULT_AUTHORITY_PREFIX,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_TAKEOVER_SECONDS,
} from './schema.ts'
import type { Secret } from './secrets.ts'

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
)

export function loadAuthority(authority: ConfigFile['authority'], context: LoadContext): AuthorityConfig {
  const leaseMs = (authority?.leaseSeconds ?? DEFAULT_LEASE_SECONDS) * 1_000
  const takeoverMs = (authority?.takeoverSeconds ?? DEFAULT_TAKEOVER_SECONDS) * 1_000
  if (authority?.kind !== 'etcd') {
    return {
      kind: 'sqlite',
      leaseMs,
      takeoverMs,
      path: resolve(context.folder, authority?.path ?? DEFAULT_AUTHORITY_PATH),
    }
  }
  const { endpoints = [], prefix = DEFAULT_AUTHORITY_PREFIX, tls, login } = authority
  return {
    kind: 'etcd',
    leaseMs,
    takeoverMs,
    endpoints,
    prefix,
    tls: tls && loadTls(tls, ['authority', 'tls'], context),
    login: login && {
      username: login.username,
      password: loadPassword(login, ['authority', 'login'], context),
    },
  }
}

/** What the authority room needs to connect. Reveals the secrets, so the result must go nowhere else. */
export function authorityOptionsOf(authority: AuthorityConfig): AuthorityOptions {
  if (authority.kind === 'sqlite') return { kind: 'sqlite', path: authority.path }
  const { kind, endpoints, prefix, tls, login } = authority
  return {
    kind,
    endpoints,
    prefix,
    ...(tls && { tls: { ...tls, key: tls.key?.reveal() } }),
    ...(login && { login: { ...login, password: login.password.reveal() } }),
  }
}
