import { expect, test } from 'vitest'
import { explainPause, parsePauses } from '../../../src/replication/link-pauses.ts'

test.each(['', '{', 'null', '7', '{"by":"anna","reason":"room"}', '{"by":1,"reason":"room","since":"now"}'])(
  'a pause that cannot be read holds its own link back, and no other one: %s',
  (text) => {
    const pause = { by: 'anna', reason: 'room', since: '2026-01-01T00:00:00.000Z' }
    const pauses = parsePauses(
      new Map([
        ['broken', text],
        ['whole', JSON.stringify(pause)],
      ]),
    )
    expect([...pauses.keys()]).toEqual(['broken', 'whole'])
    expect(pauses.get('whole')).toEqual(pause)
    expect(explainPause(pauses.get('broken') ?? pause)).toBe(
      'paused by unknown since unknown: its record in __isthmus.links cannot be read',
    )
  },
)
