import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { never, openClient } from '../../support/authority/stage.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const running: Server[] = []

/** A member that answers as told, and counts what it was asked. */
async function member(answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    request.resume()
    request.once('end', () => answer(request, response))
  })
  running.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

afterEach(() => {
  for (const server of running.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const done: Answer = (_, response) => response.end(JSON.stringify({ header: { revision: '7' }, succeeded: true }))
const hangUp: Answer = (request) => request.socket.destroy()
const silent: Answer = () => undefined
const refuse =
  (status: number, code: number, message: string): Answer =>
  (_, response) => {
    response.writeHead(status).end(JSON.stringify({ code, message }))
  }

const NOWHERE = 'http://127.0.0.1:9'
const write = (endpoints: readonly string[], timeoutMs = 2_000) =>
  openClient({ kind: 'etcd', endpoints, timeoutMs }).authority.write('a', {}, { expected: 'absent' }, never)

test('a write goes to the next member where it is certain that this one has not done it', async () => {
  const leaderless = await member(refuse(503, 14, 'etcdserver: no leader'))
  const good = await member(done)
  expect(await write([NOWHERE, leaderless.url, good.url])).toEqual({ kind: 'written', revision: 7 })
  expect([leaderless.asked.length, good.asked.length]).toEqual([1, 1])
})

test.each<[string, Answer, string]>([
  ['that hangs up', hangUp, 'hang up'],
  ['that says nothing', silent, 'no answer within'],
  ['that says it timed out', refuse(503, 14, 'etcdserver: request timed out'), 'timed out'],
  ['whose leader changed', refuse(503, 14, 'etcdserver: leader changed'), 'leader changed'],
  ['that answers something else', (_, response) => void response.end('<html>'), 'not JSON'],
])('a write to a member %s is unknown, and goes to no other one', async (_, answer, reason) => {
  const bad = await member(answer)
  const good = await member(done)
  await expect(write([bad.url, good.url], 500)).rejects.toMatchObject({
    code: 'AUTHORITY_OUTCOME_UNKNOWN',
    message: expect.stringContaining(reason),
  })
  expect([bad.asked.length, good.asked.length]).toEqual([1, 0])
})

test('a refusal ends the write, with the words of etcd', async () => {
  const full = await member(refuse(429, 8, 'etcdserver: mvcc: database space exceeded'))
  const good = await member(done)
  await expect(write([full.url, good.url])).rejects.toMatchObject({
    code: 'AUTHORITY_REFUSED',
    message: expect.stringContaining('database space exceeded'),
  })
  expect(good.asked).toEqual([])
})

test('a read is asked of one member after the other, whatever went wrong', async () => {
  const bad = await member(hangUp)
  const good = await member((_, response) => void response.end(JSON.stringify({ header: { revision: '7' } })))
  const { authority } = openClient({ kind: 'etcd', endpoints: [bad.url, NOWHERE, good.url] })
  expect(await authority.read('a', never)).toBeUndefined()
  expect(bad.asked).toHaveLength(1)
})

test('a read that nobody answers ends with its time', async () => {
  const { url } = await member(silent)
  const { authority } = openClient({ kind: 'etcd', endpoints: [url], timeoutMs: 300 })
  await expect(authority.read('a', never)).rejects.toMatchObject({ code: 'AUTHORITY_UNREACHABLE' })
})
