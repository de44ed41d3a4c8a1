import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type Clock, describeError, isFault } from '../../core/index.ts'
import { apiFaults } from '../faults.ts'
import { type Caller, highestRole, ROLES } from './roles.ts'
import type { OidcSettings } from './settings.ts'

/** Not asked again for so long after it did not answer. */
const RETRY_AFTER_MS = 5_000
const TIMEOUT_MS = 5_000
const NAME_MAX = 180

export interface JwtVerifierOptions {
  readonly settings: OidcSettings
  readonly clock: Clock
  /** The way to the issuer's keys; its reason is for operators, not for whoever sends a token. */
  readonly onTrouble: (reason: string) => void
}

/**
 * JSON web tokens of one issuer. The signature is checked by the issuer's own keys, with the algorithms of the
 * configuration only; issuer, audience, `exp` and `nbf` have to hold. Keys are kept and fetched anew when they change.
 */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions
  #keys: Promise<JWTVerifyGetKey> | undefined
  #failedAtMs = -Infinity

  constructor(options: JwtVerifierOptions) {
    this.#options = options
  }

  /** @throws `API_CREDENTIALS_REFUSED`, `API_ROLE_MISSING`, `API_IDENTITY_UNAVAILABLE` */
  async verify(token: string): Promise<Caller> {
    const { settings, clock } = this.#options
    try {
      const { payload } = await jwtVerify(token, await this.#findKeys(), {
        issuer: settings.issuer,
        audience: settings.audience,
        algorithms: [...settings.algorithms],
        clockTolerance: settings.clockToleranceSeconds,
        requiredClaims: ['exp'],
        currentDate: new Date(clock.nowMs()),
      })
      return callerOf(payload, settings)
    } catch (error) {
      if (isFault(error)) throw error
      if (isRefusal(error)) throw refused(error.message, error)
      this.#options.onTrouble(describeError(error))
      throw this.#unavailable(error)
    }
  }

  async #findKeys(): Promise<JWTVerifyGetKey> {
    const { clock } = this.#options
    if (clock.monotonicMs() - this.#failedAtMs < RETRY_AFTER_MS) throw this.#unavailable()
    this.#keys ??= this.#openKeys().catch((error: unknown) => {
      this.#keys = undefined
      this.#failedAtMs = clock.monotonicMs()
      throw error
    })
    return this.#keys
  }

  async #openKeys(): Promise<JWTVerifyGetKey> {
    const { settings } = this.#options
    return createRemoteJWKSet(new URL(settings.jwksUri ?? (await this.#discover())), { timeoutDuration: TIMEOUT_MS })
  }

  /** OpenID Connect Discovery 1.0, section 4. */
  async #discover(): Promise<string> {
    const { settings } = this.#options
    const url = `${settings.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    const { issuer, jwks_uri: uri } = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown }
    if (issuer !== settings.issuer) throw new Error(`${url} names another issuer`)
    if (typeof uri !== 'string') throw new Error(`${url} names no jwks_uri`)
    return uri
  }

  #unavailable(cause?: unknown) {
    return apiFaults.fault('API_IDENTITY_UNAVAILABLE', { issuer: this.#options.settings.issuer }, cause)
  }
}

function refused(reason: string, cause?: unknown) {
  return apiFaults.fault('API_CREDENTIALS_REFUSED', { reason }, cause)
}

/** What is wrong with the token, in contrast to the way to the keys. */
function isRefusal(error: unknown): error is Error {
  return (
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  )
}

function callerOf(payload: JWTPayload, { nameClaim, roleClaim, roles }: OidcSettings): Caller {
  const name = payload[nameClaim]
  if (typeof name !== 'string' || name === '' || name.length > NAME_MAX || /\p{Cc}/u.test(name)) {
    throw refused(`its claim ${nameClaim} is no name of up to ${NAME_MAX} characters`)
  }
  const held = new Set(textsOf(findClaim(payload, roleClaim)))
  const role = highestRole(ROLES.filter((one) => roles[one].some((value) => held.has(value))))
  if (role === undefined) throw apiFaults.fault('API_ROLE_MISSING', { caller: `oidc:${name}`, claim: roleClaim })
  return { name: `oidc:${name}`, role, means: 'oidc' }
}

/** A claim by its name, or by its path where no claim has that name: `realm_access.roles`. */
function findClaim(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name]
  let at: unknown = payload
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Record<string, unknown>)[part]
  }
  return at
}

/** A list of texts, or a text of words as in `scope`. */
function textsOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim.filter((one) => typeof one === 'string') : []
}
