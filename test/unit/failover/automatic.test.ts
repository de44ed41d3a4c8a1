import { describe, expect, it } from 'vitest'
import { type AutomaticEvidence, decideAutomatic, type Vote } from '../../../src/failover/automatic.ts'
import { pauseGroup } from '../../../src/failover/requests.ts'
import { east, start, threeRegions, WHEN } from '../../support/failover/machine-model.ts'

const vote = (vantage: string, verdict: Vote['verdict'] = 'down', forMs = 70_000): Vote => ({ vantage, verdict, forMs })
const decide = (over: Partial<AutomaticEvidence> = {}) =>
  decideAutomatic({
    mode: 'automatic',
    document: threeRegions(),
    votes: [vote('a'), vote('b'), vote('c')],
    vantagePoints: 3,
    dwellMs: 60_000,
    fence: 'refused-everywhere',
    target: east,
    ...over,
  })

describe('decideAutomatic', () => {
  it('moves when a majority has seen it down for long enough and nobody can write there', () => {
    expect(decide()).toMatchObject({ kind: 'move', to: east })
    expect(decide({ votes: [vote('a'), vote('b'), vote('c', 'not-down')] })).toMatchObject({ kind: 'move' })
  })

  it.each([
    ['nobody asked for it', { mode: 'manual' }],
    ['the group is paused', { document: pauseGroup(threeRegions(), { by: 'ada', reason: 'x', since: WHEN }) }],
    ['a move runs', { document: start(threeRegions()) }],
    ['only one sees it', { votes: [vote('a'), vote('b', 'not-down'), vote('c', 'not-down')] }],
    ['a 43-second cut', { votes: [vote('a', 'down', 43_000), vote('b', 'down', 43_000), vote('c', 'down', 43_000)] }],
    ['one speaks three times', { votes: [vote('a'), vote('a'), vote('a')] }],
    ['two of them are in doubt', { votes: [vote('a'), vote('b', 'in-doubt'), vote('c', 'in-doubt')] }],
    ['two vantage points are no quorum', { votes: [vote('a')], vantagePoints: 1 }],
    ['a dwell time below the least', { dwellMs: 0, votes: [vote('a', 'down', 59_000), vote('b', 'down', 59_000)] }],
    ['half of four', { vantagePoints: 4, votes: [vote('a'), vote('b'), vote('c', 'not-down'), vote('d', 'not-down')] }],
    ['no standby passes its guards', { target: undefined }],
  ] as const)('stays when %s', (_, over) => {
    expect(decide(over).kind).toBe('stay')
  })

  it('pages with the one command where the fence is not proved', () => {
    const decision = decide({ fence: undefined })
    expect(decision.kind === 'page' ? decision.command : '').toContain('isthmus failover orders --to east')
  })

  it('only tells when it observes', () => {
    expect(decide({ mode: 'observe' })).toMatchObject({ kind: 'would-move', to: east })
  })
})
