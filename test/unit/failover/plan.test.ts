import { describe, expect, it } from 'vitest'
import { type CopyEvidence, DEFAULT_GUARD_LIMITS } from '../../../src/failover/guards/evidence.ts'
import { findBlocking, type PlanContext, planMove } from '../../../src/failover/plan.ts'
import { goodEvidence } from '../../support/failover/good-evidence.ts'
import { east, north, threeRegions, west } from '../../support/failover/machine-model.ts'

const plan = (over: Partial<PlanContext> = {}) =>
  planMove({
    kind: 'switchover',
    document: threeRegions(),
    to: east,
    evidence: goodEvidence,
    limits: DEFAULT_GUARD_LIMITS,
    overrides: [],
    acceptLoss: false,
    writePauseLimitMs: 60_000,
    ...over,
  })
const copyWith = (over: Partial<CopyEvidence>) => ({ ...goodEvidence, copy: { ...goodEvidence.copy, ...over } })

describe('planMove', () => {
  it('names the steps of the machine in their order', () => {
    expect(
      plan()
        .steps.map(({ phase }) => phase)
        .slice(0, 5),
    ).toEqual(['preflight', 'fencing', 'settling', 'cut', 'draining'])
    expect(plan({ kind: 'failover' }).steps.map(({ phase }) => phase)).toContain('catching-up')
  })

  it('keeps its hash while only figures change, and changes it with anything that an operator would weigh', () => {
    const { hash } = plan()
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(plan({ evidence: copyWith({ positionsAgeMs: 3_000 }) }).hash).toBe(hash)
    const others = [
      plan({ to: north }),
      plan({ kind: 'failback' }),
      plan({ document: { ...threeRegions(), epoch: 2 } }),
      plan({ document: { ...threeRegions(), generation: 2 } }),
      plan({ writePauseLimitMs: 5_000 }),
      plan({ evidence: copyWith({ shareGroups: ['workers'] }) }),
      plan({
        evidence: copyWith({ shareGroups: ['workers'] }),
        overrides: [{ guard: 'no-share-groups', reason: 'known' }],
      }),
    ].map((it) => it.hash)
    expect(new Set([hash, ...others]).size).toBe(others.length + 1)
  })

  it('predicts the loss of a failover as an estimate that grows with its age, and none of a switchover', () => {
    const evidence = copyWith({
      missing: [{ partition: 'orders-0', records: 10, seenMsAgo: 2_000, recordsPerSecond: 50 }],
    })
    expect(plan({ kind: 'failover', evidence }).predicted.loss).toMatchObject({ records: 110, isEstimate: true })
    expect(plan({ evidence }).predicted.loss).toMatchObject({ records: 0, isEstimate: false })
  })

  it('says which clients to restart, and which guards were overridden', () => {
    const evidence = copyWith({
      offsetsDiffer: [{ partition: 'orders-0', groups: ['billing'] }],
      openGaps: ['orders-1'],
    })
    const { notes } = plan({ evidence, overrides: [{ guard: 'no-open-gaps', reason: 'known loss' }] })
    expect(notes.join(' ')).toContain('Restart the clients of billing')
    expect(notes.join(' ')).toContain('no-open-gaps is overridden: known loss')
  })
})

describe('findBlocking', () => {
  it('lets a failover pass only with its loss accepted', () => {
    expect(findBlocking(plan({ kind: 'failover' }), false)).toEqual(['accept-loss'])
    const evidence = copyWith({
      missing: [{ partition: 'orders-0', records: 9_999, seenMsAgo: 60_000, recordsPerSecond: 1 }],
    })
    expect(findBlocking(plan({ kind: 'failover', evidence, acceptLoss: true }), true)).toEqual([])
  })

  it('does not let an accepted loss open a switchover', () => {
    const evidence = copyWith({
      missing: [{ partition: 'orders-0', records: 9_999, seenMsAgo: 60_000, recordsPerSecond: 1 }],
    })
    expect(findBlocking(plan({ evidence, acceptLoss: true }), true)).toEqual(['loss-within-objective'])
    expect(plan({ evidence }).from).toBe(west)
  })
})
