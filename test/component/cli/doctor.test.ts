import { expect, test } from 'vitest'
import type { DoctorBody } from '../../../src/api/index.ts'
import type { News } from '../../../src/observability/feed/feed-event.ts'
import { startFakeApp } from '../../support/fake-app.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

const finding = (id: string, severity: 'info' | 'warning' | 'error'): DoctorBody['findings'][number] => ({
  id,
  severity,
  group: 'orders',
  region: null,
  title: 'Something is wrong.',
  evidence: 'it was seen',
  remedy: 'do something',
})
const news = (over: Partial<News> = {}): News => {
  const about = { group: null, region: null, link: null, operation: null }
  return { kind: 'fence:lost', severity: 'error', sentence: 'it was lost', ...about, facts: {}, ...over }
}

test('the doctor of a process whose regions are down says so, and ends with 6', async () => {
  await using it = await startFakeApp()
  const found = await cli(['doctor', '--api', it.api])
  expect(found).toMatchObject({ code: 6, err: '' })
  expect(found.out).toContain('has found 2 things.')
  expect(found.out).toContain('ERROR  region-unreachable  (region eu)\n  A region does not answer.\n  seen: ')
  expect(found.out).toContain('ERROR  region-unreachable  (region us)')
  expect(found.out).toContain('  what to do: See whether it is down')
  const ignored = await cli(['doctor', '--ignore', 'region-unreachable', '--output', 'json', '--api', it.api])
  expect(ignored.code).toBe(0)
  expect(JSON.parse(ignored.out)).toMatchObject({ worst: null, findings: [] })
})

test.each([
  ['nothing', [], 0],
  ['something to know', [finding('gate-missing', 'info')], 0],
  ['a warning', [finding('clocks-differ', 'warning'), finding('gate-missing', 'info')], 6],
  ['an error', [finding('fence-unavailable', 'error')], 6],
])('%s ends with what it weighs', async (_what, findings, code) => {
  await using it = await startFakeControl()
  it.delivery.setFindings(findings)
  const found = await cli(['doctor', '--api', it.api])
  expect(found.code).toBe(code)
  for (const { id } of findings) expect(found.out).toContain(`${id}  (group orders)`)
})

test('a test of notifications tells of each receiver, and ends with 5 where one got nothing', async () => {
  await using it = await startFakeControl()
  const none = await cli(['doctor', '--notify-test', '--api', it.api])
  expect(none).toMatchObject({ code: 0, out: 'No receiver of notifications is configured.\n' })
  it.delivery.setReceivers({ pager: '', chat: 'it answered with 500' })
  const tested = await cli(['doctor', '--notify-test', '--by', 'me', '--api', it.api])
  expect(tested.code).toBe(5)
  expect(tested.out).toMatch(/^pager +delivered/m)
  expect(tested.out).toMatch(/^chat +failed +it answered with 500/m)
  expect(it.delivery.testedBy).toEqual(['an operator', 'me'])
})

test('a receiver that is not there is named', async () => {
  await using it = await startFakeControl()
  const ask = (api: string) =>
    fetch(`${api}/api/v1/notifications/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'me', name: 'pagr' }),
    })
  expect(await (await ask(it.api)).json()).toMatchObject({ code: 'API_NOTIFICATION_UNKNOWN', status: 404 })
})

test('how notifications go is told without secrets', async () => {
  await using it = await startFakeControl()
  it.delivery.setReceivers({ chat: 'it answered with 500' })
  const body: unknown = await (await fetch(`${it.api}/api/v1/notifications`)).json()
  const counts = { sent: 0, failed: 0, dropped: 0, waiting: 0 }
  expect(body).toEqual({
    receivers: [
      {
        name: 'chat',
        where: 'https://chat',
        ...counts,
        failingSince: '1970-01-01T00:00:00.000Z',
        reason: 'it answered with 500',
      },
    ],
  })
})

test('events are shown as lines, the oldest first, and filtered where they are', async () => {
  await using it = await startFakeControl()
  const { feed } = it.delivery
  const told = feed.tell(news({ group: 'orders' }))
  feed.tell(news({ kind: 'move:phase', severity: 'info', sentence: 'it is at cut', group: 'orders' }))
  feed.tell(news({ group: 'bills' }))
  const shown = await cli(['events', '--group', 'orders', '--api', it.api])
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(shown.out.split('\n')).toEqual([
    `${told.at}  error    fence:lost  it was lost`,
    expect.stringContaining('info     move:phase  it is at cut'),
    '',
  ])
  const lines = await cli(['events', '--kind', 'fence', '--output', 'json', '--api', it.api])
  expect(
    lines.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id),
  ).toEqual([told.id, feed.idOf(3)])
})

test('whoever follows is told what comes, and that something may be missing when another process answers', async () => {
  const first = await startFakeControl()
  await using second = await startFakeControl()
  const ending = new AbortController()
  const out: string[] = []
  const err: string[] = []
  let api = first.api
  // As behind an address that is moved from one process to another.
  const io = {
    signal: ending.signal,
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    fetch: ((url: URL, options: RequestInit) => fetch(`${api}${url.pathname}${url.search}`, options)) as typeof fetch,
  }
  const running = cli(['events', '--follow', '--api', 'http://127.0.0.1:1'], { io })
  first.delivery.feed.tell(news({ sentence: 'first' }))
  await expect.poll(() => out.join(''), { timeout: 10_000 }).toContain('first')
  api = second.api
  second.delivery.feed.tell(news({ sentence: 'second' }))
  await first[Symbol.asyncDispose]()
  await expect.poll(() => out.join(''), { timeout: 10_000 }).toContain('second')
  ending.abort()
  expect((await running).code).toBe(0)
  expect(err.join('')).toContain('the stream ended: the API is stopping')
  expect(err.join('')).toContain('events may be missing here: the id is of another process, or of one before a restart')
})
