import { expect, test } from 'vitest'
import { seededRandom } from '../../../../src/core/index.ts'
import { EventFeed } from '../../../../src/observability/feed/event-feed.ts'
import { isAtLeast, isKind, type News } from '../../../../src/observability/feed/feed-event.ts'

const news = (kind = 'fence:lost', facts: News['facts'] = {}): News => {
  return { kind, severity: 'info', sentence: kind, group: null, region: null, link: null, operation: null, facts }
}
const feed = (size?: number, seed = 1) => {
  return new EventFeed({ clock: { nowMs: () => 0 }, random: seededRandom(seed), ...(size !== undefined && { size }) })
}

test('ids are the life of the process and a number without gaps', () => {
  const one = feed()
  const told = [one.tell(news()), one.tell(news()), one.tell(news(), { uid: 'journal-1', at: 'then' })]
  expect(told.map(({ id }) => id)).toEqual([1, 2, 3].map((number) => `${one.life}-${number}`))
  expect(told.map(({ uid, at }) => [uid, at])).toEqual([
    [told[0]?.id, '1970-01-01T00:00:00.000Z'],
    [told[1]?.id, '1970-01-01T00:00:00.000Z'],
    ['journal-1', 'then'],
  ])
  expect(one.life).toMatch(/^[0-9a-f]{12}$/)
  expect(feed(undefined, 2).life).not.toBe(one.life)
})

test('whoever shows an id that is kept goes on behind it, and nothing is missing', () => {
  const one = feed(3)
  for (let at = 0; at < 5; at++) one.tell(news())
  expect(one.beforeOldest).toBe(2)
  expect(one.placeOf(one.idOf(2))).toEqual({ after: 2, reset: undefined })
  expect(one.placeOf(one.idOf(5))).toEqual({ after: 5, reset: undefined })
  expect(one.next(2)?.id).toBe(one.idOf(3))
  expect(one.next(5)).toBeUndefined()
})

test.each([
  ['has left the ring', (it: EventFeed) => it.idOf(1), '1 events behind the id are not kept any more'],
  ['is of another life', () => '0123456789ab-4', 'the id is of another process, or of one before a restart'],
  ['is of the future', (it: EventFeed) => it.idOf(6), 'the id is one that has not been given yet'],
  ['is none', () => 'seven', 'the id is none of this API'],
])('an id that %s asks for a reset, and all that is kept', (_what, id, reset) => {
  const one = feed(3)
  for (let at = 0; at < 5; at++) one.tell(news())
  expect(one.placeOf(id(one))).toEqual({ after: 2, reset })
})

test('what the ring has passed is never handed out in place of what was asked for', () => {
  const one = feed(3)
  for (let at = 0; at < 5; at++) one.tell(news(`kind:n${at}`))
  expect(one.next(1)).toBeUndefined()
  expect([2, 3, 4].map((after) => one.next(after)?.kind)).toEqual(['kind:n2', 'kind:n3', 'kind:n4'])
})

test('facts are JSON of a bounded size, whatever a room tells', () => {
  const one = feed()
  const event = one.tell(news('x', { producerId: 7n, error: new Error('it broke'), list: [1n] }))
  expect(event.facts).toEqual({ producerId: '7', error: 'it broke', list: ['1'] })
  expect(one.tell(news('x', { text: 'x'.repeat(20_000) })).facts).toEqual({ leftOut: '20011 characters' })
})

test('a listener hears what comes after it, until it is ended', () => {
  const one = feed()
  one.tell(news('before'))
  const heard: string[] = []
  const stop = one.onEvent(({ kind }) => heard.push(kind))
  one.tell(news('during'))
  stop()
  one.tell(news('after'))
  expect(heard).toEqual(['during'])
})

test('a kind is wanted by its name or by what its name begins with', () => {
  expect(['fence:lost', 'fence', 'fence:lo', 'move'].map((wanted) => isKind('fence:lost', wanted))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(isAtLeast('error', 'warning') && isAtLeast('warning', 'warning') && !isAtLeast('info', 'warning')).toBe(true)
})
