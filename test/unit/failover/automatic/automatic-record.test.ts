import { describe, expect, it } from 'vitest'
import type { AutomaticRecord } from '../../../../src/failover/automatic/automatic-record.ts'
import { checkInvariants } from '../../../../src/failover/moves/invariants.ts'
import { east, start, threeRegions, west, WHEN } from '../../../support/failover/machine-model.ts'

const record = (over: Partial<AutomaticRecord> = {}): AutomaticRecord => {
  return { operation: 'op-1', from: west, to: east, epoch: 1, phase: 'fencing', at: WHEN, reason: 'down', ...over }
}
const under = (over: Partial<AutomaticRecord> = {}) => ({ ...threeRegions(), automatic: record(over) })
const order = { kind: 'failover' as const, id: 'op-1' }

describe('a move that starts beside an attempt', () => {
  it('is its own where the fence was shown', () => {
    const before = under({ phase: 'fenced', fence: 'command' })
    const after = start(before, order)
    expect(after.automatic).toMatchObject({ phase: 'ordered', fence: 'command' })
    expect(checkInvariants(before, after)).toEqual([])
  })

  it('takes its place where a person asked for it', () => {
    const after = start(under(), { kind: 'failover', id: 'op-2' })
    expect(after.automatic).toBeUndefined()
    expect(checkInvariants(under(), after)).toEqual([])
  })
})

describe('the invariants of an attempt', () => {
  it.each([
    ['was ordered without a fence', under(), start(under(), order)],
    ['was ordered without a fence', under(), under({ phase: 'ordered' })],
    ['began beside the attempt', under(), { ...start(threeRegions(), { id: 'op-2' }), automatic: record() }],
    ['appeared at fenced', threeRegions(), under({ phase: 'fenced', fence: 'command' })],
    ['replaced op-1', under({ phase: 'failed' }), under({ operation: 'op-2' })],
    [
      'began beside op-2',
      start(threeRegions(), { id: 'op-2' }),
      { ...start(threeRegions(), { id: 'op-2' }), automatic: record() },
    ],
    ['was dropped at undoing', under({ phase: 'undoing' }), threeRegions()],
  ] as const)('%s', (sentence, before, after) => {
    expect(checkInvariants(before, after).join('; ')).toContain(sentence)
  })
})
