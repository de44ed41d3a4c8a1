import { expect, test } from 'vitest'
import { dialBare } from '../../../src/kafka/bare-channel.ts'
import { madeUpLogin } from '../../../src/kafka/bare-login.ts'
import {
  type Answer,
  SASL_AUTHENTICATE_KEY,
  SASL_HANDSHAKE_KEY,
  startScriptedBroker,
} from '../../support/scripted-broker.ts'

const NOW = Date.UTC(2026, 0, 1)

function handshake(errorCode: number): Buffer {
  const body = Buffer.alloc(6)
  body.writeInt16BE(errorCode)
  return body
}

/** Error code, no message, what the broker says, how long the session lasts. */
function answerTo(errorCode: number, challenge = ''): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt16BE(errorCode)
  head.writeInt16BE(-1, 2)
  head.writeInt32BE(challenge.length, 4)
  return Buffer.concat([head, Buffer.from(challenge), Buffer.alloc(8)])
}

async function letsIn(login: Answer, { offered = 0, limitMs = 10_000 } = {}): Promise<boolean> {
  const script = (key: number): Answer => {
    if (key === SASL_HANDSHAKE_KEY) return handshake(offered)
    return key === SASL_AUTHENTICATE_KEY ? login : 'hang up'
  }
  await using broker = await startScriptedBroker(script)
  const channel = await dialBare({ host: '127.0.0.1', port: broker.port }, AbortSignal.timeout(limitMs))
  return await channel.letsIn('PLAIN', NOW).finally(() => channel.close())
}

test('a listener that takes a login that was made up lets it in', async () => {
  expect(await letsIn(answerTo(0))).toBe(true)
})

test.each<[string, Answer, number?]>([
  ['says that the login failed', answerTo(58)],
  ['asks further, as for a token that it does not like', answerTo(0, '{"status":"invalid_token"}')],
  ['hangs up', 'hang up'],
  ['does not offer the mechanism', answerTo(0), 33],
])('a listener that %s does not', async (_what, login, offered = 0) => {
  expect(await letsIn(login, { offered })).toBe(false)
})

test('a listener that is silent has not said either', async () => {
  await expect(letsIn('silence', { limitMs: 300 })).rejects.toThrow()
})

test('names are made up anew each time, and a token is signed by nobody and lasts', () => {
  const [plain, again] = [madeUpLogin('PLAIN', NOW), madeUpLogin('PLAIN', NOW)]
  expect(plain.toString()).toMatch(/^\0isthmus-probe-[\da-f]{16}\0[\da-f]{32}$/)
  expect(again).not.toEqual(plain)
  const [start, bearer = '', ...rest] = madeUpLogin('OAUTHBEARER', NOW).toString().split('\u0001')
  expect([start, rest]).toEqual(['n,,', ['', '']])
  const [head, body, signature] = bearer.replace('auth=Bearer ', '').split('.')
  expect(signature).toBe('')
  const [header, claims] = [head, body].map((part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()))
  expect(header).toEqual({ alg: 'none' })
  expect(claims).toMatchObject({ sub: expect.stringMatching(/^isthmus-probe-/), exp: NOW / 1_000 + 3_600 })
})
