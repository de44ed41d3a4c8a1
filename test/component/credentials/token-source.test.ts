import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../../src/core/index.ts'
import { TokenSource } from '../../../src/credentials/index.ts'
import { createAuthority } from '../../../src/local/certificates.ts'

const SECRET = 'canary-secret-client'
let ca = ''
let asked: string[] = []
let answer: () => { status: number; body: string }
let server: ReturnType<typeof createServer>
let nowMs = 0
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  setTimer: () => ({ cancel: () => undefined }),
}

beforeEach(async () => {
  const authority = await createAuthority({ commonName: 'tokens', now: new Date() })
  const { certificate: cert, privateKey: key } = await authority.issueCertificate({
    commonName: 'login',
    ips: ['127.0.0.1'],
  })
  ca = authority.certificate
  asked = []
  nowMs = 0
  answer = () => ({ status: 200, body: JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 100 }) })
  server = createServer({ cert, key }, (request, response) => {
    void text(request).then((body) => {
      asked.push(`${request.headers.authorization} ${body}`)
      const { status, body: said } = answer()
      response.writeHead(status).end(said)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => server.close())

function open(given: { ca?: string } = {}): TokenSource {
  const { port } = server.address() as AddressInfo
  const url = `https://127.0.0.1:${port}/token`
  const clientSecret = () => SECRET
  return new TokenSource({ url, clientId: 'isthmus', clientSecret, scope: 'kafka', ca: () => given.ca ?? ca }, clock)
}

test('the grant of client credentials is asked for once, by everybody who waits', async () => {
  const source = open()
  expect(await Promise.all([source.token(), source.token(), source.token()])).toEqual(Array(3).fill('token-1'))
  const login = Buffer.from(`isthmus:${SECRET}`).toString('base64')
  expect(asked).toEqual([`Basic ${login} grant_type=client_credentials&scope=kafka`])
})

test('another token is asked for well before the last one ends', async () => {
  const source = open()
  await source.token()
  nowMs = 74_000
  expect(await source.token()).toBe('token-1')
  nowMs = 76_000
  expect(await source.token()).toBe('token-2')
})

test('while no other is to be had a token is used to its end, and no longer', async () => {
  const source = open()
  await source.token()
  answer = () => ({ status: 503, body: '' })
  nowMs = 99_000
  expect(await source.token()).toBe('token-1')
  nowMs = 101_000
  await expect(source.token()).rejects.toMatchObject({ code: 'CREDENTIALS_TOKEN_UNAVAILABLE' })
})

test('a refusal is told by its code, without what else was in the answer', async () => {
  answer = () => ({ status: 401, body: JSON.stringify({ error: 'invalid_client', hint: SECRET }) })
  const error = await open()
    .token()
    .catch((reason: unknown) => reason as Error)
  expect(String(error)).toContain('it answers with 401 (invalid_client)')
  expect(String(error)).not.toContain(SECRET)
})

test('an answer without a token is no token', async () => {
  answer = () => ({ status: 200, body: 'no json' })
  await expect(open().token()).rejects.toThrow('no access_token')
})

test('an endpoint whose authority is not known here is given nothing', async () => {
  const other = await createAuthority({ commonName: 'other', now: new Date() })
  await expect(open({ ca: other.certificate }).token()).rejects.toMatchObject({ code: 'CREDENTIALS_TOKEN_UNAVAILABLE' })
  expect(asked).toEqual([])
})

test('a token that brokers refuse is given up, unless it is new', async () => {
  const source = open()
  await source.token()
  expect(source.forget()).toBe(false)
  nowMs = 31_000
  expect(source.forget()).toBe(true)
  expect(await source.token()).toBe('token-2')
})
