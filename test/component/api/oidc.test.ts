import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { startIssuer } from '../../support/token-issuer.ts'

const HOUR = 3_600
const now = () => Math.floor(Date.now() / 1_000)

async function startWithIssuer(oidc: object = {}) {
  const issuer = await startIssuer()
  const own = createToken()
  const tokens = [{ name: 'own', role: 'viewer' as const, hash: own.hash, hashFile: null, expiresAtMs: null }]
  const api = { anonymous: 'none' as const, oidc: { ...issuer.settings, ...oidc }, tokens }
  const control = await startFakeControl({ api })
  const post = async (token: string) => {
    const url = '/api/v1/failover-groups/orders/pause'
    const headers = { host: '127.0.0.1', authorization: `Bearer ${token}` }
    const answer = await control.http.inject({ method: 'POST', url, headers, payload: { by: 'x', reason: 'y' } })
    const body = answer.json<{ code?: string; title?: string; paused?: { by: string } }>()
    return { status: answer.statusCode, code: body.code, title: body.title ?? '', by: body.paused?.by }
  }
  const stop = async () => {
    await control[Symbol.asyncDispose]()
    await issuer[Symbol.asyncDispose]()
  }
  return { issuer, control, own, post, [Symbol.asyncDispose]: stop }
}

test('a token of the issuer gives its bearer a name, and the highest of the roles that its claim stands for', async () => {
  await using it = await startWithIssuer()
  const { issuer, post } = it
  expect(await post(await issuer.sign({ roles: ['kafka-readers', 'kafka-on-call'] }))).toMatchObject({
    status: 200,
    by: 'oidc:ada',
  })
  expect(await post(await issuer.sign({ roles: ['kafka-readers'] }))).toMatchObject({
    status: 403,
    code: 'API_FORBIDDEN',
  })
  expect(await post(await issuer.sign({ roles: ['others'] }))).toMatchObject({ status: 403, code: 'API_ROLE_MISSING' })
  expect(await post(await issuer.sign({ roles: 'kafka-admins others', sub: 'bob' }))).toMatchObject({ by: 'oidc:bob' })
  expect(await post(await issuer.sign({ roles: ['kafka-admins'], sub: 'ada\u001b[2J' }))).toMatchObject({ status: 401 })
  // Keys are fetched once.
  expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys'])
})

test('the claim may stand deep inside, or have dots in its name', async () => {
  await using deep = await startWithIssuer({ roleClaim: 'realm_access.roles', nameClaim: 'email' })
  const claims = { realm_access: { roles: ['kafka-admins'] }, email: 'ada@example.com' }
  expect(await deep.post(await deep.issuer.sign(claims))).toMatchObject({ by: 'oidc:ada@example.com' })
  expect(await deep.post(await deep.issuer.sign({ ...claims, email: undefined }))).toMatchObject({ status: 401 })
  await using dotted = await startWithIssuer({ roleClaim: 'https://example.com/roles' })
  const named = await dotted.issuer.sign({ 'https://example.com/roles': ['kafka-admins'] })
  expect((await dotted.post(named)).status).toBe(200)
})

test.each([
  ['of another issuer', { issuer: 'https://elsewhere.example' }],
  ['for another audience', { audience: 'grafana' }],
  ['that has expired', { expires: now() - HOUR }],
  ['that never expires', { expires: null }],
  ['that is not valid yet', { notBefore: now() + HOUR }],
  ['signed by somebody else', { isForged: true }],
])('a token %s is refused', async (_what, given) => {
  await using it = await startWithIssuer()
  const answer = await it.post(await it.issuer.sign({ roles: ['kafka-admins'] }, given))
  expect(answer).toMatchObject({ status: 401, code: 'API_CREDENTIALS_REFUSED' })
  expect(it.control.authority.group.paused).toBeUndefined()
})

test('clocks may be half a minute apart', async () => {
  await using it = await startWithIssuer()
  const late = await it.issuer.sign({ roles: ['kafka-admins'] }, { expires: now() - 10 })
  expect((await it.post(late)).status).toBe(200)
})

test('a token that is not signed, or signed with the public key as a password, is refused', async () => {
  await using it = await startWithIssuer()
  const { issuer } = it
  const good = await issuer.sign({ roles: ['kafka-admins'] })
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const [, payload = ''] = good.split('.')
  const unsigned = `${encode({ alg: 'none' })}.${payload}.`
  const confused = await new SignJWT({ sub: 'eve', roles: ['kafka-admins'] })
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .setIssuer(issuer.issuer)
    .setAudience('isthmus')
    .setExpirationTime(now() + HOUR)
    .sign(new TextEncoder().encode(await issuer.publicKey()))
  const [head = '', , signature = ''] = good.split('.')
  const changed = `${head}.${encode({ sub: 'eve', roles: ['kafka-admins'], exp: now() + HOUR })}.${signature}`
  for (const token of [unsigned, confused, changed, 'x', 'a.b.c', `${good}x`]) {
    expect(await it.post(token)).toMatchObject({ status: 401, code: 'API_CREDENTIALS_REFUSED' })
  }
})

test('while the issuer is away nobody is taken for anybody, and own tokens still work', async () => {
  await using it = await startWithIssuer()
  const troubles: string[] = []
  it.control.calls.on('api:issuer-unavailable', ({ reason }) => troubles.push(reason))
  it.issuer.leave()
  const answer = await it.post(await it.issuer.sign({ roles: ['kafka-admins'] }))
  expect(answer).toMatchObject({ status: 503, code: 'API_IDENTITY_UNAVAILABLE' })
  // Why is told to operators only.
  expect(answer.title).not.toContain('503')
  expect(troubles[0]).toContain('503')
  expect(await it.post(it.own.token)).toMatchObject({ status: 403, code: 'API_FORBIDDEN' })
})

test('a discovery document that names another issuer is not believed', async () => {
  await using it = await startWithIssuer()
  await using other = await startWithIssuer({ issuer: `${it.issuer.issuer}/`, jwksUri: null })
  const answer = await other.post(await it.issuer.sign({ roles: ['kafka-admins'] }))
  expect(answer).toMatchObject({ status: 503 })
})
