import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFakeControl } from '../../support/fake-control.ts'

const parent = mkdtempSync(join(tmpdir(), 'isthmus-console-'))
const folder = join(parent, 'console')
let it: Awaited<ReturnType<typeof startFakeControl>>

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>console</title>')
  writeFileSync(join(folder, 'assets', 'index-1.js'), 'export {}')
  writeFileSync(join(parent, 'secret.txt'), 'secret')
  it = await startFakeControl({ consoleFolder: folder, api: { anonymous: 'none' } })
})

afterAll(async () => {
  await it[Symbol.asyncDispose]()
  rmSync(parent, { recursive: true, force: true })
})

const get = (url: string) => it.http.inject({ url, headers: { host: '127.0.0.1' } })

test('the page is served without credentials, and runs no script but its own', async () => {
  const page = await get('/console/')
  expect(page.statusCode).toBe(200)
  expect(page.body).toContain('<title>console</title>')
  const policy = String(page.headers['content-security-policy'])
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  expect((await get('/')).headers.location).toBe('/console/')
})

test('what is named by its content is kept, the page is asked for each time', async () => {
  expect((await get('/console/assets/index-1.js')).headers['cache-control']).toContain('immutable')
  expect((await get('/console/')).headers['cache-control']).toBe('no-cache')
})

test.each(['/console/../secret.txt', '/console/%2e%2e/secret.txt', '/console/..%2fsecret.txt', '/console/no.js'])(
  'nothing else is served: %s',
  async (url) => {
    const answer = await get(url)
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.body).not.toContain('secret\n')
    expect(answer.body).not.toBe('secret')
  },
)

test('a console that is not built says how to build it', async () => {
  await using bare = await startFakeControl({ consoleFolder: join(parent, 'nowhere') })
  const page = await bare.http.inject({ url: '/console/', headers: { host: '127.0.0.1' } })
  expect(page.statusCode).toBe(503)
  expect(page.body).toContain('npm run build')
})

test('a caller is told who it is', async () => {
  await using open = await startFakeControl()
  const answer = await open.http.inject({ url: '/api/v1/caller', headers: { host: '127.0.0.1' } })
  expect(answer.json()).toEqual({ name: 'anonymous', role: 'admin', means: 'none' })
})

test('a page of another origin changes nothing', async () => {
  await using open = await startFakeControl()
  const pause = async (headers: Record<string, string>) => {
    const url = '/api/v1/failover-groups/orders/pause'
    const payload = { by: 'x', reason: 'y' }
    return (
      await open.http.inject({ method: 'POST', url, payload, headers: { host: '127.0.0.1:8080', ...headers } })
    ).json()
  }
  const refused = { code: 'API_ORIGIN_REFUSED' }
  expect(await pause({ origin: 'https://evil.example' })).toMatchObject(refused)
  expect(await pause({ origin: 'null' })).toMatchObject(refused)
  expect(await pause({ origin: 'http://127.0.0.1:9999' })).toMatchObject(refused)
  expect(await pause({ 'sec-fetch-site': 'cross-site' })).toMatchObject(refused)
  expect(open.authority.group.paused).toBeUndefined()
  expect(await pause({ origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' })).toMatchObject({
    group: 'orders',
  })
})
