import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linkName } from '../../../../src/core/index.ts'
import { concludePositions } from '../../../../src/replication/positions/conclude-positions.ts'
import { decidePositions, type PositionMemory } from '../../../../src/replication/positions/decide-positions.ts'

/**
 * One partition of one group, driven through random histories: the source reads on or goes back, answers get lost,
 * another writer moves the target's position, members come and go, the process restarts. The model knows who wrote what.
 */
type Step =
  | { kind: 'read'; offset: number }
  | { kind: 'foreign-write'; offset: number }
  | { kind: 'delete' }
  | { kind: 'members'; present: boolean }
  | { kind: 'restart' }
  | { kind: 'pass'; answer: 'ok' | 'lost-written' | 'lost-unwritten' | 'refused' }

const RUNS = 2_000
const offset = fc.integer({ min: 0, max: 30 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), offset }),
  fc.record({ kind: fc.constant('foreign-write' as const), offset }),
  fc.record({ kind: fc.constant('delete' as const) }),
  fc.record({ kind: fc.constant('members' as const), present: fc.boolean() }),
  fc.record({ kind: fc.constant('restart' as const) }),
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      answer: fc.constantFrom('ok', 'lost-written', 'lost-unwritten', 'refused'),
    }),
  },
)

/** Source offsets and their target offsets: holes make it flat in places. */
const translate = (source: number) => source - Math.floor(source / 4)

interface World {
  source: number
  target: number | undefined
  /** Whether the position was written by another, and whether a process of ours was looking then. */
  foreign: 'no' | 'seen' | 'unseen'
  hasMembers: boolean
  memory: PositionMemory
  /** At the source, since our last write. */
  wentBack: boolean
  /** Sent since the last accepted write, that one included: a position equal to one of them may be ours. */
  sent: Set<number>
  timeMs: number
}

function pass(
  world: World,
  answer: Extract<Step, { kind: 'pass' }>['answer'],
): { before: number | undefined; wrote: number | undefined } {
  const before = world.target
  const translation = { targetTopic: 'copy', offset: translate(world.source), behindRecords: 0 }
  const decision = decidePositions({
    nowMs: world.timeMs,
    monotonicMs: world.timeMs,
    renewAfterMs: 10,
    deletionGraceMs: 1_000_000,
    memory: world.memory,
    groups: [
      {
        group: 'g',
        isActiveOnTarget: world.hasMembers,
        positions: [
          {
            topic: 't',
            targetTopic: 'copy',
            partition: 0,
            source: { offset: world.source, metadata: '' },
            target: before === undefined ? undefined : { offset: before, metadata: '' },
            translation,
            targetAtSource: undefined,
          },
        ],
        gone: [],
      },
    ],
  })
  const commit = decision.groups[0]?.positions[0]?.commit
  const outcomes = new Map()
  let wrote: number | undefined
  if (commit !== undefined) {
    const code = answer === 'ok' ? 0 : 29
    const commits = answer.startsWith('lost') ? { failed: 'no answer' } : new Map([['copy/0', code]])
    outcomes.set('g', { commits })
    if (answer === 'ok' || answer === 'lost-written') wrote = commit.position.offset
  }
  world.memory = concludePositions(decision, outcomes, linkName('l')).memory
  if (wrote !== undefined) world.target = wrote
  if (answer === 'ok' && wrote !== undefined) world.sent.clear()
  if (commit !== undefined) world.sent.add(commit.position.offset)
  return { before, wrote }
}

function run(
  steps: readonly Step[],
  check: (world: World, moved: { before: number | undefined; wrote: number }) => void,
): World {
  const world: World = {
    source: 10,
    target: undefined,
    foreign: 'no',
    hasMembers: false,
    memory: new Map(),
    wentBack: false,
    sent: new Set(),
    timeMs: 0,
  }
  for (const one of steps) {
    world.timeMs += 3
    if (one.kind === 'read') {
      world.wentBack ||= one.offset < world.source
      world.source = one.offset
    } else if (one.kind === 'foreign-write') {
      if (one.offset === world.target) continue
      world.foreign = world.memory.size === 0 ? 'unseen' : world.sent.has(one.offset) ? 'no' : 'seen'
      world.target = one.offset
    } else if (one.kind === 'delete') {
      world.target = undefined
      world.foreign = 'no'
    } else if (one.kind === 'members') world.hasMembers = one.present
    else if (one.kind === 'restart') {
      world.memory = new Map()
      if (world.foreign === 'seen') world.foreign = 'unseen'
    } else {
      const { before, wrote } = pass(world, one.answer)
      if (wrote === undefined) continue
      check(world, { before, wrote })
      world.foreign = 'no'
      world.wentBack = false
    }
  }
  return world
}

describe('positions over random histories', () => {
  it('never go backwards unless the group went back at the source', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        run(steps, (world, { before, wrote }) => {
          if (before !== undefined && wrote < before) expect(world.wentBack).toBe(true)
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('never replace a foreign position that is ahead of the source', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        run(steps, (world, { before, wrote }) => {
          if (world.foreign !== 'no' && before !== undefined) expect(wrote).toBeGreaterThanOrEqual(before)
        })
      }),
      { numRuns: RUNS },
    )
  })

  it('never replace what another moved while a process looked', () => {
    const answered = step.filter((one) => one.kind !== 'pass' || one.answer === 'ok')
    fc.assert(
      fc.property(fc.array(answered, { maxLength: 60 }), (steps) => {
        run(steps, (world) => expect(world.foreign).not.toBe('seen'))
      }),
      { numRuns: RUNS },
    )
  })

  it('are never written while the group has members on the target', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        run(steps, (world) => expect(world.hasMembers).toBe(false))
      }),
    )
  })

  it('reach the translation of the source where nobody else writes, whatever answers are lost', () => {
    const undisturbed = fc.array(
      step.filter(({ kind }) => kind === 'read' || kind === 'pass' || kind === 'delete'),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(undisturbed, (steps) => {
        const world = run([...steps, { kind: 'pass', answer: 'ok' }], () => {})
        expect(world.target).toBe(translate(world.source))
      }),
      { numRuns: 1_000 },
    )
  })

  it('are renewed for as long as they do not change', () => {
    const world = run([{ kind: 'pass', answer: 'ok' }], () => {})
    const writes: number[] = []
    for (let second = 0; second < 40; second++) {
      world.timeMs += 1
      if (pass(world, 'ok').wrote !== undefined) writes.push(second)
    }
    expect(writes).toEqual([9, 19, 29, 39])
  })
})
