import { expect, test } from 'vitest'
import { wantOf } from '../../../src/controller/standing-fences.ts'
import type { GroupDocument, OperationRecord, RegionRole } from '../../../src/failover/index.ts'
import { start, threeRegions, west } from '../../support/failover/machine-model.ts'

const east = 'east'
const withRole = (role: RegionRole): GroupDocument => {
  const document = threeRegions()
  return { ...document, regions: { ...document.regions, [east]: { role, since: '', reason: '' } } }
}
const moving = (over: Partial<OperationRecord>): GroupDocument => {
  const document = start(threeRegions())
  return { ...document, operation: { ...(document.operation as OperationRecord), ...over } }
}

test.each(['standby', 'returning', 'reseeding'] as const)('a region that is %s carries a fence', (role) => {
  expect(wantOf(withRole(role), east)).toBe('fenced')
})

test('a lost region is fenced by its return, and a stranger by nobody', () => {
  expect(wantOf(withRole('lost'), east)).toBe('as-is')
  expect(wantOf(threeRegions(), 'nowhere')).toBe('as-is')
})

test('the active region is open, but for a move that holds its writes up or has not opened it yet', () => {
  expect(wantOf(threeRegions(), west)).toBe('open')
  expect(wantOf(moving({ phase: 'preflight' }), west)).toBe('open')
  expect(wantOf(moving({ phase: 'fencing', fence: 'intended' }), west)).toBe('as-is')
  expect(wantOf({ ...moving({ phase: 'opening', fence: 'proved' }), active: withRole('standby').active }, west)).toBe(
    'as-is',
  )
  expect(wantOf(moving({ phase: 'evicting', fence: 'proved' }), west)).toBe('open')
  expect(wantOf(moving({ phase: 'rolling-back', fence: 'intended' }), west)).toBe('as-is')
})
