import { expect, test } from 'vitest'
import type { FailoverGroupSummary, RegionsBody } from '../../../src/api/contract/index.ts'
import { awayOf, judgeGroup } from '../../../src/console/words/judge-group.ts'

type Summary = FailoverGroupSummary['regions'][number]

const entry = (region: string, role: Summary['role']): Summary => ({
  region,
  role,
  waiting: null,
  unfenced: null,
  members: null,
})
const WEST = entry('west', 'active')
const EAST = entry('east', 'standby')
const NORTH = entry('north', 'standby')

function judge({
  regions = [WEST, EAST],
  verdicts = {},
  ...given
}: Partial<FailoverGroupSummary> & { readonly verdicts?: Readonly<Record<string, string>> } = {}) {
  const group: FailoverGroupSummary = {
    group: 'orders',
    active: 'west',
    epoch: 7,
    since: '2026-01-01T00:00:00.000Z',
    regions,
    operation: null,
    operationId: null,
    needsOperator: false,
    isPaused: false,
    lastDrill: null,
    ...given,
  }
  const seen = regions.map(({ region }) => ({ region, verdict: verdicts[region] ?? 'up' }))
  return judgeGroup(group, { regions: seen as unknown as RegionsBody['regions'], exposures: [] })
}

test('a group with a standby that could take over is as it should be', () => {
  expect(judge()).toEqual({ level: 'good', words: 'as it should be' })
})

test('a group that nothing stands by for is never good, however well its region does', () => {
  expect(judge({ regions: [WEST, entry('east', 'lost')] })).toEqual({ level: 'bad', words: 'nothing stands by' })
})

test('a region that is lost or returns is named beside a standby that is left', () => {
  const regions = [WEST, NORTH, entry('east', 'returning')]
  expect(judge({ regions })).toEqual({ level: 'warning', words: 'east is returning' })
  expect(awayOf({ regions }).map(({ region }) => region)).toEqual(['east'])
})

test('a standby that does not answer is no health', () => {
  expect(judge({ verdicts: { east: 'unconfirmed' } })).toEqual({ level: 'warning', words: 'east is unconfirmed' })
})

test('the active region is told of before its standbys', () => {
  expect(judge({ verdicts: { west: 'down', east: 'down' } }).words).toBe('the active region is down')
  expect(judge({ verdicts: { west: 'suspect', east: 'down' } }).words).toBe('the active region is suspect')
})
