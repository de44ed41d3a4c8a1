import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { findIncident, type Surroundings } from '../../../../src/failover/drills/find-incident.ts'
import { east, start, threeRegions, west } from '../../../support/failover/machine-model.ts'

const drill = { from: west, region: east }
const calm: Surroundings = {
  judgements: [
    { region: west, verdict: 'up', reason: 'it answers' },
    { region: east, verdict: 'unknown', reason: 'no sample yet' },
    { region: 'north', verdict: 'down', reason: 'nobody reaches it' },
  ],
  groups: [threeRegions()],
  own: new Set(),
}

test('regions that are well, or not looked at yet, and those of others disturb no drill', () => {
  expect(findIncident(drill, calm)).toBeUndefined()
})

test.each(['suspect', 'down', 'unconfirmed', 'cut-off', 'isolated', 'contested'] as const)(
  'a region that is %s ends it',
  (verdict) => {
    const judgements = [{ region: east, verdict, reason: 'two looks failed' }]
    expect(findIncident(drill, { ...calm, judgements })).toBe(`east is ${verdict}: two looks failed`)
  },
)

test('an operation of somebody else ends it, its own does not', () => {
  const groups = [start(threeRegions())]
  expect(findIncident(drill, { ...calm, groups })).toBe('switchover op-1 of group orders runs, which ada asked for')
  expect(findIncident(drill, { ...calm, groups, own: new Set(['op-1']) })).toBeUndefined()
})

test('a group that is paused ends it', () => {
  const groups = [{ ...threeRegions(), paused: { by: 'grace', reason: 'an audit', since: 'then' } }]
  expect(findIncident(drill, { ...calm, groups })).toBe('group orders was paused by grace: an audit')
  expect(findIncident({ ...drill, region: regionName('east') }, { ...calm, groups: [] })).toBeUndefined()
})
