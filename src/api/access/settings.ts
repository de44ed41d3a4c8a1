import type { Role } from './roles.ts'

/** How the API is served and who may use it: the options with their defaults, every path absolute. */
export interface ApiSettings {
  readonly listen: string
  readonly tls: TlsFiles | null
  /** What callers without credentials may do. */
  readonly anonymous: Role | 'none'
  readonly tokens: readonly TokenSettings[]
  readonly oidc: OidcSettings | null
  readonly mtls: MtlsSettings | null
  readonly limits: ApiLimits
}

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

export interface TokenSettings {
  readonly name: string
  readonly role: Role
  /** Exactly one of the two is there. */
  readonly hash: string | null
  readonly hashFile: string | null
  readonly expiresAtMs: number | null
}

export interface OidcSettings {
  readonly issuer: string
  readonly audience: string
  /** Null: found through the issuer. */
  readonly jwksUri: string | null
  readonly algorithms: readonly string[]
  readonly nameClaim: string
  readonly roleClaim: string
  readonly roles: Readonly<Record<Role, readonly string[]>>
  readonly clockToleranceSeconds: number
}

export interface MtlsSettings {
  readonly caFile: string
  /** Subjects as RFC 2253 writes them, without spaces between their parts. */
  readonly clients: readonly { readonly subject: string; readonly role: Role }[]
}

/** For each caller, or each address where nobody has logged in. */
export interface ApiLimits {
  readonly readsPerSecond: number
  readonly changesPerSecond: number
}

/** An API on this machine that nobody may use. */
export const DEFAULT_API: ApiSettings = {
  listen: '127.0.0.1:8080',
  tls: null,
  anonymous: 'none',
  tokens: [],
  oidc: null,
  mtls: null,
  limits: { readsPerSecond: 100, changesPerSecond: 20 },
}
