import { describe, expect, it } from 'vitest'
import { linkName } from '../../../../src/core/index.ts'
import { concludePositions, type GroupOutcome } from '../../../../src/replication/positions/conclude-positions.ts'
import {
  decidePositions,
  type ObservedGroup,
  type PositionMemory,
} from '../../../../src/replication/positions/decide-positions.ts'
import type { ObservedGone } from '../../../../src/replication/positions/source-deletions.ts'

const GRACE = 600_000
const gone = (over: Partial<ObservedGone> = {}): ObservedGone => ({
  topic: 'orders',
  targetTopic: 'copy',
  partition: 0,
  target: { offset: 90 },
  ...over,
})
const groupOf = (over: Partial<ObservedGroup> = {}): ObservedGroup => ({
  group: 'billing',
  isActiveOnTarget: false,
  positions: [],
  gone: [gone()],
  ...over,
})

/** A process that has written position 90 of one partition, at the time 0. */
function written(groups: readonly string[] = ['billing'], atMs: number | null = 0): PositionMemory {
  const trace = {
    kind: 'ours' as const,
    written: { sourceOffset: 100, targetOffset: 90, atMs: atMs ?? undefined },
    sent: [],
  }
  const known = { wasActive: false, goneSince: new Map(), syncedAtMs: 0, seenAtMs: 0 }
  return new Map(groups.map((group) => [group, { ...known, traces: new Map([['orders/0', trace]]) }]))
}

class World {
  memory = written()
  nowMs = 0

  pass(groups: readonly ObservedGroup[], outcomes: ReadonlyMap<string, GroupOutcome> = new Map()) {
    const timing = { nowMs: this.nowMs, monotonicMs: this.nowMs, renewAfterMs: 3_600_000, deletionGraceMs: GRACE }
    const decision = decidePositions({ ...timing, groups, memory: this.memory })
    const conclusion = concludePositions(decision, outcomes, linkName('l'))
    this.memory = conclusion.memory
    return { ...conclusion, verdicts: decision.groups.map(({ gone }) => gone.map(({ kind }) => kind)) }
  }

  /** Passes in which the group is gone, a third of the grace period apart. */
  passes(count: number, group: ObservedGroup = groupOf()) {
    const kinds: string[] = []
    for (let pass = 0; pass < count; pass++) {
      kinds.push(...(this.pass([group]).verdicts[0] ?? []))
      this.nowMs += GRACE / 3
    }
    return kinds
  }
}

const deleted = new Map([['billing', { deletions: new Map([['copy/0', 0]]) }]])

describe('what is gone at the source', () => {
  it('is deleted after the grace period, and then forgotten', () => {
    const world = new World()
    expect(world.passes(3)).toEqual(['waiting', 'waiting', 'waiting'])
    const last = world.pass([groupOf()], deleted)
    expect(last.verdicts).toEqual([['delete']])
    expect(last.deleted).toEqual(new Map([['billing', 1]]))
    expect(last.statuses).toEqual([])
    expect(world.memory.get('billing')?.traces.size).toBe(0)
  })

  it('says how long it still has', () => {
    const world = new World()
    world.pass([groupOf()])
    world.nowMs = 60_000
    const [status] = world.pass([groupOf()]).statuses
    expect(status).toMatchObject({
      state: 'gone-at-source',
      reason: 'gone at the source: deleted here in 540 s unless it comes back',
      rereadRecords: null,
    })
  })

  it('is kept where it was seen to be gone only twice, however long ago', () => {
    const world = new World()
    world.pass([groupOf()])
    world.nowMs = GRACE * 10
    expect(world.pass([groupOf()]).verdicts).toEqual([['waiting']])
    expect(world.pass([groupOf()]).verdicts).toEqual([['delete']])
  })

  it('is kept while its coordinator does not answer', () => {
    const world = new World()
    const silent = groupOf({ gone: [], failure: 'the source does not tell the positions of the group: no answer' })
    expect(world.passes(20, silent)).toEqual([])
    expect(world.memory.get('billing')?.traces.size).toBe(1)
  })

  it('begins its time anew after it was back', () => {
    const world = new World()
    world.passes(3)
    const translation = { targetTopic: 'copy', offset: 90, behindRecords: 0 }
    const back = { ...gone(), source: { offset: 100, metadata: '' }, target: { offset: 90, metadata: '' } }
    world.pass([groupOf({ gone: [], positions: [{ ...back, translation, targetAtSource: 100 }] })])
    expect(world.passes(3)).toEqual(['waiting', 'waiting', 'waiting'])
  })

  const kept: [string, Partial<ObservedGroup>][] = [
    ['somebody else moved it on the target', { gone: [gone({ target: { offset: 91 } })] }],
    ['it is not on the target any more', { gone: [gone({ target: undefined })] }],
    ['the group has members on the target', { isActiveOnTarget: true }],
  ]
  it.each(kept)('is no longer ours where %s', (_why, over) => {
    const world = new World()
    expect(world.passes(1, groupOf(over))).toEqual([])
    expect(world.memory.get('billing')?.traces.size).toBe(0)
  })

  it('is not ours where no write of this process was answered', () => {
    const world = new World()
    world.memory = written(['billing'], null)
    expect(world.passes(5)).toEqual([])
  })

  it('is kept while its topic is gone or not copied', () => {
    const world = new World()
    const doubted = groupOf({ gone: [gone({ doubt: 'orders is not there at the source' })] })
    expect(new Set(world.passes(10, doubted))).toEqual(new Set(['kept']))
    expect(world.memory.get('billing')?.goneSince.size).toBe(0)
  })

  it('is kept where most groups vanish together, and deleted where as many groups stay', () => {
    const names = Array.from({ length: 11 }, (_, at) => `g${at}`)
    const vanished = names.map((group) => groupOf({ group }))
    const stays = names.map((group) => {
      const translation = { targetTopic: 'copy', offset: 90, behindRecords: 0 }
      const source = { offset: 100, metadata: '' }
      const target = { offset: 90, metadata: '' }
      return groupOf({
        group: `s-${group}`,
        gone: [],
        positions: [{ ...gone(), source, target, translation, targetAtSource: 100 }],
      })
    })
    const verdictsWith = (others: readonly ObservedGroup[]) => {
      const world = new World()
      world.memory = written(names)
      let last = world.pass([...vanished, ...others])
      for (let pass = 0; pass < 4; pass++) {
        world.nowMs += GRACE
        last = world.pass([...vanished, ...others])
      }
      return { kinds: new Set(last.verdicts.flat()), reason: last.statuses[0]?.reason }
    }
    expect(verdictsWith([])).toEqual({
      kinds: new Set(['kept']),
      reason: expect.stringContaining('11 of 11 groups vanished at the source together'),
    })
    expect(verdictsWith(stays).kinds).toEqual(new Set(['delete']))
  })

  it('is tried again after another grace period where the target refuses', () => {
    const world = new World()
    world.passes(3)
    const refused = world.pass([groupOf()], new Map([['billing', { deletions: new Map([['copy/0', 30]]) }]]))
    expect(refused.deleted.size).toBe(0)
    expect(refused.statuses[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('GROUP_AUTHORIZATION_FAILED'),
    })
    expect(world.passes(4)).toEqual(['waiting', 'waiting', 'waiting', 'delete'])
  })

  it('belongs to the members who came in between', () => {
    const world = new World()
    world.passes(3)
    world.pass([groupOf()], new Map([['billing', { deletions: new Map([['copy/0', 86]]) }]]))
    expect(world.memory.get('billing')?.traces.size).toBe(0)
  })
})
