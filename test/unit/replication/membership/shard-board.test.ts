import { beforeEach, describe, expect, it } from 'vitest'
import { createEvents, regionName } from '../../../../src/core/index.ts'
import type { ReplicationEvents } from '../../../../src/replication/events.ts'
import { ShardBoard } from '../../../../src/replication/membership/shard-board.ts'
import type { Shard } from '../../../../src/replication/shards/shard.ts'
import type { Tenure } from '../../../../src/replication/shards/tenure.ts'
import { ManualClock, neverAborted, random, settle } from '../flows/flow-fixtures.ts'
import { GroupInMemory } from './group-in-memory.ts'

const SHARDS = 4
const SESSION_MS = 10_000

let clock: ManualClock
let group: GroupInMemory

/** A process whose shards hand over when they are told to. */
class Process {
  readonly told: string[] = []
  readonly fenced: string[] = []
  readonly troubles: string[] = []
  readonly board: ShardBoard
  /** Set: no release ends before it is resolved. */
  hold: Promise<void> = Promise.resolve()
  /** Whoever fences it is a move. */
  isMove = false

  constructor(memberName: string | undefined, links: Record<string, string> = { orders: 'x' }) {
    const events = createEvents<ReplicationEvents>()
    events.onAny((name) => this.told.push(name))
    events.on('members:trouble', ({ reason }) => this.troubles.push(reason))
    this.board = new ShardBoard({
      region: regionName('us'),
      cluster: group.cluster,
      shards: SHARDS,
      work: () => new Map(Object.entries(links)),
      sharing: memberName === undefined ? undefined : { memberName, sessionTimeoutMs: SESSION_MS },
      clock,
      random,
      events,
      makeShard: (number) => this.#makeShard(number),
      onFenced: (reason) => this.fenced.push(reason),
      wasMoved: () => Promise.resolve(this.isMove),
    })
    for (let shard = 0; shard < SHARDS; shard++) this.board.slot(shard)
  }

  get numbers(): number[] {
    return this.board.shards.map(({ number }) => number)
  }

  #makeShard(number: number): Shard {
    this.told.push(`take ${number}`)
    let isHandedOver = false
    const shard: Pick<Shard, 'number' | 'start' | 'tenure' | 'release' | 'isHandedOver'> = {
      number,
      start: () => undefined,
      tenure: async () => ({ shard: number }) as Tenure,
      release: async () => {
        this.told.push(`release ${number}`)
        await this.hold
        isHandedOver = true
      },
      get isHandedOver() {
        return isHandedOver
      },
    }
    return shard as Shard
  }
}

beforeEach(() => {
  clock = new ManualClock()
  group = new GroupInMemory()
})

describe('a process that does not share', () => {
  it('takes what it needs at once, and is over when it is fenced', async () => {
    const alone = new Process(undefined)
    expect(alone.numbers).toEqual([0, 1, 2, 3])
    expect(alone.board.whereabouts(0)).toBeUndefined()
    expect(alone.board.isOwner(0)).toBe(true)
    alone.board.noteLost(2, 'a newer owner')
    await expect.poll(() => alone.fenced).toEqual(['a newer owner'])
    await alone.board.stop(neverAborted)
    expect(group.joins).toEqual([])
  })

  it('takes a shard back that a move had for a moment', async () => {
    const alone = new Process(undefined)
    alone.isMove = true
    alone.board.noteLost(2, 'a newer owner')
    expect(alone.numbers).toEqual([0, 1, 3])
    await expect.poll(() => alone.numbers).toEqual([0, 1, 2, 3])
    expect(alone.fenced).toEqual([])
    await alone.board.stop(neverAborted)
  })

  it('lends a shard with a clean end, and has it back afterwards', async () => {
    const alone = new Process(undefined)
    const during = await alone.board.lend(1, () => Promise.resolve(alone.numbers), neverAborted)
    expect(during).toEqual([0, 2, 3])
    expect(alone.numbers).toEqual([0, 1, 2, 3])
    const failed = alone.board.lend(1, () => Promise.reject(new Error('no')), neverAborted)
    await expect(failed).rejects.toThrow('no')
    expect(alone.numbers).toEqual([0, 1, 2, 3])
    await alone.board.stop(neverAborted)
  })
})

describe('processes that share', () => {
  it('hand over before the group gives a shard to another', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    expect(a.numbers).toEqual([0, 1, 2, 3])
    const handingOver = Promise.withResolvers<void>()
    a.hold = handingOver.promise
    const b = new Process('b')
    expect(b.board.waiting).toContain('joining')
    await clock.pass(3_000)
    expect(a.numbers).toEqual([0, 1])
    expect(a.board.whereabouts(2)).toContain('handed over')
    expect(b.numbers).toEqual([])
    expect(b.board.whereabouts(2)).toContain('moves')
    handingOver.resolve()
    await clock.pass(3_000)
    expect(b.numbers).toEqual([2, 3])
    expect(a.board.whereabouts(2)).toBe('replicator b has it')
    expect(a.board.members()).toMatchObject([
      { name: 'a', isThisProcess: true, shards: [0, 1] },
      { name: 'b', isThisProcess: false, shards: [2, 3] },
    ])
    await a.board.stop(neverAborted)
    await clock.pass(3_000)
    expect(b.numbers).toEqual([0, 1, 2, 3])
    await b.board.stop(neverAborted)
    expect(a.told.concat(b.told)).not.toContain('shard:let-go')
  })

  it('tell once that the links of one differ, and leave it without shards until they have stopped', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    const b = new Process('b', { payments: 'x' })
    await clock.pass(SESSION_MS)
    expect(b.numbers).toEqual([])
    expect(b.board.isOwner(0)).toBe(false)
    expect(b.board.whereabouts(0)).toContain('its links differ')
    const reason = expect.stringMatching(
      /^SHARING_DIFFERS: .*replicator b, held against a, lacks link orders, has also/,
    )
    expect(b.board.differs).toEqual(reason)
    expect(a.board.differs).toBeUndefined()
    expect(a.board.members().map(({ differs }) => differs === null)).toEqual([true, false])
    expect(a.numbers).toEqual([0, 1, 2, 3])
    const c = new Process('c')
    await clock.pass(SESSION_MS)
    expect([a.troubles, b.troubles, c.troubles]).toEqual([[reason], [reason], [reason]])
    expect(c.numbers).toHaveLength(2)
    await Promise.all([a.board.stop(neverAborted), c.board.stop(neverAborted)])
    await clock.pass(SESSION_MS)
    expect(b.numbers).toEqual([0, 1, 2, 3])
    expect(b.board.differs).toBeUndefined()
    expect(b.board.whereabouts(0)).toBeUndefined()
    await b.board.stop(neverAborted)
  })

  it('do not wait for ever for flows that do not let go', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    a.hold = new Promise(() => undefined)
    const b = new Process('b')
    await clock.pass(SESSION_MS)
    expect(b.numbers).toEqual([2, 3])
    expect(a.told.filter((name) => name === 'shard:let-go')).toHaveLength(2)
  })

  it('give a waiting flow the tenure of a shard that comes later', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    const b = new Process('b')
    const waiting = b.board.slot(3).tenure(neverAborted)
    await clock.pass(6_000)
    expect((await waiting).shard).toBe(3)
    await Promise.all([a.board.stop(neverAborted), b.board.stop(neverAborted)])
  })

  it('are over when somebody fences them of whom the group knows nothing', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    a.board.noteLost(1, 'INVALID_PRODUCER_EPOCH')
    await settle()
    expect(a.fenced).toEqual(['INVALID_PRODUCER_EPOCH'])
    expect(a.told.filter((name) => name === 'take 1')).toHaveLength(1)
    await a.board.stop(neverAborted)
  })

  it('take a lost shard again only by a new assignment, when the group had put them out', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    group.putOut('m1')
    const b = new Process('b')
    await settle()
    expect(b.numbers).toEqual([0, 1, 2, 3])
    for (const shard of [0, 1, 2, 3]) a.board.noteLost(shard, 'fenced')
    await settle()
    expect(a.numbers).toEqual([])
    await clock.pass(SESSION_MS)
    expect(a.fenced).toEqual([])
    expect(a.numbers).toHaveLength(2)
    expect(b.numbers).toHaveLength(2)
    expect([...a.numbers, ...b.numbers].sort((one, other) => one - other)).toEqual([0, 1, 2, 3])
    await Promise.all([a.board.stop(neverAborted), b.board.stop(neverAborted)])
  })

  it('stay when they learn only after they have joined again that others had a shard', async () => {
    const a = new Process('a')
    await clock.pass(1_000)
    group.putOut('m1')
    await clock.pass(SESSION_MS)
    expect(a.numbers).toEqual([0, 1, 2, 3])
    a.board.noteLost(0, 'fenced while it slept')
    await clock.pass(SESSION_MS)
    expect(a.fenced).toEqual([])
    expect(a.told.filter((name) => name === 'take 0')).toHaveLength(2)
    await a.board.stop(neverAborted)
  })
})
