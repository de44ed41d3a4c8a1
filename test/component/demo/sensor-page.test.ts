import { expect, test } from 'vitest'
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
  await using page = await serveSensorPage(() => STATE)
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
