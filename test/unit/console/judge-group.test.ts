import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { FailoverGroupSummary, LinkBody, RegionsBody } from '../../../src/api/contract/index.ts'
import type { Exposure } from '../../../src/console/words/exposure.ts'
import { awayOf, judgeGroup, type Seen } from '../../../src/console/words/judge-group.ts'
import { parseRunbook } from '../../../src/runbooks/parse-runbook.ts'

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

const HEALTHY = { state: 'running', hangingFlows: 0, lagSeconds: 0.4 } as LinkBody
const exposureOf = (given: Partial<LinkBody> = {}, level: Exposure['level'] = 'none'): Exposure => ({
  standby: 'east',
  name: 'orders-west-to-east',
  link: { ...HEALTHY, ...given },
  sentence: '',
  lagSeconds: given.lagSeconds ?? 0.4,
  lagAgeSeconds: 1,
  level,
})

interface Situation extends Partial<FailoverGroupSummary>, Partial<Omit<Seen, 'regions'>> {
  readonly verdicts?: Readonly<Record<string, string>> | null
}

function judge({
  regions = [WEST, EAST],
  verdicts = {},
  ageSeconds = 1,
  exposures = [exposureOf()],
  ...given
}: Situation = {}) {
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
    openIncidents: 0,
    lastDrill: null,
    ...given,
  }
  const healths = regions.map(({ region }) => ({ region, verdict: verdicts?.[region] ?? 'up' }))
  const heard = verdicts === null ? undefined : (healths as unknown as RegionsBody['regions'])
  return judgeGroup(group, { ageSeconds, regions: heard, exposures })
}

test('a group with a standby that could take over is as it should be', () => {
  expect(judge()).toMatchObject({ level: 'good', words: 'as it should be' })
})

test('a group that nothing stands by for is never good, however well its region does', () => {
  expect(judge({ regions: [WEST, entry('east', 'lost')] })).toMatchObject({ level: 'bad', words: 'nothing stands by' })
})

test('a region that is lost or returns is named beside a standby that is left', () => {
  const regions = [WEST, NORTH, entry('east', 'returning')]
  expect(judge({ regions })).toMatchObject({ level: 'warning', words: 'east is returning' })
  expect(awayOf({ regions }).map(({ region }) => region)).toEqual(['east'])
})

test('a standby that does not answer is no health', () => {
  expect(judge({ verdicts: { east: 'unconfirmed' } })).toMatchObject({ level: 'warning', words: 'east is unconfirmed' })
})

test('the active region is told of before its standbys', () => {
  expect(judge({ verdicts: { west: 'down', east: 'down' } }).words).toBe('the active region is down')
  expect(judge({ verdicts: { west: 'suspect', east: 'down' } }).words).toBe('the active region is suspect')
})

test('what was heard long ago is no health, nor is what was never heard', () => {
  expect(judge({ ageSeconds: 90 })).toMatchObject({
    level: 'unknown',
    words: 'not known: the API last answered 90 s ago',
  })
  expect(judge({ verdicts: null })).toMatchObject({ level: 'unknown', words: 'health not known' })
})

test.each([
  ['the copy to east is degraded', 'warning', { state: 'degraded' }],
  ['the copy to east is paused', 'warning', { state: 'paused' }],
  ['the copy to east is stopped', 'bad', { state: 'stopped' }],
  ['east is 2 h behind', 'warning', { lagSeconds: 7_200 }],
  ['transactions hang, and east waits for them', 'warning', { hangingFlows: 1 }],
] as const)('a standby that would lack too much is told of: %s', (words, level, link) => {
  expect(judge({ exposures: [exposureOf(link)] })).toMatchObject({ level, words })
})

test('a loss that is not known is never good, whoever would know it', () => {
  const unknown = judge({ exposures: [exposureOf({}, 'unknown')] })
  expect(unknown).toMatchObject({ level: 'warning', words: 'what you would lose at east is not known' })
  const elsewhere = judge({ exposures: [exposureOf({}, 'elsewhere')] })
  expect(elsewhere).toMatchObject({ level: 'unknown', words: 'what you would lose is not known here' })
})

test.each<[words: string, situation: Situation]>([
  ['east is not fenced', { regions: [WEST, { ...EAST, unfenced: 'no rule is there' }] }],
  ['2 incidents to acknowledge', { openIncidents: 2 }],
  ['moves are paused', { isPaused: true }],
  ['clients are still in east', { regions: [WEST, { ...EAST, members: 3 }] }],
  ['its last drill failed', { lastDrill: { id: 'd', level: 'sandbox', outcome: 'failed', at: '' } }],
])('whatever would stop or spoil a move is told of: %s', (words, situation) => {
  expect(judge(situation)).toMatchObject({ level: 'warning', words })
})

const LINK = 'orders-west-to-east'

test.each<[runbook: string, params: Record<string, string>, situation: Situation]>([
  ['region-lost', { group: 'orders' }, { verdicts: { west: 'down' } }],
  ['operation-stopped', { group: 'orders' }, { needsOperator: true, operation: 'switchover to east: needs-operator' }],
  [
    'region-returned',
    { group: 'orders', region: 'east' },
    { needsOperator: true, regions: [WEST, { ...entry('east', 'returning'), waiting: 'say what becomes of them' }] },
  ],
  ['region-returned', { group: 'orders', region: 'east' }, { regions: [WEST, entry('east', 'lost')] }],
  ['false-alarm', { region: 'west' }, { verdicts: { west: 'contested' } }],
  ['false-alarm', { region: 'east' }, { verdicts: { east: 'suspect' } }],
  ['acl-drift', { group: 'orders', region: 'east' }, { regions: [WEST, { ...EAST, unfenced: 'no rule is there' }] }],
  ['link-stalled', { link: LINK }, { exposures: [exposureOf({ link: LINK, state: 'stopped' })] }],
  ['link-stalled', { link: LINK }, { exposures: [exposureOf({ link: LINK }, 'unknown')] }],
  ['operation-stopped', { group: 'orders' }, { isPaused: true }],
  ['drill-failed', { group: 'orders' }, { lastDrill: { id: 'd', level: 'canary', outcome: 'failed', at: '' } }],
])('whoever is to act is led to the runbook %s with what it takes: %o', (id, params, situation) => {
  expect(judge(situation).runbook).toEqual([id, params])
  const file = fileURLToPath(new URL(`../../../runbooks/${id}.md`, import.meta.url))
  const known = Object.keys(parseRunbook(file, readFileSync(file, 'utf8')).params)
  expect(known).toEqual(expect.arrayContaining(Object.keys(params)))
})
