import { describe, expect, it } from 'vitest'
import { judgeTarget } from '../../../../src/failover/automatic/judge-target.ts'
import { DEFAULT_GUARD_LIMITS, type MoveEvidence } from '../../../../src/failover/guards/evidence.ts'
import { planMove } from '../../../../src/failover/plan.ts'
import { goodEvidence } from '../../../support/failover/good-evidence.ts'
import { east, threeRegions } from '../../../support/failover/machine-model.ts'

const missing = (over: object = {}) => [
  { partition: 'orders-0', records: 100, seenMsAgo: 82_000, recordsPerSecond: 100, ...over },
]
const judge = (evidence: Partial<MoveEvidence> = {}, terms = { rpoMs: 5_000 as number | null, awayMs: 80_000 }) => {
  const plan = planMove({
    kind: 'failover',
    document: threeRegions(),
    to: east,
    evidence: { ...goodEvidence, ...evidence },
    limits: DEFAULT_GUARD_LIMITS,
    overrides: [],
    acceptLoss: true,
    writePauseLimitMs: 60_000,
  })
  return judgeTarget(plan, terms)
}

describe('judgeTarget', () => {
  it('counts the loss up to when the region was last reached', () => {
    const copy = { ...goodEvidence.copy, missing: missing() }
    expect(judge({ copy })).toMatchObject({
      kind: 'ready',
      reason: expect.stringContaining('at most 3.0 s of west, 5 s'),
    })
    const found = judge({ copy }, { rpoMs: 2_000, awayMs: 80_000 })
    expect(found).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('3.0 s of west, 2 s are allowed'),
      command: 'isthmus failover orders --to east --accept-loss --reason "west is down"',
    })
    expect(judge({ copy }, { rpoMs: 5_000, awayMs: 0 }).kind).toBe('blocked')
  })

  it('takes how long records have been waiting, where that is known', () => {
    const copy = { ...goodEvidence.copy, missing: missing({ waitingMs: 90_000 }) }
    expect(judge({ copy }).reason).toContain('10.0 s of west')
  })

  it('leaves what is not known to a person', () => {
    expect(judge({ copy: { ...goodEvidence.copy, unknownLoss: ['orders-1'] } }).reason).toContain('orders-1')
    expect(judge({}, { rpoMs: null, awayMs: 0 }).reason).toContain('there is no objective')
  })

  it('overrides no guard, and names those that a person may', () => {
    const found = judge({ target: { ...goodEvidence.target, ownRightsMissing: ['ALTER on orders'] } })
    expect(found).toMatchObject({ command: expect.stringContaining('--override "own-rights-target=REASON"') })
    const away = judge({ target: { ...goodEvidence.target, isReachable: false } })
    expect(away).toMatchObject({ command: 'isthmus plan orders --kind failover --to east' })
  })

  it('goes past neither the cooldown nor a loss that waits for an acknowledgement', () => {
    expect(judge({ sinceLastMoveMs: 10 }).reason).toContain('cooldown')
    expect(judge({ copy: { ...goodEvidence.copy, openGaps: ['orders-0'] } }).reason).toContain('no-open-gaps')
  })
})
