import { beforeEach, describe, expect, it } from 'vitest'
import { type Assignment, Membership } from '../../../../src/replication/membership/membership.ts'
import { ManualClock, neverAborted, random } from '../flows/flow-fixtures.ts'
import { GroupInMemory } from './group-in-memory.ts'

const SESSION_MS = 10_000
const SHARDS = 4

let clock: ManualClock
let group: GroupInMemory

/** A member that gives up at once what it is not given any more, unless it is killed before that. */
class Member {
  givesUp = true
  readonly troubles: string[] = []
  readonly membership: Membership
  assignments: Assignment[] = []
  claims: ReadonlyMap<number, number> = new Map()
  links: Record<string, string>

  constructor(name: string, links: Record<string, string> = { orders: 'x' }) {
    this.links = links
    this.membership = new Membership({
      cluster: group.cluster,
      name,
      sessionTimeoutMs: SESSION_MS,
      shards: SHARDS,
      work: () => new Map(Object.entries(this.links)),
      clock,
      random,
      claims: () => this.claims,
      onAssigned: (assignment) => {
        this.assignments.push(assignment)
        if (!this.givesUp) return
        const before = this.claims
        const { generation, shards } = assignment
        this.claims = new Map([...shards].map((shard) => [shard, before.get(shard) ?? generation]))
        if ([...before.keys()].some((shard) => !shards.has(shard))) this.membership.joinAgain()
      },
      onTrouble: (reason) => this.troubles.push(reason),
    })
    this.membership.start()
  }

  get shards(): number[] {
    return [...(this.assignments.at(-1)?.shards ?? [])]
  }
}

beforeEach(() => {
  clock = new ManualClock()
  group = new GroupInMemory()
})

describe('a member of the group', () => {
  it('has everything while it is alone, without waiting', async () => {
    const a = new Member('a')
    await clock.pass(0)
    expect(a.shards).toEqual([0, 1, 2, 3])
    expect(a.assignments[0]?.members).toMatchObject([{ name: 'a', differs: null, shards: [0, 1, 2, 3] }])
    expect(a.membership.vouchesFor(3)).toBe(true)
    await a.membership.stop(neverAborted)
    expect(group.memberIds).toEqual([])
    expect(clock.pendingTimers).toBe(0)
  })

  it('shares again once all do the same, when their work changes while they run', async () => {
    const [a, b] = [new Member('a'), new Member('b')]
    await clock.pass(SESSION_MS)
    expect([a.shards.length, b.shards.length]).toEqual([2, 2])
    a.links = { orders: 'y' }
    a.membership.tellWork()
    await clock.pass(SESSION_MS)
    // One of the two works counts, and whoever does it has everything.
    expect([0, 4]).toContain(a.shards.length)
    expect(a.shards.length + b.shards.length).toBe(4)
    b.links = { orders: 'y' }
    b.membership.tellWork()
    await clock.pass(SESSION_MS)
    expect([a.shards.length, b.shards.length]).toEqual([2, 2])
    expect(a.assignments.at(-1)?.members).toMatchObject([{ differs: null }, { differs: null }])
    const told = b.assignments.length
    b.membership.tellWork()
    await clock.pass(SESSION_MS)
    expect(b.assignments).toHaveLength(told)
    await Promise.all([a, b].map(({ membership }) => membership.stop(neverAborted)))
  })

  it('shares with one that comes, in two steps, within a third of the session', async () => {
    const a = new Member('a')
    await clock.pass(5_000)
    const b = new Member('b')
    await clock.pass(SESSION_MS / 3)
    expect(a.assignments.map(({ shards }) => shards.size)).toEqual([4, 2, 2])
    expect(b.assignments.map(({ shards }) => shards.size)).toEqual([0, 2])
    expect([...a.shards, ...b.shards].sort((one, other) => one - other)).toEqual([0, 1, 2, 3])
    expect(b.assignments.at(-1)?.members.map(({ name }) => name)).toEqual(['a', 'b'])
    await a.membership.stop(neverAborted)
    await clock.pass(SESSION_MS / 3)
    expect(b.shards).toEqual([0, 1, 2, 3])
    expect(b.membership.stint).toBe(0)
    await b.membership.stop(neverAborted)
  })

  it('joins again when it was put out, and knows that others may have had its shards', async () => {
    const a = new Member('a')
    await clock.pass(1_000)
    group.putOut('m1')
    expect(await a.membership.verify()).toBe(false)
    expect(a.membership.vouchesFor(0)).toBe(false)
    await clock.pass(SESSION_MS / 3)
    expect(a.membership.stint).toBe(1)
    expect(a.shards).toEqual([0, 1, 2, 3])
    expect(await a.membership.verify()).toBe(true)
    await a.membership.stop(neverAborted)
  })

  it('takes nothing over while the group may have gone on without it', async () => {
    const a = new Member('a')
    await clock.pass(1_000)
    group.isSilent = true
    await clock.pass(SESSION_MS * 0.5)
    expect(a.membership.vouchesFor(0)).toBe(true)
    await clock.pass(SESSION_MS * 0.5)
    expect(a.membership.vouchesFor(0)).toBe(false)
    expect(a.troubles).not.toEqual([])
    expect(
      await (async () => {
        const verified = a.membership.verify()
        await clock.pass(SESSION_MS)
        return verified
      })(),
    ).toBe(false)
    group.isSilent = false
    await clock.pass(SESSION_MS)
    // The group had not put it out after all: nothing is assigned anew.
    expect(a.assignments).toHaveLength(1)
    expect(a.membership.vouchesFor(0)).toBe(true)
    await a.membership.stop(neverAborted)
  })

  it('goes on without a static id where another one has joined under its name', async () => {
    const a = new Member('a')
    await clock.pass(1_000)
    group.answers.heartbeat.push(82)
    await clock.pass(2_000)
    expect(group.joins.map(({ instanceId }) => instanceId)).toEqual(['a', null])
    expect(group.joins.at(-1)?.memberId).toBe('')
    expect(a.troubles).toEqual([expect.stringContaining('under the name a')])
    group.putOut('m1')
    await clock.pass(2_000)
    expect(a.shards).toEqual([0, 1, 2, 3])
    await a.membership.stop(neverAborted)
  })

  it('says why the group refuses it, and tries ever more slowly', async () => {
    group.answers.join.push(...Array.from({ length: 1_000 }, () => 26))
    const a = new Member('a')
    await clock.pass(60_000)
    expect(a.troubles[0]).toContain('INVALID_SESSION_TIMEOUT')
    expect(group.joins.length).toBeLessThan(30)
    expect(a.assignments).toEqual([])
    await a.membership.stop(neverAborted)
    expect(clock.pendingTimers).toBe(0)
  })

  it('gets no shards while others with other links have them, and takes over when the last has left', async () => {
    const b = new Member('b')
    const c = new Member('c')
    await clock.pass(SESSION_MS)
    const a = new Member('a', { orders: 'x', payments: 'y' })
    await clock.pass(SESSION_MS)
    expect([a, b, c].map(({ shards }) => shards.length)).toEqual([0, 2, 2])
    expect(b.assignments.at(-1)?.members.map(({ name, differs }) => [name, differs])).toEqual([
      ['b', null],
      ['c', null],
      ['a', 'replicator a, held against b, has also link payments'],
    ])
    await b.membership.stop(neverAborted)
    const restarted = new Member('b', { orders: 'x', payments: 'y' })
    await clock.pass(SESSION_MS)
    expect([a, restarted, c].map(({ shards }) => shards.length)).toEqual([0, 0, 4])
    await c.membership.stop(neverAborted)
    await clock.pass(SESSION_MS)
    expect([a, restarted].map(({ shards }) => shards.length)).toEqual([2, 2])
    expect(a.assignments.at(-1)?.members.map(({ differs }) => differs)).toEqual([null, null])
    await Promise.all([a, restarted].map(({ membership }) => membership.stop(neverAborted)))
    expect(clock.pendingTimers).toBe(0)
  })

  it('does not go on with the shards of its name when it comes back with other links within its session', async () => {
    const a = new Member('a')
    const b = new Member('b')
    await clock.pass(SESSION_MS)
    expect(a.shards).toHaveLength(2)
    const killed = AbortSignal.abort(new Error('killed'))
    await a.membership.stop(killed)
    expect(group.memberIds).toHaveLength(2)
    const back = new Member('a', { orders: 'z' })
    await clock.pass(SESSION_MS)
    expect(back.assignments.map(({ shards }) => shards.size)).not.toEqual([])
    expect(back.assignments.every(({ shards }) => shards.size === 0)).toBe(true)
    expect(b.assignments.at(-1)?.members.map(({ differs }) => differs)).toEqual([
      null,
      'replicator a, held against b, has other settings for link orders',
    ])
    expect(b.shards).toEqual([0, 1, 2, 3])
    await Promise.all([back, b].map(({ membership }) => membership.stop(neverAborted)))
  })

  it('goes on with the shards of its name at once when it comes back with the same links', async () => {
    const a = new Member('a')
    const b = new Member('b')
    await clock.pass(SESSION_MS)
    const had = a.shards
    await a.membership.stop(AbortSignal.abort(new Error('killed')))
    const back = new Member('a')
    await clock.pass(0)
    expect(back.shards).toEqual(had)
    await Promise.all([back, b].map(({ membership }) => membership.stop(neverAborted)))
  })

  it.each(['a', 'b'])(
    'has what moves given away where its holder %s is killed and back within its session',
    async (name) => {
      const members = [new Member('a')]
      await clock.pass(SESSION_MS)
      if (name === 'b') members.push(new Member('b'))
      await clock.pass(SESSION_MS)
      const holder = members.at(-1) as Member
      holder.givesUp = false
      members.push(new Member('c'))
      await clock.pass(SESSION_MS / 3)
      expect(members.at(-1)?.shards).toEqual([])
      await holder.membership.stop(AbortSignal.abort(new Error('killed')))
      const all = [...members.filter((member) => member !== holder), new Member(name)]
      await clock.pass(SESSION_MS * 2)
      expect(all.flatMap(({ shards }) => shards).sort((one, other) => one - other)).toEqual([0, 1, 2, 3])
      const generation = all[0]?.assignments.at(-1)?.generation
      await clock.pass(SESSION_MS * 4)
      expect(all[0]?.assignments.at(-1)?.generation).toBe(generation)
      await Promise.all(all.map(({ membership }) => membership.stop(neverAborted)))
      expect(clock.pendingTimers).toBe(0)
    },
  )
})
