import { resolve } from 'node:path'
import {
  type ApiOptions,
  type ApiSettings,
  DEFAULT_API,
  isLoopback,
  normalizeSubject,
  parseHashes,
  parseListen,
} from '../api/index.ts'
import { type LoadContext, readPem, readText } from './credentials.ts'
import type { Path, ProblemCollector } from './problems.ts'

type Auth = NonNullable<ApiOptions['auth']>
type TokenFile = NonNullable<Auth['tokens']>[number]

/** Every rule of `api` that a schema cannot state. */
export function checkApi(api: ApiOptions | undefined, problems: ProblemCollector): void {
  if (api === undefined) return
  checkTokens(api.auth?.tokens ?? [], problems)
  if (api.auth?.mtls !== undefined && api.tls === undefined) {
    problems.error(['api', 'auth', 'mtls'], 'client certificates need TLS', 'add api.tls')
  }
  const { listen = DEFAULT_API.listen } = api
  const address = parseListen(listen)
  if (address === undefined)
    problems.error(['api', 'listen'], `"${listen}" has no valid port`, 'use a port up to 65535')
  else if (!isLoopback(address.host)) checkOpenAddress(api, listen, problems)
}

function checkTokens(tokens: readonly TokenFile[], problems: ProblemCollector): void {
  const names = new Set<string>()
  for (const [at, { name, hash, hashFile, expires }] of tokens.entries()) {
    const path: Path = ['api', 'auth', 'tokens', at]
    if (names.has(name)) problems.error([...path, 'name'], `"${name}" is named twice`, 'give each its own name')
    names.add(name)
    if ((hash === undefined) === (hashFile === undefined)) {
      const rule = hash === undefined ? 'no hash is named' : 'two hashes are named'
      problems.error(path, rule, 'give one of hash and hashFile; `isthmus token create` makes both')
    }
    if (expires !== undefined && Number.isNaN(Date.parse(expires))) {
      problems.error([...path, 'expires'], `"${expires}" is not a date`, 'write it like 2027-01-31')
    }
  }
}

/** Where other machines can reach it, nobody may change anything without saying who they are. */
function checkOpenAddress({ auth, anonymous, tls }: ApiOptions, listen: string, problems: ProblemCollector): void {
  const hasLogins = (auth?.tokens?.length ?? 0) > 0 || auth?.oidc !== undefined || auth?.mtls !== undefined
  if (anonymous === 'operator' || anonymous === 'admin') {
    const remedy = 'listen on 127.0.0.1, or set it to viewer or none and add api.auth'
    problems.error(['api', 'anonymous'], `whoever reaches ${listen} could change everything`, remedy)
  } else if (anonymous === 'viewer') {
    const remedy = 'make sure that everybody who reaches it may'
    problems.warn(['api', 'anonymous'], `whoever reaches ${listen} can read everything, without logging in`, remedy)
  } else if (!hasLogins) {
    problems.error(
      ['api', 'listen'],
      `"${listen}" can be reached by other machines, and nobody can log in`,
      'add api.auth (`isthmus token create` makes a token), or listen on 127.0.0.1',
    )
  }
  if (tls === undefined && hasLogins) {
    const remedy = 'add api.tls, or make sure that something in front of it does TLS'
    problems.warn(['api', 'listen'], `tokens for ${listen} can be read on the way`, remedy)
  }
}

/** With its defaults, every path absolute and every file read once; the API itself reads them again. */
export function loadApi(api: ApiOptions = {}, context: LoadContext): ApiSettings {
  const { listen, tls, auth = {}, anonymous, limits } = api
  const absolute = (file: string) => resolve(context.folder, file)
  const tlsPath: Path = ['api', 'tls']
  if (tls !== undefined) {
    readPem(tls.certFile, [...tlsPath, 'certFile'], context)
    readPem(tls.keyFile, [...tlsPath, 'keyFile'], context)
  }
  return {
    listen: listen ?? DEFAULT_API.listen,
    tls: tls === undefined ? null : { certFile: absolute(tls.certFile), keyFile: absolute(tls.keyFile) },
    anonymous: anonymous ?? DEFAULT_API.anonymous,
    limits: { ...DEFAULT_API.limits, ...limits },
    ...loadAuth(auth, context),
  }
}

function loadAuth(
  { tokens = [], oidc, mtls }: Auth,
  context: LoadContext,
): Pick<ApiSettings, 'tokens' | 'oidc' | 'mtls'> {
  if (mtls !== undefined) readPem(mtls.caFile, ['api', 'auth', 'mtls', 'caFile'], context)
  return {
    tokens: tokens.map((token, at) => loadToken(token, ['api', 'auth', 'tokens', at], context)),
    oidc: oidc === undefined ? null : resolveOidc(oidc),
    mtls:
      mtls === undefined
        ? null
        : {
            caFile: resolve(context.folder, mtls.caFile),
            clients: mtls.clients.map(({ subject, role }) => ({ subject: normalizeSubject(subject), role })),
          },
  }
}

function loadToken({ name, role, hash, hashFile, expires }: TokenFile, path: Path, context: LoadContext) {
  const text = readText(hashFile, [...path, 'hashFile'], context)
  if (text !== undefined && parseHashes(text) === undefined) {
    const remedy = 'write what `isthmus token create` prints as hash into it, one a line'
    context.problems.error([...path, 'hashFile'], `"${hashFile}" holds something else than hashes of tokens`, remedy)
  }
  return {
    name,
    role,
    hash: hash ?? null,
    hashFile: hashFile === undefined ? null : resolve(context.folder, hashFile),
    expiresAtMs: expires === undefined ? null : Date.parse(expires),
  }
}

function resolveOidc(oidc: NonNullable<Auth['oidc']>): NonNullable<ApiSettings['oidc']> {
  const { issuer, audience, roles, jwksUri = null, nameClaim = 'sub', roleClaim = 'roles' } = oidc
  return {
    issuer,
    audience,
    jwksUri,
    nameClaim,
    roleClaim,
    algorithms: oidc.algorithms ?? ['RS256', 'ES256'],
    clockToleranceSeconds: oidc.clockToleranceSeconds ?? 30,
    roles: { viewer: roles.viewer ?? [], operator: roles.operator ?? [], admin: roles.admin ?? [] },
  }
}
