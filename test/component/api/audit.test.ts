import { expect, test } from 'vitest'
import { createToken } from '../../../src/api/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'

const PAUSE = '/api/v1/failover-groups/orders/pause'
const never = new AbortController().signal

async function startAudited() {
  const [admin, viewer] = [createToken(), createToken()]
  const common = { hashFile: null, expiresAtMs: null }
  const tokens = [
    { ...common, name: 'ada', role: 'admin' as const, hash: admin.hash },
    { ...common, name: 'eve', role: 'viewer' as const, hash: viewer.hash },
  ]
  const control = await startFakeControl({ api: { anonymous: 'none', tokens } })
  const post = async (url: string, payload: object, token?: string) => {
    const headers = { host: '127.0.0.1', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    return (await control.http.inject({ method: 'POST', url, headers, payload })).statusCode
  }
  const calls = async () => {
    const entries = await control.journal.read(never, { limit: 500 })
    return entries.filter(({ kind }) => kind === 'api-call')
  }
  return { control, admin, viewer, post, calls, [Symbol.asyncDispose]: () => control[Symbol.asyncDispose]() }
}

test('a change is in the journal with who, why, from where, and what came of it', async () => {
  await using it = await startAudited()
  expect(await it.post(PAUSE, { by: 'bob', reason: 'upgrade' }, it.admin.token)).toBe(200)
  expect(await it.post('/api/v1/failover-groups/nope/pause', { by: 'x', reason: 'y' }, it.admin.token)).toBe(404)
  await expect.poll(it.calls).toMatchObject([
    {
      actor: 'token:ada',
      group: 'orders',
      facts: {
        method: 'POST',
        path: PAUSE,
        role: 'admin',
        from: '127.0.0.1',
        status: 200,
        reason: 'upgrade',
        claim: 'bob',
      },
    },
    { actor: 'token:ada', group: 'nope', facts: { status: 404, fault: 'FAILOVER_GROUP_UNKNOWN' } },
  ])
  const verdict = await it.control.journal.verify(never)
  expect(verdict).toMatchObject({ kind: 'intact' })
  // The group itself names the same person.
  const requests = await it.control.journal.read(never)
  expect(requests.find(({ kind }) => kind === 'request')?.actor).toBe('token:ada')
})

test('what was refused is there too, but nobody can fill the journal with it', async () => {
  await using it = await startAudited()
  const counted: string[] = []
  it.control.calls.on('api:refused', ({ fault }) => counted.push(fault ?? ''))
  expect(await it.post(PAUSE, { by: 'eve', reason: 'mischief' }, it.viewer.token)).toBe(403)
  await expect.poll(it.calls).toMatchObject([{ actor: 'token:eve', facts: { status: 403, fault: 'API_FORBIDDEN' } }])
  for (let at = 0; at < 30; at++) await it.post(PAUSE, { reason: `${at}` })
  await expect.poll(() => counted.length).toBe(31)
  const calls = await it.calls()
  expect(calls.length).toBeLessThanOrEqual(10)
  expect(calls.at(-1)).toMatchObject({ actor: 'nobody', facts: { from: '127.0.0.1', reason: null } })
  expect(it.control.authority.group.paused).toBeUndefined()
})

test('plans, checks and what is no request at all leave no entry', async () => {
  await using it = await startAudited()
  const plans = '/api/v1/failover-groups/orders/plans'
  expect(await it.post(plans, { kind: 'switchover', to: 'east' }, it.admin.token)).toBe(200)
  expect(await it.post('/api/v1/journal/verification', {}, it.admin.token)).toBe(200)
  expect(await it.post(PAUSE, { by: 'ada' }, it.admin.token)).toBe(400)
  await it.post(PAUSE, { by: 'ada', reason: 'the last one' }, it.admin.token)
  await expect.poll(it.calls).toMatchObject([{ facts: { reason: 'the last one' } }])
})

test('a change whose entry cannot be written is told', async () => {
  await using it = await startAudited()
  const told: string[] = []
  it.control.calls.on('api:audit-failed', ({ caller, path }) => told.push(`${caller} ${path}`))
  const append = () => Promise.reject(new Error('the authority is away'))
  Object.assign(it.control.journal, { append })
  await it.post('/api/v1/links/orders-west-to-east/removal', { dryRun: true }, it.admin.token)
  await expect.poll(() => told).toEqual(['token:ada /api/v1/links/orders-west-to-east/removal'])
})
