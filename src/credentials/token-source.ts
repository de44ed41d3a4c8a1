import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { type Clock, describeError } from '../core/index.ts'
import { credentialFaults } from './faults.ts'

/** Where tokens come from by the grant of client credentials (RFC 6749, 4.4), asked for with each token. */
export interface TokenEndpoint {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: () => string
  /** Undefined for what the endpoint gives without one. */
  readonly scope: string | undefined
  /** PEM text of the authorities that sign the endpoint. Undefined for the system's roots. */
  readonly ca: () => string | undefined
}

interface Held {
  readonly token: string
  readonly askedMs: number
  readonly freshUntilMs: number
  readonly endsAtMs: number
}

const TIMEOUT_MS = 10_000
/** Another one would be no other. */
const NEW_MS = 30_000
const ANSWER_BYTES_MAX = 64 * 1024
/** So much of the life of a token has gone by when another is asked for. */
const RENEW_AT = 0.75
/** Of a token whose life the endpoint does not tell. */
const UNTOLD_LIFE_MS = 60_000

/**
 * Tokens of an endpoint, one at a time: the same for everybody until it has lived for three quarters of its time. While
 * no other is to be had, it is used to its end.
 */
export class TokenSource {
  readonly #endpoint: TokenEndpoint
  readonly #clock: Clock
  #held: Held | undefined
  #asking: Promise<Held> | undefined

  constructor(endpoint: TokenEndpoint, clock: Clock) {
    this.#endpoint = endpoint
    this.#clock = clock
  }

  /** @throws `CREDENTIALS_TOKEN_UNAVAILABLE` */
  async token(): Promise<string> {
    const held = this.#held
    if (held !== undefined && this.#clock.monotonicMs() < held.freshUntilMs) return held.token
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    try {
      return (await this.#asking).token
    } catch (error) {
      if (held !== undefined && this.#clock.monotonicMs() < held.endsAtMs) return held.token
      const facts = { url: this.#endpoint.url, reason: describeError(error) }
      throw credentialFaults.fault('CREDENTIALS_TOKEN_UNAVAILABLE', facts, error)
    }
  }

  /** Brokers refuse it: the next login gets another one, if this one is not new itself. True where it is to. */
  forget(): boolean {
    if (this.#held === undefined || this.#clock.monotonicMs() - this.#held.askedMs < NEW_MS) return false
    this.#held = undefined
    return true
  }

  async #ask(): Promise<Held> {
    const askedMs = this.#clock.monotonicMs()
    const { token, lifeMs } = await askForToken(this.#endpoint)
    this.#held = { token, askedMs, freshUntilMs: askedMs + lifeMs * RENEW_AT, endsAtMs: askedMs + lifeMs }
    return this.#held
  }
}

async function askForToken({ url, clientId, clientSecret, scope, ca }: TokenEndpoint) {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) })
  const login = [clientId, clientSecret()].map(encodeURIComponent).join(':')
  const answer = await post(url, form.toString(), {
    ca: ca(),
    headers: {
      authorization: `Basic ${Buffer.from(login).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
  })
  const body = parseObject(answer.text)
  if (answer.status !== 200) {
    const error = typeof body['error'] === 'string' ? ` (${body['error'].slice(0, 100)})` : ''
    throw new Error(`it answers with ${answer.status}${error}`)
  }
  const { access_token: token, expires_in: seconds } = body
  if (typeof token !== 'string' || token === '') throw new Error('there is no access_token in its answer')
  const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : UNTOLD_LIFE_MS
  return { token, lifeMs }
}

/** An answer is never put into words: there may be a token in it. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function post(
  url: string,
  body: string,
  { ca, headers }: { readonly ca: string | undefined; readonly headers: Readonly<Record<string, string>> },
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const call = request(url, { method: 'POST', headers, signal, ...(ca !== undefined && { ca }) })
    call.once('error', reject)
    call.once('response', (answer: IncomingMessage) => {
      let bytes = 0
      answer.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > ANSWER_BYTES_MAX) answer.destroy(new Error('its answer is too long'))
      })
      readText(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject)
    })
    call.end(body)
  })
}
