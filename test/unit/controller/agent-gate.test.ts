import { expect, test } from 'vitest'
import { gateWishOf } from '../../../src/controller/agent-gate.ts'
import type { GroupDocument, OperationRecord } from '../../../src/failover/index.ts'
import { east, start, threeRegions, west } from '../../support/failover/machine-model.ts'

const moving = (over: Partial<OperationRecord>): GroupDocument => {
  const document = start(threeRegions())
  return { ...document, operation: { ...(document.operation as OperationRecord), ...over } }
}
const other = (active: typeof east): GroupDocument => ({ ...threeRegions(), group: 'bills', active, epoch: 7 })
const wantOf = (documents: GroupDocument[], region: string, groups = documents.map(({ group }) => group)) =>
  gateWishOf(documents, { region, groups, where: 'here.db' })

test('a gate is open in the active region and closed in every other one', () => {
  expect(wantOf([threeRegions()], west)).toEqual({
    want: 'open',
    reason: `${west} is active for orders (epoch 1)`,
    warning: undefined,
  })
  expect(wantOf([threeRegions()], east)).toMatchObject({ want: 'closed' })
  expect(wantOf([threeRegions(), other(west)], east)).toEqual({
    want: 'closed',
    reason: `${east} is not active for orders (epoch 1), bills (epoch 7)`,
    warning: undefined,
  })
})

test('a move that holds writes up, or has not opened the region yet, leaves the gate as it is', () => {
  expect(wantOf([moving({ phase: 'preflight' })], west)?.want).toBe('open')
  expect(wantOf([moving({ phase: 'fencing', fence: 'intended' })], west)?.want).toBe('as-is')
  expect(wantOf([{ ...moving({ phase: 'opening', fence: 'proved' }), active: east }], east)?.want).toBe('as-is')
  expect(wantOf([{ ...moving({ phase: 'opening', fence: 'proved' }), active: east }], west)?.want).toBe('closed')
  expect(wantOf([{ ...moving({ phase: 'evicting', fence: 'proved' }), active: east }], east)?.want).toBe('open')
})

test('a failover closes the region that it leaves before its commit, and opens the other one as every move does', () => {
  expect(wantOf([moving({ kind: 'failover', phase: 'preflight' })], west)?.want).toBe('open')
  expect(wantOf([moving({ kind: 'failover', phase: 'fencing', fence: 'intended' })], west)?.want).toBe('closed')
  const entered = { ...moving({ kind: 'failover', phase: 'promoting', fence: 'command' }), active: east }
  expect(wantOf([entered], east)?.want).toBe('as-is')
  expect(wantOf([entered], west)?.want).toBe('closed')
})

test('where groups differ it is open for the one that is active, and the rule is told', () => {
  const wish = wantOf([threeRegions(), other(east)], west)
  expect(wish?.want).toBe('open')
  expect(wish?.warning).toContain('a gate is for all groups of a region')
  expect(wish?.warning).toContain('not active for bills (epoch 7)')
  const paused = moving({ phase: 'fencing', fence: 'intended' })
  expect(wantOf([paused, other(east)], west)?.want).toBe('as-is')
  expect(wantOf([paused, other(west)], west)?.want).toBe('open')
})

test('a group that is not recorded says nothing, unless another one says that the region is active', () => {
  expect(wantOf([threeRegions()], east, ['orders', 'bills'])).toBeUndefined()
  expect(wantOf([threeRegions()], west, ['orders', 'bills'])?.want).toBe('open')
})

test('where nothing is recorded the gate stays as it is, and it is told which authority that is', () => {
  const wish = wantOf([], west, ['orders', 'bills'])
  expect(wish?.want).toBe('as-is')
  expect(wish?.reason).toBe('the authority at here.db answers, and has no record of orders, bills')
  expect(wish?.warning).toContain(`the gate of ${west} stays as it is: the authority at here.db answers`)
  expect(wish?.warning).toContain('start a controller')
})
