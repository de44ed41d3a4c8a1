import { parseListen } from '../api/index.ts'
import type { Path, ProblemCollector } from './problems.ts'
import type { ConfigFile } from './schema.ts'

type AuthorityFile = NonNullable<ConfigFile['authority']>

const KEYS_OF_KIND: Readonly<Record<NonNullable<AuthorityFile['kind']>, readonly (keyof AuthorityFile)[]>> = {
  sqlite: ['path'],
  etcd: ['endpoints', 'prefix', 'tls', 'login'],
  kubernetes: ['name', 'namespace', 'kubeconfig', 'context'],
}

export function checkTls(
  tls: { readonly certFile?: string; readonly keyFile?: string } | undefined,
  path: Path,
  problems: ProblemCollector,
): void {
  if (tls === undefined || (tls.certFile === undefined) === (tls.keyFile === undefined)) return
  problems.error(path, 'certFile and keyFile belong together', 'give both or neither')
}

export function checkPassword(
  login: { readonly password?: string; readonly passwordFile?: string } | undefined,
  path: Path,
  problems: ProblemCollector,
): void {
  if (login === undefined || (login.password === undefined) !== (login.passwordFile === undefined)) return
  const rule = login.password === undefined ? 'no password is named' : 'two passwords are named'
  problems.error(path, rule, 'give one of passwordFile and password: env:NAME')
}

/** The keys of a kind are refused with the other one, where they would be ignored without a word. */
export function checkAuthority(authority: ConfigFile['authority'], problems: ProblemCollector): void {
  if (authority === undefined) return
  const { kind = 'sqlite', endpoints, tls, login } = authority
  for (const [owner, keys] of Object.entries(KEYS_OF_KIND)) {
    for (const key of keys) {
      if (owner === kind || authority[key] === undefined) continue
      problems.error(['authority', key], `is for kind ${owner} only`, `set authority.kind: ${owner}, or remove ${key}`)
    }
  }
  if (authority.context !== undefined && authority.kubeconfig === undefined) {
    problems.error(['authority', 'context'], 'names no file', 'give kubeconfig too, or remove context')
  }
  if (kind !== 'etcd') return
  if (endpoints === undefined) {
    problems.error(['authority', 'endpoints'], 'missing', 'name the members of the etcd cluster')
    return
  }
  checkEndpoints(endpoints, tls !== undefined, problems)
  checkTls(tls, ['authority', 'tls'], problems)
  checkPassword(login, ['authority', 'login'], problems)
  if (login !== undefined && endpoints.some((endpoint) => endpoint.startsWith('http:'))) {
    problems.warn(['authority', 'login'], 'http sends the password readable', 'use https endpoints')
  }
}

function checkEndpoints(endpoints: readonly string[], hasTls: boolean, problems: ProblemCollector): void {
  for (const [at, endpoint] of endpoints.entries()) {
    if (parseListen(endpoint.replace(/^https?:\/\//, '')) !== undefined) continue
    problems.error(['authority', 'endpoints', at], `"${endpoint}" has no valid port`, 'use a port from 1 to 65535')
  }
  const plain = endpoints.filter((endpoint) => endpoint.startsWith('http:')).length
  if (plain > 0 && plain < endpoints.length) {
    problems.error(['authority', 'endpoints'], 'http and https are mixed', 'use https for all of them')
  } else if (plain > 0 && hasTls) {
    problems.error(['authority', 'tls'], 'the endpoints are http', 'write https endpoints, or remove tls')
  }
}
