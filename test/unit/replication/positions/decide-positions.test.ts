import { describe, expect, it } from 'vitest'
import {
  decidePositions,
  type GroupMemory,
  type ObservedGroup,
  type ObservedPosition,
  type PositionMemory,
  type PositionVerdict,
} from '../../../../src/replication/positions/decide-positions.ts'
import type { PositionTrace } from '../../../../src/replication/positions/position-trace.ts'

const HOUR = 3_600_000
const at = (offset: number, metadata: string | null = '') => ({ offset, metadata })
const to = (offset: number, behindRecords = 0) => ({ targetTopic: 'copy', offset, behindRecords })

const position = (over: Partial<ObservedPosition> = {}): ObservedPosition => ({
  topic: 'orders',
  targetTopic: 'copy',
  partition: 0,
  source: at(100),
  target: undefined,
  translation: to(90),
  targetAtSource: undefined,
  ...over,
})
const ours = (sourceOffset: number, targetOffset: number, sent: [number, number][] = []): PositionTrace => ({
  kind: 'ours',
  written: { sourceOffset, targetOffset, atMs: 0 },
  sent: sent.map(([source, target]) => ({ sourceOffset: source, targetOffset: target, atMs: 1 })),
})
const remember = (trace: PositionTrace | undefined, over: Partial<GroupMemory> = {}): GroupMemory => ({
  wasActive: false,
  traces: new Map(trace && [['orders/0', trace]]),
  goneSince: new Map(),
  syncedAtMs: null,
  seenAtMs: 0,
  ...over,
})

function decide(over: Partial<ObservedGroup>, memory?: GroupMemory, monotonicMs = 1_000) {
  const group: ObservedGroup = { group: 'billing', isActiveOnTarget: false, positions: [], gone: [], ...over }
  const decision = decidePositions({
    nowMs: 0,
    monotonicMs,
    renewAfterMs: HOUR,
    deletionGraceMs: HOUR,
    groups: [group],
    memory: new Map(memory && [['billing', memory]]),
  })
  return { decision, memory: decision.memory.get('billing') }
}

function decideOne(over: Partial<ObservedPosition>, memory?: GroupMemory, monotonicMs?: number) {
  const { decision, memory: next } = decide({ positions: [position(over)] }, memory, monotonicMs)
  return { verdict: decision.groups[0]?.positions[0] as PositionVerdict, next }
}

describe('decidePositions', () => {
  const rows: [string, Partial<ObservedPosition>, GroupMemory | undefined, PositionVerdict['kind'], string][] = [
    ['no position on the target', {}, undefined, 'commit', 'the target has no position yet'],
    ['deleted or expired on the target', {}, remember(ours(90, 80)), 'commit', 'no position yet'],
    ['foreign before, deleted since', {}, remember({ kind: 'foreign' }), 'commit', 'no position yet'],
    ['the source read on', { target: at(80) }, remember(ours(90, 80)), 'commit', 'the group read on'],
    ['in step', { target: at(90) }, remember(ours(100, 90)), 'in-step', 'in step'],
    ['the group went back', { target: at(95) }, remember(ours(105, 95)), 'commit', 'went back at the source'],
    ['the map went back, not the group', { target: at(95) }, remember(ours(100, 95)), 'held', 'kept at 95'],
    ['the source read on, the map went back', { target: at(95) }, remember(ours(99, 95)), 'held', 'kept at 95'],
    ['metadata changed', { source: at(100, 'm'), target: at(90) }, remember(ours(100, 90)), 'commit', 'metadata'],
    [
      'no metadata either way',
      { source: at(100, null), target: at(90) },
      remember(ours(100, 90)),
      'in-step',
      'in step',
    ],
    ['first sight, behind', { target: at(50) }, undefined, 'commit', 'the group read on'],
    ['first sight, equal', { target: at(90) }, undefined, 'commit', 'renewed'],
    ['first sight, ahead', { target: at(91) }, undefined, 'foreign', 'ahead of 90'],
    [
      'first sight, after members left',
      { target: at(50) },
      remember(undefined, { wasActive: true }),
      'foreign',
      'not written',
    ],
    ['still ahead', { target: at(95) }, remember({ kind: 'ahead', offset: 95 }), 'foreign', 'ahead of 90'],
    [
      'passed by the source',
      { target: at(85) },
      remember({ kind: 'ahead', offset: 85 }),
      'commit',
      'the group read on',
    ],
    ['moved while ahead', { target: at(85) }, remember({ kind: 'ahead', offset: 80 }), 'foreign', 'not written'],
    ['moved forward by another', { target: at(95) }, remember(ours(90, 80)), 'foreign', 'not written'],
    ['moved back by another', { target: at(70) }, remember(ours(90, 80)), 'foreign', 'not written'],
    ['foreign stays foreign', { target: at(10) }, remember({ kind: 'foreign' }), 'foreign', 'not written'],
    ['lost answer, written', { target: at(85) }, remember(ours(90, 80, [[95, 85]])), 'commit', 'the group read on'],
    ['lost answer, not written', { target: at(80) }, remember(ours(90, 80, [[95, 85]])), 'commit', 'the group read on'],
    ['not copied yet', { translation: { pending: 'the takeover is under way' } }, undefined, 'not-copied', 'takeover'],
    ['unreadable', { failure: 'Kafka error 29', target: at(1) }, undefined, 'failed', 'Kafka error 29'],
  ]

  it.each(rows)('%s', (_name, observed, memory, kind, reason) => {
    const { verdict } = decideOne(observed, memory)
    expect(verdict.kind).toBe(kind)
    expect(verdict.reason).toContain(reason)
    if (kind === 'commit') {
      expect(verdict.commit?.position).toEqual({
        topic: 'copy',
        partition: 0,
        offset: 90,
        leaderEpoch: -1,
        metadata: observed.source?.metadata ?? '',
      })
    } else expect(verdict.commit).toBeUndefined()
  })

  it('moves a position that it took over back only after a write of its own was accepted', () => {
    const { next } = decideOne({ source: at(80), translation: to(70), target: at(70) })
    const { verdict } = decideOne({ source: at(75), translation: to(65), target: at(70) }, next)
    expect(verdict).toMatchObject({ kind: 'held', reason: expect.stringContaining('was not seen to go back') })
  })

  it('renews an unchanged position at its age, not before', () => {
    const unchanged = { target: at(90) }
    expect(decideOne(unchanged, remember(ours(100, 90)), HOUR - 1).verdict.kind).toBe('in-step')
    expect(decideOne(unchanged, remember(ours(100, 90)), HOUR).verdict).toMatchObject({
      kind: 'commit',
      reason: 'renewed before it expires',
    })
  })

  it('spreads renewals over passes, and lets no other write wait', () => {
    const old = remember(ours(100, 90))
    const names = Array.from({ length: 250 }, (_, at) => `g${at}`)
    const groups = names.map((group, at) => {
      const source = at === 249 ? { source: { offset: 110, metadata: '' }, translation: to(100) } : {}
      return {
        group,
        isActiveOnTarget: false,
        gone: [],
        positions: [position({ target: { offset: 90, metadata: '' }, ...source })],
      }
    })
    const memory = new Map(names.map((name) => [name, old]))
    const timing = { nowMs: 0, monotonicMs: HOUR, renewAfterMs: HOUR, deletionGraceMs: HOUR }
    const verdicts = decidePositions({ ...timing, groups, memory }).groups.map(({ positions }) => positions[0]?.kind)
    expect(verdicts.filter((kind) => kind === 'commit')).toHaveLength(101)
    expect(verdicts[249]).toBe('commit')
    expect(verdicts.filter((kind) => kind === 'in-step')).toHaveLength(149)
  })

  it('leaves a group with members alone, and what it writes meanwhile is its own', () => {
    const { decision, memory } = decide({ isActiveOnTarget: true, positions: [position()] })
    expect(decision.groups[0]?.positions[0]).toMatchObject({ kind: 'untouched' })
    expect(decideOne({ target: at(10) }, memory).verdict.kind).toBe('foreign')
  })

  it('on a standby of a failover group, moves forward what a group left behind when it was active there', () => {
    const pass = (seen: Partial<ObservedGroup>, memory: PositionMemory) =>
      decidePositions({
        nowMs: 0,
        monotonicMs: 0,
        renewAfterMs: HOUR,
        deletionGraceMs: HOUR,
        isStandby: true,
        groups: [{ group: 'billing', isActiveOnTarget: false, positions: [position()], gone: [], ...seen }],
        memory,
      })
    const active = pass({ isActiveOnTarget: true }, new Map())
    expect(active.groups[0]?.positions[0]).toMatchObject({ kind: 'untouched' })
    const behind = pass({ positions: [position({ target: at(10) })] }, active.memory)
    expect(behind.groups[0]?.positions[0]).toMatchObject({ kind: 'commit', reason: 'the group read on at the source' })
    const ahead = pass({ positions: [position({ target: at(95) })] }, active.memory)
    expect(ahead.groups[0]?.positions[0]).toMatchObject({ kind: 'foreign' })
    const moved = pass({ positions: [position({ target: at(12) })] }, behind.memory)
    expect(moved.groups[0]?.positions[0]).toMatchObject({ kind: 'commit', reason: 'the group read on at the source' })
    const movedAhead = pass({ positions: [position({ target: at(95) })] }, behind.memory)
    expect(movedAhead.groups[0]?.positions[0]).toMatchObject({ kind: 'foreign' })
    const overtaken = pass({ positions: [position({ target: at(50) })] }, movedAhead.memory)
    expect(overtaken.groups[0]?.positions[0]).toMatchObject({ kind: 'commit' })
  })

  it('goes on with a group whose members came and went without moving anything', () => {
    const { memory } = decide({ isActiveOnTarget: true, positions: [position()] }, remember(ours(90, 80)))
    expect(decideOne({ target: at(80) }, memory).verdict.kind).toBe('commit')
  })

  it('decides nothing for a group that could not be read, and forgets nothing of it', () => {
    const before = remember(ours(90, 80))
    const { decision, memory } = decide({ failure: 'no answer' }, before)
    expect(decision.groups[0]).toMatchObject({ failure: 'no answer', positions: [] })
    expect(memory).toEqual(before)
  })

  it('remembers that a position is foreign while the copy is not ready or unreadable', () => {
    for (const trouble of [{ translation: { pending: 'wait' } }, { failure: 'error' }]) {
      const { next } = decideOne({ target: at(10), ...trouble }, remember({ kind: 'foreign' }))
      expect(next?.traces.get('orders/0')).toEqual({ kind: 'foreign' })
    }
  })

  it('forgets a group only a day after the source listed it last', () => {
    const memory = new Map([['gone', remember({ kind: 'foreign' })]])
    const pass = (monotonicMs: number) =>
      decidePositions({
        nowMs: 0,
        monotonicMs,
        renewAfterMs: HOUR,
        deletionGraceMs: HOUR,
        groups: [],
        memory,
      }).memory.has('gone')
    expect(pass(24 * HOUR - 1)).toBe(true)
    expect(pass(24 * HOUR)).toBe(false)
  })

  it('decides each partition by itself', () => {
    const { decision } = decide({
      positions: [
        position({ partition: 0, failure: 'error' }),
        position({ partition: 1, target: at(99) }),
        position({ partition: 2 }),
      ],
    })
    expect(decision.groups[0]?.positions.map(({ kind }) => kind)).toEqual(['failed', 'foreign', 'commit'])
    expect(decision.reason).toBe('1 positions to commit')
  })
})
