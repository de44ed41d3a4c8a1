import { expect, test } from 'vitest'
import { type Note, parseNote } from '../../support/clients-trial/program.ts'
import { judgeClients } from '../../support/clients-trial/verdict.ts'
import type { ContentLog } from '../../support/content-log.ts'

/** One partition whose log holds these records. */
const log = (...ids: string[]): ContentLog => {
  const records = ids.map((value, offset) => ({ offset, timestamp: 0, digest: '', key: value, value }))
  return new Map([['orders/0', records]])
}
const note = (verdict: Note['verdict'], id: string, app = 'reader'): Note => {
  return { verdict, app, topic: 'orders', partition: 0, offset: 0, id, atMs: 0 }
}
const read = (...ids: string[]) => ids.map((id) => note('read', id))

test('a group that goes on behind what it has committed is right, also where it reads again what it could not', () => {
  const notes = [note('acked', 'a'), ...read('a', 'b'), note('unclear', 'c'), ...read('c', 'd')]
  expect(judgeClients(log('a', 'b', 'c', 'd'), notes, ['reader'])).toEqual({
    acknowledged: 1,
    lost: 0,
    twice: 0,
    read: 5,
    wrong: 0,
    unread: 0,
    examples: [],
  })
})

test.each([
  ['goes back behind its commit', read('a', 'b', 'a', 'b', 'c'), { wrong: 1, unread: 0 }],
  ['skips', read('a', 'c'), { wrong: 1, unread: 1 }],
  ['reads what is nowhere', read('a', 'x', 'b', 'c'), { wrong: 1, unread: 0 }],
  ['stops', read('a'), { wrong: 0, unread: 2 }],
  ['never reads', [], { wrong: 0, unread: 3 }],
])('a group that %s is told', (_what, notes, verdict) => {
  expect(judgeClients(log('a', 'b', 'c'), notes, ['reader'])).toMatchObject(verdict)
})

test('what was acknowledged and is nowhere is lost; what stands there twice is read twice', () => {
  const notes = [note('acked', 'a'), note('acked', 'gone'), ...read('a', 'b', 'a')]
  expect(judgeClients(log('a', 'b', 'a'), notes, ['reader'])).toMatchObject({ lost: 1, twice: 1, wrong: 0, unread: 0 })
})

test('a line of an application is read as what it did', () => {
  const line = 'acked java-producer orders.java 1 17 java-producer-9 1700000000000'
  expect(parseNote(line)).toEqual({
    verdict: 'acked',
    app: 'java-producer',
    topic: 'orders.java',
    partition: 1,
    offset: 17,
    id: 'java-producer-9',
    atMs: 1_700_000_000_000,
  })
  expect(parseNote('trouble java-producer TopicAuthorizationException: no')).toBeUndefined()
})
