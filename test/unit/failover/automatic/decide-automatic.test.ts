import { describe, expect, it } from 'vitest'
import type { AutomaticPhase, AutomaticRecord } from '../../../../src/failover/automatic/automatic-record.ts'
import { type AutomaticEvidence, decideAutomatic } from '../../../../src/failover/automatic/decide-automatic.ts'
import { tallyVotes, type Vote } from '../../../../src/failover/automatic/tally-votes.ts'
import { pauseGroup } from '../../../../src/failover/requests.ts'
import { east, start, threeRegions, west, WHEN } from '../../../support/failover/machine-model.ts'

const vote = (vantage: string, said: Vote['vote'] = 'down', downForMs = 70_000): Vote => {
  return { vantage, standsIn: null, vote: said, ageMs: 0, downForMs: said === 'down' ? downForMs : 0 }
}
const ready = { kind: 'ready', to: east, reason: 'east passes its guards' } as const
const decide = (over: Partial<AutomaticEvidence> = {}) =>
  decideAutomatic({
    mode: 'automatic',
    document: threeRegions(),
    hold: undefined,
    votes: [vote('a'), vote('b'), vote('c')],
    vantagePoints: 3,
    dwellMs: 60_000,
    target: ready,
    fence: undefined,
    attemptAgeMs: 0,
    cooldownMs: 300_000,
    at: WHEN,
    nextOperation: 'orders-1',
    ...over,
  })
const attempt = (phase: AutomaticPhase): AutomaticRecord => {
  return { operation: 'orders-1', from: west, to: east, epoch: 1, phase, at: WHEN, reason: 'it is down' }
}
const under = (phase: AutomaticPhase) => ({ ...threeRegions(), automatic: attempt(phase) })
const held = { kind: 'held', by: 'command', reason: 'the fence command of west succeeded' } as const

describe('decideAutomatic without an attempt', () => {
  it('begins with the fence when a majority has seen it down for long enough', () => {
    expect(decide()).toMatchObject({ kind: 'fence', attempt: { operation: 'orders-1', phase: 'fencing', to: east } })
    expect(decide({ votes: [vote('a'), vote('b'), vote('c', 'silent')] }).kind).toBe('fence')
  })

  it.each([
    ['nobody asked for it', { mode: 'manual' }, 'only made when asked for'],
    ['another process leads', { hold: 'another controller leads' }, 'another controller leads'],
    ['paused', { document: pauseGroup(threeRegions(), { by: 'ada', reason: 'x', since: WHEN }) }, 'paused by ada'],
    ['a move runs', { document: start(threeRegions()) }, 'switchover op-1 runs'],
    [
      'one sees it',
      { votes: [vote('a'), vote('b', 'suspect'), vote('c', 'suspect')] },
      '1 of 3 vantage points see west',
    ],
    [
      'a 43-second cut',
      { votes: [vote('a', 'down', 43_000), vote('b', 'down', 41_000), vote('c', 'suspect')] },
      '2 of 3 vantage points see west down for 41 s of 60 s',
    ],
    ['one speaks three times', { votes: [vote('a'), vote('a'), vote('a')] }, '1 of 3'],
    ['two are in doubt', { votes: [vote('a'), vote('b', 'in-doubt'), vote('c', 'in-doubt')] }, '1 of 3'],
    ['two are cut off', { votes: [vote('a'), vote('b', 'cut-off'), vote('c', 'silent')] }, '1 of 3'],
    ['two vantage points are no quorum', { votes: [vote('a')], vantagePoints: 1 }, '1 of 3'],
    ['half of four', { votes: ['a', 'b'].map((it) => vote(it)), vantagePoints: 4 }, '2 of 4 vantage points'],
    [
      'more are heard than should be',
      { votes: 'abcd'.split('').map((it, at) => vote(it, at < 2 ? 'down' : 'silent')) },
      '2 of 4',
    ],
    ['the standbys were not looked at', { target: undefined }, 'are being looked at'],
  ] as const)('stays when %s', (_, over, reason) => {
    const decision = decide(over)
    expect(decision.kind).toBe('stay')
    expect(decision.reason).toContain(reason)
  })

  it('pages where somebody sees the region up', () => {
    const decision = decide({ votes: [vote('a'), vote('b'), vote('c', 'up')] })
    expect(decision).toMatchObject({
      kind: 'page',
      command: expect.stringContaining('--attest "nobody can write to west"'),
    })
    expect(decision.reason).toContain('c see west up')
  })

  it('pages with what a person may do where no standby can take over', () => {
    const target = { kind: 'blocked', reason: 'no standby is known to serve', command: 'isthmus status' } as const
    expect(decide({ target })).toMatchObject({ kind: 'page', command: 'isthmus status' })
  })

  it('only tells when it observes', () => {
    expect(decide({ mode: 'observe' })).toMatchObject({ kind: 'would-move', to: east })
  })
})

describe('decideAutomatic with an attempt', () => {
  it('moves once the fence is shown, and asks for it until then', () => {
    expect(decide({ document: under('fencing') }).kind).toBe('fence')
    const trying = { kind: 'trying', reason: 'it runs' } as const
    expect(decide({ document: under('fencing'), fence: trying }).kind).toBe('fence')
    expect(decide({ document: under('fencing'), fence: held })).toMatchObject({ kind: 'move', by: 'command' })
  })

  it('has the fence shown again by whoever leads next', () => {
    expect(decide({ document: under('fenced') }).kind).toBe('fence')
  })

  it.each([
    ['the majority is gone', { votes: [vote('a'), vote('b', 'suspect'), vote('c', 'silent')] }],
    ['somebody sees it up', { votes: [vote('a'), vote('b'), vote('c', 'up')] }],
    ['the group was paused', { document: pauseGroup(under('fenced'), { by: 'ada', reason: 'x', since: WHEN }) }],
    ['the standby cannot take over any more', { target: { kind: 'blocked', reason: 'x', command: 'y' } }],
    ['another standby is to take over', { target: { kind: 'ready', to: west, reason: 'x' } }],
    ['the fence could not be shown', { fence: { kind: 'failed', reason: 'exit code 1' } }],
    ['the mode was changed', { mode: 'observe' }],
    ['the mode is manual now', { mode: 'manual' }],
  ] as const)('opens the region again when %s', (_, over) => {
    const document = under('fenced')
    expect(decide({ document, fence: held, ...over })).toMatchObject({
      kind: 'undo',
      command: expect.stringContaining('isthmus failover orders --to east --accept-loss --reason "west is down"'),
    })
  })

  it('follows its order to the end', () => {
    const running = { ...start(threeRegions(), { id: 'orders-1' }), automatic: attempt('ordered') }
    expect(decide({ document: running }).reason).toBe('failover orders-1 runs')
    expect(decide({ document: { ...under('ordered'), epoch: 2 } }).kind).toBe('forget')
    expect(decide({ document: under('ordered') })).toMatchObject({ kind: 'fail' })
  })

  it('makes one attempt for each incident, and pages after it', () => {
    const late = { document: under('failed'), attemptAgeMs: 600_000 }
    expect(decide(late)).toMatchObject({ kind: 'page', reason: expect.stringContaining('has failed') })
    const seen = ['a', 'b', 'c'].map((it) => vote(it, 'up'))
    expect(decide({ ...late, votes: seen })).toMatchObject({ kind: 'forget' })
    expect(decide({ ...late, votes: seen, attemptAgeMs: 299_000 })).toMatchObject({ kind: 'stay' })
    expect(decide({ ...late, votes: [vote('a', 'up'), vote('b', 'silent'), vote('c', 'silent')] }).kind).toBe('stay')
  })
})

describe('tallyVotes', () => {
  it('counts the time of a majority, not of the first', () => {
    const votes = [vote('a', 'down', 90_000), vote('b', 'down', 20_000), vote('c', 'down', 10_000)]
    const tally = tallyVotes(votes, { region: 'west', vantagePoints: 3, dwellMs: 60_000 })
    expect(tally).toMatchObject({ heldMs: 20_000, isRipe: false, needed: 2, expected: 3 })
  })
})
