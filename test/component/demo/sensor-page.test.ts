import { expect, test } from 'vitest'
import { systemClock } from '../../../src/core/index.ts'
import { type PageState, serveSensorPage } from '../../../src/demo/sensor-page/serve.ts'

const STATE: PageState = {
  runsIn: 'eu-west',
  regions: ['eu-west', 'us-east'],
  group: { active: 'eu-west', epoch: 1, phase: null },
  recordsIn: 7,
  atMs: 1,
  sites: [],
  alerts: [],
  moves: [],
  alertsAgain: 0,
}

test('the page, its parts and its state are served to this machine, and nothing else is', async () => {
  await using page = await serveSensorPage(() => STATE, systemClock)
  expect(new URL(page.address).hostname).toBe('127.0.0.1')
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`${page.address}${path}`, { method })
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
  const { text } = await get('/')
  const parts = [...text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path ?? '')
  expect(parts).toEqual(['/page.css', '/page.js'])
  const found = await Promise.all(parts.map((path) => get(path)))
  expect(found.map(({ status, type }) => [status, type])).toEqual([
    [200, 'text/css; charset=utf-8'],
    [200, 'text/javascript; charset=utf-8'],
  ])
  expect(JSON.parse((await get('/state')).text)).toEqual(STATE)
  expect((await get('/../serve.ts')).status).toBe(404)
  expect((await get('/state', 'POST')).status).toBe(405)
})

test('a page that stays is told again and again, and the end of the demo does not wait for it', async () => {
  let asked = 0
  const page = await serveSensorPage(() => ({ ...STATE, recordsIn: ++asked }), systemClock)
  const response = await fetch(`${page.address}/events`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const told: number[] = []
  const reading = (async () => {
    const lines = response.body?.pipeThrough(new TextDecoderStream()) ?? []
    for await (const text of lines)
      told.push(...[...text.matchAll(/"recordsIn":(\d+)/g)].map(([, count]) => Number(count)))
  })().catch(() => undefined)
  await expect.poll(() => told.length, { timeout: 10_000 }).toBeGreaterThan(1)
  await page[Symbol.asyncDispose]()
  await reading
  expect(told.slice(0, 2)).toEqual([1, 2])
})
