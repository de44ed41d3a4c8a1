import { describe, expect, it } from 'vitest'
import { decideOrder, type OrderSight } from '../../../src/controller/agent-commands.ts'
import type { AgentAnswer, AgentOrder } from '../../../src/controller/agent-orders.ts'
import { east, start, threeRegions, west, WHEN } from '../../support/failover/machine-model.ts'

const own = { agent: 'agent-1', region: west }
const order: AgentOrder = {
  format: 1,
  id: 'order-1',
  region: west,
  group: 'orders',
  verb: 'fence',
  operation: 'op-1',
  lease: 'controller',
  token: 7,
  by: 'controller-1',
  at: WHEN,
}
const answer = (over: Partial<AgentAnswer> = {}): AgentAnswer => {
  return { format: 1, order: 'order-1', agent: 'agent-1', beat: 1, end: null, ...over }
}
const leaving = start(threeRegions(), { kind: 'failover', id: 'op-1' })
const decide = (over: Partial<OrderSight> = {}) =>
  decideOrder({ order, answer: undefined, unchangedMs: 0, token: 7, document: leaving, ...over }, own)

describe('an agent carries out an order', () => {
  const attempt = { operation: 'op-1', from: west, to: east, epoch: 1, phase: 'fencing' as const, at: WHEN, reason: '' }

  it.each([
    ['of a move that leaves its region', {}],
    ['of an attempt to leave it unasked', { document: { ...threeRegions(), automatic: attempt } }],
    ['of a person', { order: { ...order, operation: 'manual:ada' }, document: threeRegions() }],
    ['while its region is not active', { document: { ...threeRegions(), active: east } }],
    ['to open it again, whatever was recorded', { order: { ...order, verb: 'unfence' as const }, document: undefined }],
    ['that it has begun', { answer: answer() }],
    ['that another agent has taken and left', { answer: answer({ agent: 'agent-2' }), unchangedMs: 6_000 }],
    ['that is newer than its last answer', { answer: answer({ order: 'order-0', agent: 'agent-2' }) }],
  ])('%s', (_, over) => {
    expect(decide(over).kind).toBe('run')
  })

  it.each([
    ['for another region', { order: { ...order, region: east } }, 'it is for east'],
    ['of one that leads no more', { token: 8 }, 'token 7 is not 8'],
    ['while nobody leads', { token: undefined }, 'token 7 is not held'],
    ['for a move that is gone', { document: threeRegions() }, 'nothing under way fences west for op-1'],
    ['of a group that it does not know', { document: undefined }, 'nothing under way'],
    ['that was carried out', { answer: answer({ end: { kind: 'ran', code: 0, output: '' } }) }, 'it was carried out'],
    ['that another agent runs', { answer: answer({ agent: 'agent-2' }), unchangedMs: 1_000 }, 'agent-2 runs it'],
  ])('but none %s', (_, over, reason) => {
    expect(decide(over)).toMatchObject({ kind: 'leave', reason: expect.stringContaining(reason) })
  })
})
