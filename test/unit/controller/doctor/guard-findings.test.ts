import { expect, test } from 'vitest'
import { findInPlan, guardFindings } from '../../../../src/controller/doctor/guard-findings.ts'
import { DEFAULT_GUARD_LIMITS, type MoveEvidence } from '../../../../src/failover/index.ts'
import { planMove } from '../../../../src/failover/plan.ts'
import type { GroupDocument } from '../../../../src/failover/state.ts'
import { goodEvidence } from '../../../support/failover/good-evidence.ts'
import { east, threeRegions } from '../../../support/failover/machine-model.ts'

/** What a doctor makes of a plan over this evidence. */
function findings(evidence: MoveEvidence, document: GroupDocument = threeRegions()) {
  const wish = { kind: 'switchover', to: east, overrides: [], acceptLoss: false, writePauseLimitMs: 60_000 } as const
  return findInPlan(planMove({ ...wish, document, evidence, limits: DEFAULT_GUARD_LIMITS }))
}
const target = (over: Partial<MoveEvidence['target']>): MoveEvidence => {
  return { ...goodEvidence, target: { ...goodEvidence.target, ...over } }
}
const source = (over: Partial<MoveEvidence['source']>): MoveEvidence => {
  return { ...goodEvidence, source: { ...goodEvidence.source, ...over } }
}
const copy = (over: Partial<MoveEvidence['copy']>): MoveEvidence => {
  return { ...goodEvidence, copy: { ...goodEvidence.copy, ...over } }
}

type Case = readonly [id: string, severity: string, region: string | null, evidence: MoveEvidence, seen: string]
const CASES: readonly Case[] = [
  ['link-paused', 'error', null, { ...goodEvidence, pausedLinks: ['orders-west-to-east'] }, 'orders-west-to-east'],
  ['replicas-out-of-sync', 'error', 'east', target({ underReplicated: ['orders-0'] }), 'orders-0'],
  ['min-insync-too-high', 'error', 'east', target({ minIsrTooHigh: ['orders (2 of 1)'] }), '2 of 1'],
  ['configs-refused', 'error', 'east', target({ configsRefused: ['orders: policy'] }), 'policy'],
  ['application-rights-missing', 'error', 'east', target({ rightsMissing: ['User:app READ orders'] }), 'User:app'],
  ['own-rights-missing', 'error', 'east', target({ ownRightsMissing: ['open: ALTER on the cluster'] }), 'ALTER'],
  ['own-rights-missing', 'error', 'west', source({ ownRightsMissing: ['cut: WRITE on orders'] }), 'WRITE'],
  ['certificate-ends', 'error', 'east', target({ certificateDays: 0 }), '0 days left'],
  ['clocks-differ', 'warning', null, { ...goodEvidence, clockOffsetMs: 90_000 }, '90000 ms apart'],
  ['disk-full', 'error', 'east', target({ diskFreeShare: 0.05 }), '5 % free'],
  ['fence-unavailable', 'error', 'west', source({ fenceUnavailable: 'no authorizer' }), 'no authorizer'],
  ['standing-fence-missing', 'error', 'east', target({ fenceProvedMsAgo: null }), 'not in force'],
  ['standing-fence-missing', 'warning', 'east', target({ noStandingFence: 'no authorizer' }), 'there is none'],
  ['super-users', 'warning', 'west', source({ superUsers: ['User:app'] }), 'User:app'],
  ['wrong-direction', 'error', 'east', copy({ wrongDirections: ['orders'] }), 'orders'],
  ['gaps-open', 'error', 'east', copy({ openGaps: ['orders-0: GAP'] }), 'orders-0: GAP'],
  ['partition-counts-differ', 'error', 'east', copy({ unequalPartitionCounts: ['orders (3 and 2)'] }), '3 and 2'],
  ['positions-old', 'error', 'east', copy({ positionsAgeMs: null }), 'never carried over'],
  ['groups-on-standby', 'error', 'east', copy({ groupsOnTarget: ['billing (2)'] }), 'billing (2)'],
  ['offsets-differ', 'info', 'east', copy({ offsetsDiffer: [{ partition: 'orders-0', groups: [] }] }), 'orders-0'],
  ['internal-topics-outside', 'error', 'west', copy({ internalTopicsOutside: ['app-x-changelog'] }), 'app-x-changelog'],
  ['share-groups', 'warning', 'west', copy({ shareGroups: ['queue'] }), 'queue'],
  [
    'copy-behind',
    'error',
    'east',
    copy({ missing: [{ partition: 'orders-0', records: 9e6, seenMsAgo: 1, recordsPerSecond: 1 }] }),
    '9000000 records behind',
  ],
  ['routing-unavailable', 'error', null, { ...goodEvidence, routing: { configured: 1, unavailable: ['dns'] } }, 'dns'],
  ['eviction-unavailable', 'warning', null, { ...goodEvidence, eviction: { configured: 0, unavailable: [] } }, 'none'],
  ['drill-old', 'warning', null, { ...goodEvidence, sinceLastDrillMs: null }, 'no drill'],
]

test('nothing is found where every guard passes', () => {
  expect(findings(goodEvidence)).toEqual([])
})

test.each(CASES)('%s (%s, region %s) is found alone', (id, severity, region, evidence, seen) => {
  const found = findings(evidence)
  expect(found.map((one) => [one.id, one.severity, one.region, one.group])).toEqual([[id, severity, region, 'orders']])
  expect(found[0]?.evidence).toContain(seen)
  expect(found[0]?.remedy).not.toBe('')
})

test('a group that is paused is told, because nobody can move it', () => {
  const paused = { by: 'me', reason: 'upgrade', since: '' }
  const found = findings(goodEvidence, { ...threeRegions(), paused })
  expect(found).toMatchObject([{ id: 'group-paused', severity: 'info', evidence: 'paused by me: upgrade' }])
})

test('what could not be found out is one finding, with every reason', () => {
  const { clockOffsetMs: _, ...without } = copy({})
  const blind = { ...without, source: {}, troubles: { 'fence-available': 'west does not answer' } }
  const found = findings(blind)
  expect(found.map(({ id, severity }) => [id, severity])).toEqual([['could-not-look', 'warning']])
  expect(found[0]?.evidence).toContain('fence-available: could not be found out: west does not answer')
  expect(found[0]?.evidence).toContain('clocks-agree: could not be found out')
})

test('what is right for a moment only is not for a doctor', () => {
  const moved = { ...goodEvidence, sinceLastMoveMs: 1, target: { ...goodEvidence.target, throughput: null } }
  expect(findings(moved)).toEqual([])
})

test('every finding of a guard is shown here', () => {
  const shown = new Set<string>([...CASES.map(([id]) => id), 'group-paused'])
  expect(
    guardFindings()
      .map(({ id }) => id)
      .filter((id) => !shown.has(id)),
  ).toEqual([])
})
