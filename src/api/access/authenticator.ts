import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../core/index.ts'
import type { CredentialFiles } from '../../credentials/index.ts'
import { apiFaults } from '../faults.ts'
import { clientOf } from './client-certificate.ts'
import { JwtVerifier } from './jwt.ts'
import type { Caller } from './roles.ts'
import type { ApiSettings, TokenSettings } from './settings.ts'
import { findToken, isToken, type KnownToken, parseHashes } from './token.ts'

export interface AuthenticatorOptions {
  readonly settings: ApiSettings
  readonly files: CredentialFiles
  readonly clock: Clock
  readonly onTrouble: (reason: string) => void
}

export interface Credentials {
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket
}

/** Says who a request comes from: by its token, else by the certificate of its connection. */
export class Authenticator {
  readonly #settings: ApiSettings
  readonly #clock: Clock
  readonly #tokens: readonly KnownToken[]
  readonly #jwt: JwtVerifier | undefined

  static async open(options: AuthenticatorOptions): Promise<Authenticator> {
    const tokens: KnownToken[] = []
    for (const token of options.settings.tokens) tokens.push(await openToken(token, options.files))
    return new Authenticator(options, tokens)
  }

  private constructor({ settings, clock, onTrouble }: AuthenticatorOptions, tokens: readonly KnownToken[]) {
    this.#settings = settings
    this.#clock = clock
    this.#tokens = tokens
    this.#jwt = settings.oidc === null ? undefined : new JwtVerifier({ settings: settings.oidc, clock, onTrouble })
  }

  /**
   * Null where there are no credentials, and none are needed by nobody. Credentials that are wrong are refused even where
   * a request without any would be let in: their sender thinks to be somebody.
   * @throws `API_CREDENTIALS_REFUSED`, `API_ROLE_MISSING`, `API_IDENTITY_UNAVAILABLE`
   */
  async identify({ headers, socket }: Credentials): Promise<Caller | null> {
    const { anonymous, mtls } = this.#settings
    if (headers.authorization !== undefined) return this.#byBearer(headers.authorization)
    const subject = mtls === null ? undefined : clientOf(socket, this.#clock.nowMs())
    const client = mtls?.clients.find((one) => one.subject === subject)
    if (client !== undefined) return { name: `certificate:${subject}`, role: client.role, means: 'certificate' }
    return anonymous === 'none' ? null : { name: 'anonymous', role: anonymous, means: 'none' }
  }

  async #byBearer(header: string): Promise<Caller> {
    const text = /^Bearer +([^\s]+)$/i.exec(header)?.[1]
    if (text === undefined) throw refused('they are no bearer token')
    if (!isToken(text) && this.#jwt !== undefined) return this.#jwt.verify(text)
    const token = findToken(text, this.#tokens)
    if (token === undefined) throw refused('the token is unknown')
    if (token.expiresAtMs !== null && this.#clock.nowMs() >= token.expiresAtMs) throw refused('the token has expired')
    return { name: `token:${token.name}`, role: token.role, means: 'token' }
  }
}

function refused(reason: string) {
  return apiFaults.fault('API_CREDENTIALS_REFUSED', { reason })
}

/** A file that is gone, or holds no hashes any more, lets nobody in: so a token is revoked without a restart. */
async function openToken(token: TokenSettings, files: CredentialFiles): Promise<KnownToken> {
  const known = { ...token, hashes: token.hash === null ? [] : [token.hash] }
  if (token.hashFile === null) return known
  await files.follow({
    name: `api.auth.tokens.${token.name}`,
    files: [token.hashFile],
    take: ([text = '']) => {
      const hashes = parseHashes(text)
      if (hashes === undefined) throw new Error('a line of it is not the hash of a token')
      known.hashes = [...hashes]
    },
    drop: () => (known.hashes = []),
  })
  return known
}
