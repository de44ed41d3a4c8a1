import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeAssignment,
  decodeClaims,
  encodeAssignment,
  encodeClaims,
} from '../../../../src/replication/membership/member-messages.ts'

const count = fc.integer({ min: 0, max: 1_000 })
const links = fc.array(fc.tuple(fc.string(), fc.string()))

const one = { name: 'a', work: 'w', differs: null, shards: [] }
/** Readable both ways, but for what is given. */
const text = (changes: object) =>
  JSON.stringify({ version: 1, name: 'a', shards: [], work: [], self: 0, members: [one], ...changes })

describe('what members tell each other', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.tuple(count, count)), links, (name, pairs, work) => {
        const message = { name, claims: new Map(pairs), work: new Map(work) }
        expect(decodeClaims(encodeClaims(message))).toEqual(message)
      }),
    )
    const members = [
      { name: 'a', work: 'w', differs: null, shards: [0, 2] },
      { name: 'b', work: 'v', differs: 'lacks link x', shards: [] },
    ]
    expect(decodeAssignment(encodeAssignment({ members, self: 1 }))).toEqual({ members, self: 1 })
  })

  it.each([
    '',
    'null',
    '[]',
    text({ version: 2 }),
    text({ name: 7, members: [{ ...one, name: 7 }] }),
    text({ shards: [[1]], self: 1 }),
    text({ shards: [[-1, 2]], members: [{ ...one, shards: ['0'] }] }),
    text({ work: undefined, members: [{ ...one, work: undefined }] }),
    text({ work: [['orders']], members: [{ ...one, differs: undefined }] }),
    text({ work: [['orders', 1]], members: [{ ...one, differs: 7 }] }),
  ])('is refused where it is %s', (bad) => {
    expect(decodeClaims(Buffer.from(bad))).toBeUndefined()
    expect(decodeAssignment(Buffer.from(bad))).toBeUndefined()
  })
})
