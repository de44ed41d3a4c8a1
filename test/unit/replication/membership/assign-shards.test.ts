import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignShards, type MemberClaims } from '../../../../src/replication/membership/assign-shards.ts'

const member = (memberId: string, shards: readonly number[] = [], generation = 1, work = 'w'): MemberClaims => {
  return { memberId, name: memberId, work, claims: new Map(shards.map((shard) => [shard, generation])) }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** Members with whatever claims, also several on one shard and some on shards that are not there. */
const groups = fc
  .record({
    shards: fc.integer({ min: 1, max: 70 }),
    members: fc.array(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 75 }), fc.integer({ min: 1, max: 9 })), { maxLength: 70 }),
      { minLength: 1, maxLength: 7 },
    ),
  })
  .map(({ shards, members }) => ({
    shards,
    members: members.map((claims, index) => ({ memberId: `m${index}`, name: 'x', work: 'w', claims: new Map(claims) })),
  }))

describe('assignShards', () => {
  it('gives everything to a member that is alone', () => {
    expect(assignShards(3, [member('a')])).toEqual({ work: 'w', shardsOf: new Map([['a', [0, 1, 2]]]), moving: [] })
  })

  it('gives a shard that has to move to nobody until its holder has given it up', () => {
    const first = assignShards(4, [member('a', [0, 1, 2, 3]), member('b')])
    expect(first.shardsOf).toEqual(
      new Map([
        ['a', [0, 1]],
        ['b', []],
      ]),
    )
    expect(first.moving).toEqual([2, 3])
    const second = assignShards(4, [member('a', [0, 1]), member('b')])
    expect(second.shardsOf.get('b')).toEqual([2, 3])
    expect(second.moving).toEqual([])
  })

  it('leaves a shard with the member it was assigned to last where two claim it', () => {
    const plan = assignShards(4, [member('woken', [0, 1, 2, 3], 4), member('b', [0, 1], 7), member('c', [2, 3], 7)])
    expect(plan.shardsOf).toEqual(
      new Map([
        ['b', [0, 1]],
        ['c', [2]],
        ['woken', []],
      ]),
    )
    expect(plan.moving).toEqual([3])
  })

  it('moves nothing when the shares are even as far as they can be', () => {
    const members = [member('a', range(0, 21)), member('b', range(21, 43)), member('c', range(43, 64))]
    const { shardsOf, moving } = assignShards(64, members)
    for (const { memberId, claims } of members) expect(shardsOf.get(memberId)).toEqual([...claims.keys()])
    expect(moving).toEqual([])
  })

  it('never gives a shard twice, and gives or keeps back each one', () => {
    fc.assert(
      fc.property(groups, ({ shards, members }) => {
        const { shardsOf, moving } = assignShards(shards, members)
        const all = [...[...shardsOf.values()].flat(), ...moving].sort((a, b) => a - b)
        expect(all).toEqual(range(0, shards))
        expect([...shardsOf.keys()].sort((a, b) => (a < b ? -1 : 1))).toEqual(members.map(({ memberId }) => memberId))
      }),
    )
  })

  it('gives nobody what another one claims, unless it holds it by a later assignment', () => {
    fc.assert(
      fc.property(groups, ({ shards, members }) => {
        for (const [memberId, given] of assignShards(shards, members).shardsOf) {
          const own = members.find((one) => one.memberId === memberId)
          for (const shard of given) {
            const others = members.filter((one) => one !== own && one.claims.has(shard))
            for (const { claims } of others) {
              expect(own?.claims.get(shard) ?? 0).toBeGreaterThanOrEqual(claims.get(shard) ?? 0)
            }
          }
        }
      }),
    )
  })

  it('comes to an even assignment in two steps, and then stays with it', () => {
    fc.assert(
      fc.property(groups, ({ shards, members }) => {
        const next = (before: readonly MemberClaims[], generation: number) => {
          const { shardsOf, moving } = assignShards(shards, before)
          const after = before.map(({ memberId }) => member(memberId, shardsOf.get(memberId), generation))
          return { after, moving }
        }
        const first = next(members, 10)
        const second = next(first.after, 11)
        expect(second.moving).toEqual([])
        const sizes = second.after.map(({ claims }) => claims.size)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect(sizes.reduce((sum, size) => sum + size)).toBe(shards)
        // Whoever kept a shard in the first step keeps it in the second.
        for (const [index, { claims }] of first.after.entries()) {
          for (const shard of claims.keys()) expect(second.after[index]?.claims.has(shard)).toBe(true)
        }
        expect(next(second.after, 12).after.map(({ claims }) => [...claims.keys()])).toEqual(
          second.after.map(({ claims }) => [...claims.keys()]),
        )
      }),
    )
  })

  it('moves no more than a newcomer is due', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 70 }), (count, shards) => {
        const { shardsOf } = assignShards(
          shards,
          range(0, count).map((index) => member(`m${index}`)),
        )
        const before = [...shardsOf].map(([memberId, mine]) => member(memberId, mine))
        const { moving } = assignShards(shards, [...before, member('new')])
        expect(moving.length).toBe(Math.floor(shards / (count + 1)))
      }),
    )
  })
})

describe('members whose work differs', () => {
  /** Each with one of three works, and with whatever claims. */
  const mixed = fc
    .tuple(groups, fc.array(fc.constantFrom('w1', 'w2', 'w3'), { minLength: 7, maxLength: 7 }))
    .map(([{ shards, members }, works]) => ({
      shards,
      members: members.map((one, index): MemberClaims => ({ ...one, name: `n${index}`, work: works[index] ?? 'w1' })),
    }))
  /** The group after everybody has given up what it was not given. */
  const next = (shards: number, before: readonly MemberClaims[], generation: number) => {
    const { shardsOf } = assignShards(shards, before)
    return before.map((one): MemberClaims => {
      const given = shardsOf.get(one.memberId) ?? []
      return { ...one, claims: new Map(given.map((shard) => [shard, one.claims.get(shard) ?? generation])) }
    })
  }

  it('wait while others hold shards, whatever their names are', () => {
    const holder = member('z', [0, 1, 2, 3], 5, 'old')
    const { shardsOf, moving } = assignShards(4, [member('a', [], 1, 'new'), member('b', [], 1, 'new'), holder])
    expect(Object.fromEntries(shardsOf)).toEqual({ a: [], b: [], z: [0, 1, 2, 3] })
    expect(moving).toEqual([])
  })

  it('have what the first of them by name does where nobody holds anything', () => {
    const members = [member('c', [], 1, 'old'), member('b', [], 1, 'new'), member('d', [], 1, 'new')]
    const { work, shardsOf } = assignShards(4, members)
    expect(work).toBe('new')
    expect(Object.fromEntries(shardsOf)).toEqual({ c: [], b: [0, 2], d: [1, 3] })
  })

  it('give up what they hold by an older assignment before others get it', () => {
    const woken = member('a', [0, 1, 2], 3, 'old')
    const { shardsOf, moving } = assignShards(4, [woken, member('b', [0, 1], 7, 'new')])
    expect(Object.fromEntries(shardsOf)).toEqual({ a: [], b: [0, 1, 3] })
    expect(moving).toEqual([2])
  })

  it('never get shards in the same generation', () => {
    fc.assert(
      fc.property(mixed, ({ shards, members }) => {
        const { work: counting, shardsOf } = assignShards(shards, members)
        const works = members.filter(({ memberId }) => shardsOf.get(memberId)?.length).map(({ work }) => work)
        for (const work of works) expect(work).toBe(counting)
      }),
    )
  })

  it('wait for good while one stays whose work counts, and get everything when the last of those has left', () => {
    fc.assert(
      fc.property(mixed, ({ shards, members }) => {
        const settled = next(shards, next(shards, members, 10), 11)
        const { work: counting } = assignShards(shards, settled)
        expect(counting).toBe(assignShards(shards, members).work)
        expect(settled.reduce((sum, { claims }) => sum + claims.size, 0)).toBe(shards)
        const waiting = settled.filter(({ work }) => work !== counting)
        fc.pre(waiting.length > 0)
        const after = next(shards, waiting, 12)
        expect(after.reduce((sum, { claims }) => sum + claims.size, 0)).toBe(shards)
        expect(new Set(after.filter(({ claims }) => claims.size > 0).map(({ work }) => work)).size).toBe(1)
      }),
    )
  })
})
