import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { News } from '../../../src/observability/feed/feed-event.ts'
import { openEvents } from '../../support/event-client.ts'
import { startFakeApp } from '../../support/fake-app.ts'
import { startFakeControl } from '../../support/fake-control.ts'

const news = (over: Partial<News> = {}): News => {
  const about = { group: null, region: null, link: null, operation: null }
  return { kind: 'fence:lost', severity: 'error', sentence: 'it was lost', ...about, facts: { brokers: [1] }, ...over }
}
const EMPTY_RING = 0
const WAIT = { timeout: 15_000 }

test('an event reaches a client as it happens, with id, kind and typed facts', async () => {
  await using it = await startFakeControl()
  const client = await openEvents(it.api)
  expect(client.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(client.response.headers.get('content-security-policy')).not.toBeNull()
  const told = it.delivery.feed.tell(news({ group: 'orders', region: 'east' }))
  const frame = await client.next()
  expect(frame).toMatchObject({ id: told.id, event: 'fence:lost' })
  expect(JSON.parse(frame?.data ?? '')).toEqual(told)
  client.close()
})

test('a client that connects again goes on behind the id that it shows, by header or query', async () => {
  await using it = await startFakeControl()
  const { feed } = it.delivery
  const [first, second, third] = ['a', 'b', 'c'].map((sentence) => feed.tell(news({ sentence })))
  const byHeader = await openEvents(it.api, '?follow=false', { 'last-event-id': first?.id ?? '' })
  expect((await byHeader.rest()).map(({ id }) => id)).toEqual([second?.id, third?.id, undefined])
  const byQuery = await openEvents(it.api, `?follow=false&lastEventId=${second?.id}`)
  expect((await byQuery.rest()).map(({ event, id }) => [event, id])).toEqual([
    ['fence:lost', third?.id],
    ['end', undefined],
  ])
})

test('a client that connects before anything has happened misses nothing when it connects again', async () => {
  await using it = await startFakeControl()
  const { body } = await fetch(`${it.api}/api/v1/events?follow=false`)
  const text = await new Response(body).text()
  const id = /^id: (.+)$/m.exec(text)?.[1]
  expect(id).toBe(it.delivery.feed.idOf(EMPTY_RING))
  it.delivery.feed.tell(news())
  const again = await openEvents(it.api, `?follow=false&lastEventId=${id}`)
  expect((await again.rest()).map(({ event }) => event)).toEqual(['fence:lost', 'end'])
})

test.each([
  ['has left the ring', (life: string) => `${life}-1`, 'are not kept any more'],
  ['is of a process before a restart', () => '0123456789ab-1', 'before a restart'],
])('a client whose id %s is told to begin anew, and given all that is kept', async (_what, id, reason) => {
  await using it = await startFakeControl()
  const { feed } = it.delivery
  for (let at = 0; at < 2_010; at++) feed.tell(news())
  const client = await openEvents(it.api, '?follow=false', { 'last-event-id': id(feed.life) })
  const [reset, ...events] = await client.rest()
  expect(reset?.event).toBe('reset')
  expect(reset?.data).toContain(reason)
  expect(events.map((frame) => frame.id)).toEqual([
    ...Array.from({ length: 2_000 }, (_, at) => feed.idOf(11 + at)),
    undefined,
  ])
})

test('filters leave out what is not wanted, and the ids go on', async () => {
  await using it = await startFakeControl()
  const { feed } = it.delivery
  feed.tell(news({ group: 'orders' }))
  feed.tell(news({ group: 'bills' }))
  feed.tell(news({ group: 'orders', kind: 'move:phase', severity: 'info' }))
  const kinds = async (query: string) => {
    const client = await openEvents(it.api, `?from=oldest&follow=false&${query}`)
    return (await client.rest()).slice(0, -1).map(({ id }) => Number(id?.split('-')[1]))
  }
  expect(await kinds('group=orders')).toEqual([1, 3])
  expect(await kinds('kind=fence')).toEqual([1, 2])
  expect(await kinds('kind=fence&group=orders')).toEqual([1])
  expect(await kinds('severity=warning')).toEqual([1, 2])
  const wrong = await fetch(`${it.api}/api/v1/events?gruop=orders`)
  expect(wrong.status).toBe(400)
})

test('so many clients may follow and no more; one that leaves makes room', async () => {
  await using it = await startFakeControl()
  const clients = await Promise.all(Array.from({ length: 64 }, () => openEvents(it.api)))
  const refused = await fetch(`${it.api}/api/v1/events`)
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({ code: 'API_TOO_MANY_STREAMS' })
  for (const client of clients) client.close()
  await expect.poll(() => it.delivery.content.events.streams.open, WAIT).toBe(0)
  const again = await openEvents(it.api)
  expect(again.response.status).toBe(200)
  again.close()
})

test('a client that does not read is cut off when the ring has passed it, and others are not held up', async () => {
  await using it = await startFakeControl({ ring: 50 })
  const { feed, content } = it.delivery
  const { events } = content
  const { port } = new URL(it.api)
  const idle = connect(Number(port), '127.0.0.1')
  await once(idle, 'connect')
  idle.pause()
  idle.write('GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n')
  await expect.poll(() => events.streams.open, WAIT).toBe(1)
  const reader = await openEvents(it.api)
  const sentence = 'x'.repeat(200_000)
  let seen = 0
  // More than sockets keep; one that reads, reads each of them in order.
  for (let at = 0; events.streams.cut === 0 && at < 2_000; at += 20) {
    for (let more = 0; more < 20; more++) feed.tell(news({ sentence }))
    for (let more = 0; more < 20; more++) {
      expect((await reader.next())?.id).toBe(feed.idOf(at + more + 1))
      seen++
    }
  }
  expect(seen).toBe(feed.last)
  idle.resume()
  const texts: string[] = []
  idle.on('data', (chunk) => texts.push(chunk.toString('latin1')))
  await once(idle, 'close')
  const end = 'event: end\ndata: {"reason":"events came faster than they were read"}'
  expect(texts.join('').slice(-200)).toContain(end)
  expect(events.streams).toEqual({ open: 1, cut: 1 })
  reader.close()
})

test('streams end when the API stops, with the reason', async () => {
  const it = await startFakeControl()
  const client = await openEvents(it.api)
  const ending = it[Symbol.asyncDispose]()
  expect(await client.rest()).toEqual([{ id: undefined, event: 'end', data: '{"reason":"the API is stopping"}' }])
  await ending
})

test('what the rooms of a process tell comes out in the words of its log; what is only for debugging does not', async () => {
  await using it = await startFakeApp()
  const client = await openEvents(it.api)
  const { events } = it.fake.port
  const link = 'eu-to-us' as never
  const flow = { link, topic: 'orders', targetTopic: 'orders', partition: 3 }
  events.emit('positions:synced', { link, groups: 1, committed: 1, tookMs: 1 })
  events.emit('flow:gap', { ...flow, kind: 'retention', fromOffset: 5, toOffset: 9 })
  const event = JSON.parse((await client.next())?.data ?? '{}') as Record<string, unknown>
  expect(event).toMatchObject({
    kind: 'flow:gap',
    severity: 'error',
    link: 'eu-to-us',
    group: null,
    sentence:
      'flow orders-3 of link eu-to-us lost source offsets 5 to 8: retention removed them before they were copied',
    facts: { fromOffset: 5, toOffset: 9, partition: 3 },
  })
  client.close()
})
