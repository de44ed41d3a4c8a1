import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { type AuthorityEvents, Journal, MemoryStore, openAuthority } from '../../../src/authority/index.ts'
import { type Clock, createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import { EventFeed } from '../../../src/observability/feed/event-feed.ts'
import type { News } from '../../../src/observability/feed/feed-event.ts'
import type { NotificationTargetOptions } from '../../../src/observability/index.ts'
import { CURSOR_KEY } from '../../../src/observability/notifications/journal-notices.ts'
import { Notifier } from '../../../src/observability/notifications/notifier.ts'
import { startReceiver } from '../../support/web-receiver.ts'

const never = new AbortController().signal
const WAIT = { timeout: 15_000 }
/** Waits are a hundredth as long, so that ten attempts are made within seconds. */
const quick: Clock = {
  ...systemClock,
  setTimer: (ms, action, options) => systemClock.setTimer(ms / 100, action, options),
}
const context = { clock: quick, random: systemRandom }

const target = (url: string, over: Partial<NotificationTargetOptions> = {}): NotificationTargetOptions => ({
  name: 'pager',
  url,
  minimumSeverity: 'warning',
  kinds: undefined,
  groups: undefined,
  token: undefined,
  secret: undefined,
  template: 'generic',
  timeoutMs: 1_500_000,
  ...over,
})

const news = (over: Partial<News> = {}): News => {
  const about = { group: null, region: 'east', link: null, operation: null }
  return { kind: 'fence:lost', severity: 'error', sentence: 'it was <lost>', ...about, facts: {}, ...over }
}

function startNotifier(
  targets: readonly NotificationTargetOptions[],
  over: Partial<ConstructorParameters<typeof Notifier>[0]> = {},
) {
  const feed = new EventFeed({ clock: systemClock, random: systemRandom })
  const notifier = new Notifier({ targets, feed, control: undefined, ...context, fetch, ...over })
  notifier.start()
  return { feed, notifier, [Symbol.asyncDispose]: () => notifier.stop() }
}

/** An authority in memory with its journal, and the notifiers of controllers that share it. */
function sharedAuthority() {
  const store = new MemoryStore(context)
  const authority = openAuthority({ kind: 'memory', store }, { ...context, events: createEvents<AuthorityEvents>() })
  const journal = new Journal({ authority, context })
  const append = (reason: string) => {
    return journal.append(
      { actor: 'me', kind: 'transition', group: 'orders', operation: 'op', facts: { reason, phase: 'needs-operator' } },
      never,
    )
  }
  const cursor = async () => (await authority.read(CURSOR_KEY, never))?.value as { journal: number } | undefined
  const onError = (error: unknown) => {
    throw error
  }
  return { control: (isLeading: () => boolean) => ({ authority, journal, isLeading, onError }), append, cursor }
}

test('what is sent is the event, with an id, a token and a signature that a receiver can check', async () => {
  await using receiver = await startReceiver()
  const secret = `whsec_${Buffer.from('very secret').toString('base64')}`
  const options = target(`${receiver.url}/hook?key=1`, { token: 'T0ken', secret })
  await using it = startNotifier([options])
  const event = it.feed.tell(news())
  await expect.poll(() => receiver.received.length, WAIT).toBe(1)
  const [got] = receiver.received
  expect(got?.path).toBe('/hook?key=1')
  expect(got?.body).toEqual(event)
  expect(got?.headers).toMatchObject({ authorization: 'Bearer T0ken', 'webhook-id': event.uid })
  const signed = `${event.uid}.${String(got?.headers['webhook-timestamp'])}.${got?.text}`
  const wanted = createHmac('sha256', Buffer.from('very secret')).update(signed).digest('base64')
  expect(got?.headers['webhook-signature']).toBe(`v1,${wanted}`)
})

test('a chat gets a sentence, without markup of others in it', async () => {
  await using receiver = await startReceiver()
  await using it = startNotifier([target(receiver.url, { template: 'slack' })])
  const { at } = it.feed.tell(news({ group: 'orders' }))
  await expect
    .poll(() => receiver.received[0]?.body, WAIT)
    .toEqual({
      text: `*error* it was &lt;lost&gt;\n_fence:lost, group orders, region east, ${at}_`,
    })
})

test('a receiver gets what it wants, in the order in which it happened', async () => {
  await using receiver = await startReceiver()
  await using it = startNotifier([target(receiver.url, { kinds: ['fence', 'move:phase'], groups: ['orders'] })])
  it.feed.tell(news({ severity: 'info', sentence: 'weighs less' }))
  it.feed.tell(news({ kind: 'region:verdict', sentence: 'another kind' }))
  it.feed.tell(news({ group: 'bills', sentence: 'another group' }))
  it.feed.tell(news({ group: 'orders', sentence: 'one' }))
  it.feed.tell(news({ sentence: 'two, of no group' }))
  it.feed.tell(news({ kind: 'move:phase', severity: 'warning', group: 'orders', sentence: 'three' }))
  await expect.poll(() => receiver.received.length, WAIT).toBe(3)
  expect(receiver.received.map(({ body }) => body['sentence'])).toEqual(['one', 'two, of no group', 'three'])
})

test('what is refused for now is sent again with the same id; that it fails, and that it works again, is told', async () => {
  let attempts = 0
  await using receiver = await startReceiver(() => (++attempts <= 3 ? 503 : 204))
  await using it = startNotifier([target(receiver.url)])
  const told: string[] = []
  it.feed.onEvent(({ kind, sentence }) => told.push(`${kind} ${sentence}`))
  const { uid } = it.feed.tell(news())
  await expect.poll(() => receiver.received.length, WAIT).toBe(4)
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([uid, uid, uid, uid])
  await expect
    .poll(() => it.notifier.status(), WAIT)
    .toMatchObject([
      {
        name: 'pager',
        where: receiver.url,
        sent: 1,
        failed: 0,
        dropped: 0,
        waiting: 0,
        failingSinceMs: undefined,
        reason: '',
      },
    ])
  expect(told.slice(1)).toEqual([
    'notification:failing notifications for pager are not delivered: it answered with 503',
    'notification:delivered notifications for pager are delivered again',
  ])
})

test('what is never taken is given up after ten attempts, or at once where it would never be', async () => {
  await using receiver = await startReceiver(({ body }) => (body['sentence'] === 'poison' ? 400 : 500))
  await using it = startNotifier([target(receiver.url)])
  it.feed.tell(news({ sentence: 'poison' }))
  it.feed.tell(news({ sentence: 'unlucky' }))
  await expect.poll(() => it.notifier.status()[0]?.failed, WAIT).toBe(2)
  expect(receiver.received).toHaveLength(11)
})

test('what waits is bounded: the oldest goes, and the receiver is told how many did', async () => {
  await using receiver = await startReceiver(() => 500)
  await using it = startNotifier([target(receiver.url)])
  for (let at = 0; at < 1_005; at++) it.feed.tell(news({ sentence: `event ${at}` }))
  await expect.poll(() => receiver.received.length, WAIT).toBeGreaterThan(0)
  expect(it.notifier.status()).toMatchObject([{ waiting: 1_000, dropped: 5 }])
  receiver.answers.status = () => 204
  await expect
    .poll(() => receiver.received.some(({ body }) => body['kind'] === 'notification:dropped'), WAIT)
    .toBe(true)
  const dropped = receiver.received.find(({ body }) => body['kind'] === 'notification:dropped')
  expect(dropped?.body).toMatchObject({ severity: 'error', facts: { name: 'pager', count: 5 } })
  const sentences = () => [...new Set(receiver.received.map(({ body }) => body['sentence']))].slice(0, 3)
  const [first, gone, next] = ['event 0', String(dropped?.body['sentence']), 'event 6']
  await expect.poll(sentences, WAIT).toEqual([first, gone, next])
})

test('no secret is in what is told of a failure', async () => {
  const secrets = { token: 'T0ken-4711', secret: 'S3cret-4711' }
  const options = target('http://127.0.0.1:9/services/T1/B2/Hidden-4711', secrets)
  await using it = startNotifier([options], {
    fetch: () => Promise.reject(new Error('cannot POST http://127.0.0.1:9/services/T1/B2/Hidden-4711 with T0ken-4711')),
  })
  const [result] = await it.notifier.test('me', undefined, never)
  expect(result).toMatchObject({ name: 'pager', isDelivered: false, reason: 'cannot POST [redacted] with [redacted]' })
  const seen = JSON.stringify([it.notifier.status(), it.feed.next(0), it.feed.next(1)])
  expect(seen).not.toContain('4711')
  expect(seen).toContain('http://127.0.0.1:9')
})

test('a test goes to the one that is named, once, and to nobody as an event', async () => {
  await using receiver = await startReceiver()
  const both = ['pager', 'chat'].map((name) => target(`${receiver.url}/${name}`, { name, minimumSeverity: 'info' }))
  await using it = startNotifier(both)
  expect(await it.notifier.test('me', 'chat', never)).toEqual([{ name: 'chat', isDelivered: true, reason: '' }])
  expect(await it.notifier.test('me', 'nobody', never)).toEqual([])
  it.feed.tell(news())
  await expect.poll(() => receiver.received.length, WAIT).toBe(3)
  expect(receiver.received.map(({ path, body }) => `${path} ${String(body['kind'])}`).sort()).toEqual([
    '/chat fence:lost',
    '/chat notification:test',
    '/pager fence:lost',
  ])
})

test('what the journal tells is sent by the controller that leads, and the next leader goes on where it ended', async () => {
  await using receiver = await startReceiver()
  const shared = sharedAuthority()
  await shared.append('before anybody led')
  let leader = 'one'
  const start = (name: string) =>
    startNotifier([target(receiver.url)], { control: shared.control(() => leader === name) })
  await using _one = start('one')
  await using _two = start('two')
  const sentences = () => receiver.received.map(({ body }) => String(body['sentence']).replace(/^.*: /, ''))
  await expect.poll(shared.cursor, WAIT).toEqual({ journal: 1 })
  await shared.append('first')
  await expect.poll(sentences, WAIT).toEqual(['first'])
  await expect.poll(shared.cursor, WAIT).toEqual({ journal: 2 })
  leader = 'nobody'
  await shared.append('while nobody leads')
  leader = 'two'
  await expect.poll(sentences, WAIT).toEqual(['first', 'while nobody leads'])
  await expect.poll(shared.cursor, WAIT).toEqual({ journal: 3 })
})

test('an entry that was not delivered when its leader ended is sent by the next one, with the same id', async () => {
  let isOpen = false
  await using receiver = await startReceiver(() => (isOpen ? 204 : 503))
  const shared = sharedAuthority()
  const first = startNotifier([target(receiver.url)], { control: shared.control(() => true), clock: systemClock })
  await expect.poll(shared.cursor, WAIT).toEqual({ journal: 0 })
  await shared.append('it failed')
  await expect.poll(() => receiver.received.length, WAIT).toBeGreaterThan(0)
  await first[Symbol.asyncDispose]()
  expect(await shared.cursor()).toEqual({ journal: 0 })
  isOpen = true
  await using _next = startNotifier([target(receiver.url)], { control: shared.control(() => true) })
  await expect.poll(shared.cursor, WAIT).toEqual({ journal: 1 })
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
})
