import { expect, test } from 'vitest'
import { statusOfGroup } from '../../../../src/controller/custom-resources/group-object.ts'
import { newsOfGroup, newsOfOperation } from '../../../../src/controller/custom-resources/news.ts'
import type { GroupDocument } from '../../../../src/failover/index.ts'
import { east, start, threeRegions } from '../../../support/failover/machine-model.ts'

const object = { metadata: { name: 'orders', generation: 1 } }
const shown = (document: GroupDocument) =>
  statusOfGroup({ document, lag: '0s', drill: undefined, at: '2026-02-02T00:00:00.000Z' }, object)

test('a group tells that another region is active', () => {
  const first = threeRegions()
  const { west, east: left, ...others } = first.regions
  if (west === undefined || left === undefined) throw new Error('a region is missing')
  const moved = shown({ ...first, active: east, epoch: 2, regions: { ...others, west: left, east: west } })
  expect(newsOfGroup(shown(threeRegions()), moved)).toMatchObject([{ type: 'Normal', reason: 'ActiveChanged' }])
})

test('a group that moves is told of without a warning, one that waits for a person with one', () => {
  const moving = start(threeRegions())
  const { operation } = moving
  if (operation === undefined) throw new Error('nothing was started')
  const stuck: GroupDocument = { ...moving, operation: { ...operation, phase: 'needs-operator' } }
  expect(newsOfGroup(shown(threeRegions()), shown(moving))).toMatchObject([{ type: 'Normal', reason: 'Moving' }])
  expect(newsOfGroup(shown(threeRegions()), shown(stuck))).toMatchObject([{ type: 'Warning', reason: 'NeedsOperator' }])
})

test('nothing is told of what is seen for the first time, or stays', () => {
  expect(newsOfGroup(undefined, shown(threeRegions()))).toEqual([])
  expect(newsOfGroup(shown(threeRegions()), shown(threeRegions()))).toEqual([])
  const status = { phase: 'Ordered', message: 'it waits', step: 'cut', conditions: [], observedGeneration: 1 } as const
  expect(newsOfOperation(status, { ...status, message: 'it still waits' })).toEqual([])
})
