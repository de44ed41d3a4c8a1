import { expect, test } from 'vitest'
import { isWorthShowing, statusOfGroup } from '../../../../src/controller/custom-resources/group-object.ts'
import type { GroupDocument } from '../../../../src/failover/index.ts'
import { start, threeRegions } from '../../../support/failover/machine-model.ts'

const LATER = '2026-02-02T00:00:00.000Z'
const object = { metadata: { name: 'orders', generation: 3 } }
const seen = (document: GroupDocument | undefined) => ({ document, lag: '3s', drill: undefined, at: LATER })
const readyOf = (document: GroupDocument | undefined) => {
  const { conditions } = statusOfGroup(seen(document), object)
  return conditions.find(({ type }) => type === 'Ready')
}

test('a group that stands is ready, with its region and its reign', () => {
  expect(statusOfGroup(seen(threeRegions()), object)).toMatchObject({
    active: 'west',
    phase: 'steady',
    epoch: 1,
    lag: '3s',
    observedGeneration: 3,
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Moving', status: 'False' },
    ],
  })
})

test.each<[string, GroupDocument | undefined, string, string]>([
  ['is not recorded', undefined, 'Unknown', 'NotRecorded'],
  ['moves', start(threeRegions()), 'False', 'Moving'],
  ['is paused', { ...threeRegions(), paused: { by: 'ada', reason: 'audit', since: LATER } }, 'False', 'Paused'],
  ['has a region that is away', withRole('lost'), 'False', 'RegionAway'],
])('a group that %s says so', (_, document, status, reason) => {
  expect(readyOf(document)).toMatchObject({ status, reason, observedGeneration: 3 })
})

test('the time of a condition is that of its last change', () => {
  const before = { ...object, status: statusOfGroup({ ...seen(threeRegions()), at: 'before' }, object) }
  const [ready, moving] = statusOfGroup(seen(start(threeRegions())), before).conditions
  expect([ready?.lastTransitionTime, moving?.lastTransitionTime]).toEqual([LATER, LATER])
  const [still] = statusOfGroup(seen(threeRegions()), before).conditions
  expect(still?.lastTransitionTime).toBe('before')
})

test.each([
  ['nothing but a moment', {}, 9, false],
  ['its lag, for a moment', { lag: '4s' }, 9, false],
  ['its lag', { lag: '4s' }, 10, true],
  ['its age', {}, 30, true],
  ['its epoch', { epoch: 2 }, 1, true],
])('what differs by %s is written or not', (_, difference, afterSeconds, isWorth) => {
  const before = statusOfGroup(seen(threeRegions()), object)
  const seenAt = new Date(Date.parse(before.seenAt) + afterSeconds * 1_000).toISOString()
  expect(isWorthShowing(before, { ...before, ...difference, seenAt })).toBe(isWorth)
})

function withRole(role: 'lost'): GroupDocument {
  const document = threeRegions()
  const east = { role, since: 'then', reason: 'it was left' }
  return { ...document, regions: { ...document.regions, east } }
}
