import { expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { inject, listOperations, stateOf } from '../../support/api-operations.ts'
import { startFakeControl } from '../../support/fake-control.ts'

const LIMITS = { readsPerSecond: 10_000, changesPerSecond: 10_000 }
const NEVER = { hashFile: null, expiresAtMs: null }

async function startGuarded() {
  const made = { viewer: createToken(), operator: createToken(), admin: createToken(), expired: createToken() }
  const tokens = (['viewer', 'operator', 'admin'] as const).map((role) => {
    return { ...NEVER, name: role, role, hash: made[role].hash }
  })
  const expired = { ...NEVER, name: 'old', role: 'admin' as const, hash: made.expired.hash, expiresAtMs: 1 }
  const api = { anonymous: 'none' as const, tokens: [...tokens, expired], limits: LIMITS }
  const control = await startFakeControl({ api })
  const withToken = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
  const bearer = {
    viewer: withToken(made.viewer.token),
    operator: withToken(made.operator.token),
    admin: withToken(made.admin.token),
    wrong: withToken(createToken().token),
    expired: withToken(made.expired.token),
    hash: withToken(made.admin.hash),
    none: {},
    basic: { headers: { authorization: `Basic ${Buffer.from(`admin:${made.admin.token}`).toString('base64')}` } },
  }
  return {
    control,
    bearer,
    operations: listOperations(control.http),
    [Symbol.asyncDispose]: () => control[Symbol.asyncDispose](),
  }
}

test('every operation declares the role it needs, and none changes anything for viewers', async () => {
  await using it = await startGuarded()
  expect(it.operations.length).toBeGreaterThan(30)
  expect(it.operations.filter(({ role }) => role === null).map(({ name }) => name)).toEqual([])
  const open = it.operations.filter(({ role }) => role === 'anyone').map(({ url }) => url)
  expect(open).toEqual(['/healthz', '/readyz'])
  const lax = it.operations.filter(({ method, role }) => method !== 'GET' && role !== 'operator' && role !== 'admin')
  expect(lax.map(({ name }) => name)).toEqual([])
})

test('every operation that changes something is refused without a token, with a wrong one, and to a viewer', async () => {
  await using it = await startGuarded()
  const before = stateOf(it.control)
  const changing = it.operations.filter(({ method }) => method !== 'GET')
  expect(changing.length).toBeGreaterThan(15)
  const wrong: string[] = []
  for (const operation of changing) {
    for (const [who, status] of [
      ['none', 401],
      ['wrong', 401],
      ['expired', 401],
      ['hash', 401],
      ['basic', 401],
      ['viewer', 403],
      ...(operation.role === 'admin' ? ([['operator', 403]] as const) : []),
    ] as const) {
      const answer = await inject(it.control.http, operation, { payload: {}, ...it.bearer[who] })
      // Many of these in a second are too many, which is a refusal as well.
      if (answer.status !== status && answer.status !== 429) wrong.push(`${operation.name} ${who}: ${answer.status}`)
    }
  }
  expect(wrong).toEqual([])
  expect(stateOf(it.control)).toBe(before)
})

test('what is read needs a viewer, but for the health checks', async () => {
  await using it = await startGuarded()
  const wrong: string[] = []
  for (const operation of it.operations.filter(({ method }) => method === 'GET')) {
    const stranger = await inject(it.control.http, operation, it.bearer.none)
    const viewer = operation.isStream ? { status: 200 } : await inject(it.control.http, operation, it.bearer.viewer)
    const isOpen = operation.role === 'anyone'
    if (isOpen ? stranger.status >= 400 : ![401, 429].includes(stranger.status))
      wrong.push(`${operation.name} to nobody`)
    if ([401, 403].includes(viewer.status)) wrong.push(`${operation.name} to a viewer`)
  }
  expect(wrong).toEqual([])
  const document = await it.control.http.inject({ url: '/openapi.json', headers: { host: '127.0.0.1' } })
  expect([401, 429]).toContain(document.statusCode)
})

test('an operator gets past the door of each operation that is theirs, an admin past every one', async () => {
  await using it = await startGuarded()
  const wrong: string[] = []
  for (const operation of it.operations.filter(({ method }) => method !== 'GET')) {
    for (const who of ['operator', 'admin'] as const) {
      const mayPass = who === 'admin' || operation.role === 'operator'
      const { status } = await inject(it.control.http, operation, { payload: { no: 'such key' }, ...it.bearer[who] })
      if (mayPass === (status === 403)) wrong.push(`${operation.name} ${who}: ${status}`)
    }
  }
  expect(wrong).toEqual([])
})

test('who asks is who has logged in, wherever a body says otherwise', async () => {
  await using it = await startGuarded()
  const nested = it.operations.filter(({ body }) => {
    const own = Object.hasOwn(body?.properties ?? {}, 'by')
    return !own && JSON.stringify(body ?? {}).includes('"by":')
  })
  expect(nested.map(({ name }) => name)).toEqual([])
  const call = { method: 'POST' as const, url: '/api/v1/failover-groups/orders/pause' }
  const operation = it.operations.find(({ url }) => url === call.url)
  const payload = { by: 'the president', reason: 'upgrade' }
  const answer = await inject(it.control.http, operation ?? expect.fail(), { payload, ...it.bearer.operator })
  expect(JSON.parse(answer.body)).toMatchObject({ paused: { by: 'token:operator', reason: 'upgrade' } })
})

test('anonymous callers have the role that was given to them, and no more', async () => {
  await using it = await startFakeControl({ api: { anonymous: 'viewer' } })
  const ask = async (method: 'GET' | 'POST', url: string, headers = {}) =>
    (
      await it.http.inject({
        method,
        url,
        headers: { host: '127.0.0.1', ...headers },
        ...(method === 'POST' && { payload: {} }),
      })
    ).statusCode
  expect(await ask('GET', '/api/v1/status')).toBe(200)
  expect(await ask('POST', '/api/v1/failover-groups/orders/pause')).toBe(401)
  // Whoever shows credentials thinks to be somebody: they are not passed over.
  expect(await ask('GET', '/api/v1/status', { authorization: `Bearer ${createToken().token}` })).toBe(401)
})

test('a caller has so many requests of each kind a second, and does not use up those of others', async () => {
  const [ada, bob] = [createToken(), createToken()]
  const tokens = [
    { ...NEVER, name: 'ada', role: 'admin' as const, hash: ada.hash },
    { ...NEVER, name: 'bob', role: 'admin' as const, hash: bob.hash },
  ]
  const limits = { readsPerSecond: 1_000, changesPerSecond: 2 }
  await using it = await startFakeControl({ api: { anonymous: 'none', tokens, limits } })
  const pause = async (token: string) => {
    const headers = { host: '127.0.0.1', authorization: `Bearer ${token}` }
    const url = '/api/v1/failover-groups/orders/resume'
    return (await it.http.inject({ method: 'POST', url, headers, payload: { by: 'x' } })).statusCode
  }
  const answers = await Promise.all(Array.from({ length: 12 }, () => pause(ada.token)))
  expect(answers.filter((status) => status === 429).length).toBeGreaterThan(0)
  expect(await pause(bob.token)).toBe(200)
})
