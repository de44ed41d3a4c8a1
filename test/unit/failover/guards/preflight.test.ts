import { describe, expect, it } from 'vitest'
import { DEFAULT_GUARD_LIMITS, type MoveEvidence } from '../../../../src/failover/guards/evidence.ts'
import { judgePreflight } from '../../../../src/failover/guards/preflight.ts'
import type { MoveRequest, OperationRecord } from '../../../../src/failover/state.ts'
import { goodEvidence } from '../../../support/failover/good-evidence.ts'
import { request, start, threeRegions } from '../../../support/failover/machine-model.ts'

const judge = (
  evidence: MoveEvidence,
  over: Partial<MoveRequest> = {},
  kind: 'switchover' | 'failover' = 'switchover',
) => {
  const document = start(threeRegions(), { kind, request: { ...request, ...over } })
  return judgePreflight(document, document.operation as OperationRecord, evidence, DEFAULT_GUARD_LIMITS)
}
const down: MoveEvidence = { ...goodEvidence, target: { ...goodEvidence.target, isReachable: false } }
const worn: MoveEvidence = { ...goodEvidence, target: { ...goodEvidence.target, certificateDays: 0 } }

describe('judgePreflight', () => {
  it('passes what was planned, and keeps what every guard saw', () => {
    expect(judge(goodEvidence)).toMatchObject({ kind: 'done', evidence: { guards: expect.any(Array) } })
  })

  it('refuses what fails since the plan was made, by name and with the remedy', () => {
    expect(judge(down)).toMatchObject({ kind: 'failed', fault: { code: 'GUARDS_FAILED' } })
    expect(JSON.stringify(judge(down))).toContain('target-reachable (east does not answer)')
  })

  it('takes the overrides of the request', () => {
    expect(judge(worn).kind).toBe('failed')
    expect(judge(worn, { overrides: [{ guard: 'certificates-valid', reason: 'renewed tonight' }] }).kind).toBe('done')
  })

  it('waits for what could not be found out yet', () => {
    const { target: _, ...rest } = goodEvidence
    expect(judge(rest).kind).toBe('waiting')
  })

  it('lets no failover pass whose loss nobody accepted', () => {
    expect(judge(goodEvidence, {}, 'failover')).toMatchObject({ kind: 'failed' })
    expect(judge(goodEvidence, { acceptLoss: true }, 'failover').kind).toBe('done')
  })
})
