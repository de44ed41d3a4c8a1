import { describe, expect, it } from 'vitest'
import { DEFAULT_GUARD_LIMITS, type GuardContext, type MoveEvidence } from '../../../../src/failover/guards/evidence.ts'
import { evaluateGuards, GUARDS } from '../../../../src/failover/guards/evaluate-guards.ts'
import type { GroupDocument } from '../../../../src/failover/state.ts'
import { goodEvidence } from '../../../support/failover/good-evidence.ts'
import { east, start, threeRegions, west, WHEN } from '../../../support/failover/machine-model.ts'

const context = (over: Partial<GuardContext> = {}): GuardContext => ({
  kind: 'switchover',
  document: threeRegions(),
  to: east,
  evidence: goodEvidence,
  limits: DEFAULT_GUARD_LIMITS,
  ...over,
})
const target = (over: object): MoveEvidence => ({ ...goodEvidence, target: { ...goodEvidence.target, ...over } })
const source = (over: object): MoveEvidence => ({ ...goodEvidence, source: { ...goodEvidence.source, ...over } })
const copy = (over: object): MoveEvidence => ({ ...goodEvidence, copy: { ...goodEvidence.copy, ...over } })
const within = (over: Partial<MoveEvidence>): MoveEvidence => ({ ...goodEvidence, ...over })
const behind = { partition: 'orders-3', records: 1_204, seenMsAgo: 9_000, recordsPerSecond: 100 }
const paused: GroupDocument = { ...threeRegions(), paused: { by: 'ada', reason: 'upgrade', since: WHEN } }

/** For every guard, the one thing that makes it fail. */
const bad: Readonly<Record<string, Partial<GuardContext>>> = {
  'no-other-operation': { document: start(threeRegions()) },
  'not-paused': { document: paused },
  'links-not-paused': { evidence: within({ pausedLinks: ['orders.west.east is paused'] }) },
  'target-standby': { to: west },
  'authority-outside-source': { evidence: within({ authorityFallsWith: [west] }) },
  'target-reachable': { evidence: target({ isReachable: false }) },
  'source-reachable': { evidence: source({ isReachable: false }) },
  'target-in-sync': { evidence: target({ underReplicated: ['orders-3'] }) },
  'min-isr-fits': { evidence: target({ minIsrTooHigh: ['orders'] }) },
  'configs-accepted': { evidence: target({ configsRefused: ['orders: max.message.bytes'] }) },
  'rights-present': { evidence: target({ rightsMissing: ['User:checkout WRITE orders'] }) },
  'policies-hold': { evidence: target({ policyDrift: { stops: ['orders misses User:app'], notes: [] } }) },
  'baseline-met': { evidence: target({ probed: { stops: ['no-authorizer'], notes: [] } }) },
  'own-rights-target': { evidence: target({ ownRightsMissing: ['open: ALTER on the cluster'] }) },
  'own-rights-source': { evidence: source({ ownRightsMissing: ['fence: ALTER on the cluster'] }) },
  'certificates-valid': { evidence: target({ certificateDays: 0 }) },
  'clocks-agree': { evidence: within({ clockOffsetMs: 5_000 }) },
  'disk-headroom': { evidence: target({ diskFreeShare: 0.02 }) },
  'fence-available': { evidence: source({ fenceUnavailable: 'no authorizer and no command' }) },
  'standing-fence': { evidence: target({ fenceProvedMsAgo: null }) },
  'everyone-fenced': { evidence: source({ superUsers: ['User:admin'] }) },
  'one-direction': { evidence: copy({ wrongDirections: ['orders'] }) },
  'no-open-gaps': { evidence: copy({ openGaps: ['orders-3: retention-gap'] }) },
  'partition-counts-equal': { evidence: copy({ unequalPartitionCounts: ['orders'] }) },
  'loss-within-objective': { evidence: copy({ missing: [behind] }) },
  'positions-fresh': { evidence: copy({ positionsAgeMs: 90_000 }) },
  'groups-away': { evidence: copy({ groupsOnTarget: ['billing (2)'] }) },
  'offsets-identical': { evidence: copy({ offsetsDiffer: [{ partition: 'orders-3', groups: ['billing'] }] }) },
  'internal-topics-selected': { evidence: copy({ internalTopicsOutside: ['app-store-changelog'] }) },
  'no-share-groups': { evidence: copy({ shareGroups: ['workers'] }) },
  cooldown: { evidence: within({ sinceLastMoveMs: 1_000 }) },
  'routing-available': { evidence: within({ routing: { configured: 1, unavailable: ['dns: refused'] } }) },
  'eviction-available': { evidence: within({ eviction: { configured: 0, unavailable: [] } }) },
  'throughput-suffices': { evidence: target({ throughput: { measured: 10, needed: 20 } }) },
  'drill-recent': { evidence: within({ sinceLastDrillMs: null }) },
}
const notPassed = (over: Partial<GuardContext>) =>
  evaluateGuards(context(over))
    .filter(({ status }) => status !== 'passed')
    .map(({ name }) => name)

describe('evaluateGuards', () => {
  it('passes every guard where all is well, each with its evidence', () => {
    expect(notPassed({})).toEqual([])
    expect(evaluateGuards(context()).every(({ evidence }) => evidence.length > 3)).toBe(true)
  })

  it('has a case for every guard', () => {
    expect(Object.keys(bad)).toEqual(GUARDS.map(({ name }) => name))
  })

  it.each(Object.keys(bad))('lets %s fail alone', (name) => {
    expect(notPassed(bad[name] ?? {})).toEqual([name])
  })

  it.each(GUARDS)('lets $name be overridden with a reason, or not at all', ({ name, isOverridable, lossless }) => {
    const results = evaluateGuards(context(bad[name]), [{ guard: name, reason: 'known' }])
    const result = results.find((it) => it.name === name)
    expect(result?.override).toBe(isOverridable ? 'known' : undefined)
    expect(result?.isBlocking).toBe(lossless === 'required' && !isOverridable)
    expect(
      evaluateGuards(context(bad[name]), [{ guard: name, reason: '' }]).find((it) => it.name === name)?.override,
    ).toBe(undefined)
  })

  it('never stops at the first: all that is wrong is told at once', () => {
    const evidence = { ...target({ isReachable: false, certificateDays: 0 }), clockOffsetMs: 9_999 }
    expect(notPassed({ evidence, document: paused })).toEqual([
      'not-paused',
      'target-reachable',
      'certificates-valid',
      'clocks-agree',
    ])
  })

  it('counts what could not be found out as unknown, and stops where it is required', () => {
    const results = evaluateGuards(context({ evidence: {} }))
    const unknown = results.filter(({ status }) => status === 'unknown')
    expect(unknown).toHaveLength(results.length - 3)
    expect(unknown.filter(({ isBlocking }) => isBlocking).map(({ name }) => name)).toContain('target-reachable')
  })

  it('asks less of a failover, whose source may be gone', () => {
    const evidence: MoveEvidence = {
      ...goodEvidence,
      source: { ...goodEvidence.source, isReachable: false },
    }
    const results = evaluateGuards(context({ kind: 'failover', evidence }))
    expect(results.filter(({ isBlocking }) => isBlocking)).toEqual([])
    expect(results.find(({ name }) => name === 'source-reachable')?.status).toBe('warning')
  })

  it('says why something could not be found out', () => {
    const evidence = { ...target({ diskFreeShare: undefined }), troubles: { 'disk-headroom': 'east is silent' } }
    const result = evaluateGuards(context({ evidence })).find(({ name }) => name === 'disk-headroom')
    expect(result).toMatchObject({
      status: 'unknown',
      isBlocking: true,
      evidence: 'could not be found out: east is silent',
    })
  })

  it('tells of a target that can have no standing fence, and lets the group move there', () => {
    const evidence = target({ noStandingFence: 'no authorizer', fenceProvedMsAgo: undefined })
    const result = evaluateGuards(context({ evidence })).find(({ name }) => name === 'standing-fence')
    expect(result).toMatchObject({ status: 'warning', isBlocking: false, evidence: 'there is none: no authorizer' })
  })

  it('does not take a fence that nobody could look at for one that can be used', () => {
    const [result] = evaluateGuards(context({ evidence: source({ fenceUnavailable: undefined }) })).filter(
      ({ status }) => status !== 'passed',
    )
    expect(result).toMatchObject({ name: 'fence-available', status: 'unknown', isBlocking: true })
  })

  it('needs no certificate where there is no TLS', () => {
    expect(notPassed({ evidence: target({ certificateDays: null }) })).toEqual([])
  })

  it('wants the positions of every group to have been carried over', () => {
    expect(notPassed({ evidence: copy({ positionsAgeMs: null }) })).toEqual(['positions-fresh'])
  })

  it('judges the loss of a failover by the objective, and what a switchover has to copy by its pause', () => {
    const evidence = copy({ missing: [{ partition: 'orders-0', records: 0, seenMsAgo: 6_000, recordsPerSecond: 0 }] })
    expect(notPassed({ evidence })).toEqual([])
    const limits = { ...DEFAULT_GUARD_LIMITS, behindMs: 5_000 }
    expect(notPassed({ evidence, limits })).toEqual(['loss-within-objective'])
    expect(notPassed({ kind: 'failover', evidence })).toEqual(['loss-within-objective'])
    const without = { ...DEFAULT_GUARD_LIMITS, rpoMs: null }
    expect(notPassed({ kind: 'failover', evidence, limits: without })).toEqual([])
  })

  it('counts how long the oldest missing record has been waiting', () => {
    const waiting = { partition: 'orders-0', records: 1, seenMsAgo: 100, recordsPerSecond: 1_000, waitingMs: 30_000 }
    expect(notPassed({ evidence: copy({ missing: [waiting] }) })).toEqual(['loss-within-objective'])
  })

  it('does not take a topic that is seldom written to for one that is far behind', () => {
    const rare = { partition: 'orders-0', records: 1, seenMsAgo: 100, recordsPerSecond: 0.01, waitingMs: 50 }
    expect(notPassed({ evidence: copy({ missing: [rare] }) })).toEqual([])
  })

  it('does not take partitions of which nothing is known for partitions without loss', () => {
    const [result] = evaluateGuards(context({ evidence: copy({ unknownLoss: ['orders-7'] }) })).filter(
      ({ status }) => status !== 'passed',
    )
    expect(result).toMatchObject({ name: 'loss-within-objective', status: 'unknown', isBlocking: true })
    expect(result?.evidence).toContain('orders-7')
  })
})
