import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeAssignment,
  decodeClaims,
  encodeAssignment,
  encodeClaims,
} from '../../../../src/replication/membership/member-messages.ts'

const count = fc.integer({ min: 0, max: 1_000 })

describe('what members tell each other', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.tuple(count, count)), (name, pairs) => {
        const message = { name, claims: new Map(pairs) }
        expect(decodeClaims(encodeClaims(message))).toEqual(message)
      }),
    )
    const members = [
      { name: 'a', shards: [0, 2] },
      { name: 'b', shards: [] },
    ]
    expect(decodeAssignment(encodeAssignment({ members, self: 1 }))).toEqual({ members, self: 1 })
  })

  it.each([
    '',
    'null',
    '[]',
    '{"version":2,"name":"a","shards":[],"self":0,"members":[{"name":"a","shards":[]}]}',
    '{"version":1,"name":7,"shards":[]}',
    '{"version":1,"name":"a","shards":[[1]],"self":1,"members":[{"name":"a","shards":[]}]}',
    '{"version":1,"name":"a","shards":[[-1,2]],"self":0,"members":[{"name":"a","shards":["0"]}]}',
  ])('is refused where it is %s', (text) => {
    expect(decodeClaims(Buffer.from(text))).toBeUndefined()
    expect(decodeAssignment(Buffer.from(text))).toBeUndefined()
  })
})
