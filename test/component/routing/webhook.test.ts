import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../../../src/core/index.ts'
import { createAuthority } from '../../../src/local/index.ts'
import {
  evictionProvider,
  type RoutingProviderOptions,
  resolveEviction,
  resolveRouting,
  routingProvider,
} from '../../../src/routing/index.ts'

const { signal } = new AbortController()
const MOVE = { group: 'orders', operation: 'op-1', from: 'eu', to: 'us' }
const TOKEN = 'a-token'
const parts = {
  clock: systemClock,
  random: systemRandom,
  env: {},
  run: () => Promise.reject(new Error('nothing is run here')),
}

let server: Server
let url: string
let got: { request: IncomingMessage; body: string }[]
let answer: { status: number; body?: string } | 'silence'
beforeEach(async () => {
  got = []
  answer = { status: 200 }
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      got.push({ request, body })
      if (answer !== 'silence') response.writeHead(answer.status).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/here`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function routing(more: Partial<RoutingProviderOptions> = {}) {
  const files = { token: { reveal: () => TOKEN } }
  const resolved = resolveRouting({ kind: 'webhook', url, timeoutSeconds: 1, ...more }, files)
  if (resolved === undefined) throw new Error('a webhook has a URL')
  return routingProvider(resolved, parts)
}

function last() {
  const { request, body } = got.at(-1) ?? { body: '{}' }
  return { body: JSON.parse(body) as unknown, headers: request?.headers ?? {} }
}

test('a receiver is told what it is for, under one key for the same order', async () => {
  expect(await routing().switchTo(MOVE, signal)).toEqual({ kind: 'done', reason: `${url} answered 200` })
  expect(last().body).toEqual({ action: 'switch', ...MOVE })
  expect(last().headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' })
  const key = last().headers['idempotency-key']
  await routing().switchTo(MOVE, signal)
  expect(last().headers['idempotency-key']).toBe(key)
  await routing().switchTo({ ...MOVE, operation: 'op-2' }, signal)
  expect(last().headers['idempotency-key']).not.toBe(key)
})

test('eviction has a key of its own', async () => {
  const resolved = resolveEviction({ kind: 'webhook', url }, MOVE.group)
  if (resolved === undefined) throw new Error('a webhook has a URL')
  expect(await evictionProvider(resolved, parts).evict(MOVE, signal)).toMatchObject({ kind: 'done' })
  expect(last().body).toEqual({ action: 'evict', ...MOVE })
  expect(last().headers['idempotency-key']).toBe('op-1-evict')
  expect(last().headers.authorization).toBeUndefined()
})

test.each([408, 409, 423, 425, 429, 500, 503])('%i is asked again', async (status) => {
  answer = { status, body: 'not\n now' }
  const reason = `${url} answered ${status}: not now`
  expect(await routing().switchTo(MOVE, signal)).toEqual({ kind: 'unknown', reason })
})

test.each([301, 400, 401, 404, 422])('%i stops the step, with the beginning of the answer', async (status) => {
  answer = { status, body: `token ${TOKEN} is wrong ${'x'.repeat(2_000)}` }
  const step = await routing().switchTo(MOVE, signal)
  if (step.kind !== 'failed') throw new Error(step.reason)
  expect(step.fault).toMatchObject({ code: 'ROUTING_WEBHOOK_REFUSED' })
  expect(step.fault.message).toContain(`answered switch of group orders with ${status}: token [redacted] is wrong`)
  expect(step.fault.message.length).toBeLessThan(600)
})

test('silence, and nobody there, is asked again', async () => {
  answer = 'silence'
  expect(await routing().switchTo(MOVE, signal)).toMatchObject({
    kind: 'unknown',
    reason: `${url}: no answer within 1000 ms`,
  })
  const nobody = routing({ url: 'http://127.0.0.1:1/' })
  expect(await nobody.switchTo(MOVE, signal)).toMatchObject({ kind: 'unknown' })
})

describe('the check', () => {
  test('is left out where there is none', async () => {
    expect((await routing().check(MOVE, signal)).verdict).toBe('unchecked')
  })

  test.each([
    [200, 'switched'],
    [404, 'elsewhere'],
    [409, 'unknown'],
    [503, 'unknown'],
  ])('%i means %s', async (status, verdict) => {
    answer = { status }
    expect((await routing({ checkUrl: url }).check(MOVE, signal)).verdict).toBe(verdict)
    expect(last().body).toEqual({ action: 'check', ...MOVE })
  })
})

describe('what is in the way', () => {
  test('is looked for without an order', async () => {
    answer = { status: 405 }
    expect(await routing().findTrouble(signal)).toBeUndefined()
    expect(got.map(({ request }) => request.method)).toEqual(['HEAD'])
  })

  test('is named: nobody there, another token, a receiver that is down behind its proxy', async () => {
    const nobody = routing({ url: 'http://127.0.0.1:1/' })
    expect(await nobody.findTrouble(signal)).toContain('http://127.0.0.1:1/ does not answer')
    answer = { status: 401 }
    expect(await routing().findTrouble(signal)).toContain('tokenFile')
    answer = { status: 503 }
    expect(await routing().findTrouble(signal)).toContain('answers 503')
  })
})

test('authorities that are exchanged while it runs count at the next request', async () => {
  const now = new Date()
  const [old, next] = await Promise.all(['old', 'next'].map((commonName) => createAuthority({ commonName, now })))
  if (old === undefined || next === undefined) throw new Error('there are two')
  const { certificate: cert, privateKey: key } = await next.issueCertificate({ commonName: 'lb', ips: ['127.0.0.1'] })
  const receiver = createTlsServer({ cert, key }, (_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const place = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  const authorities = { value: old.certificate }
  const resolved = resolveRouting({ kind: 'webhook', url: place, timeoutSeconds: 10 }, { authorities })
  if (resolved === undefined) throw new Error('a webhook has a URL')
  const provider = routingProvider(resolved, parts)
  expect(await provider.findTrouble(signal)).toContain('does not answer')
  authorities.value = next.certificate
  expect(await provider.findTrouble(signal)).toBeUndefined()
  expect(await provider.switchTo(MOVE, signal)).toMatchObject({ kind: 'done' })
  receiver.closeAllConnections()
  receiver.close()
  await once(receiver, 'close')
})
