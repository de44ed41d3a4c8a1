import { describe, expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import {
  goalsOf,
  packCuts,
  packProofs,
  unpackCuts,
  unpackProofs,
} from '../../../../src/failover/effects/evidence-of-cut.ts'
import { judgeApplied, judgeOpening } from '../../../../src/failover/effects/fence-effects.ts'
import { findSilent, judgeDrained, judgeLeaks } from '../../../../src/failover/effects/log-effects.ts'
import type { OperationRecord } from '../../../../src/failover/index.ts'
import type { FenceProof } from '../../../../src/security/index.ts'

const PROOF: FenceProof = {
  verdict: 'fenced',
  strength: 'refused',
  reason: 'all 3 brokers refused the canary',
  brokers: [],
  topicsTried: 2,
  obstacles: [],
  atMs: 0,
}

function leaving(kind: OperationRecord['kind']) {
  return { from: regionName('left'), operation: { kind } as OperationRecord }
}

describe('the evidence of a cut', () => {
  const cuts = [
    { topic: 'orders', topicId: 'a', partition: 0, cut: 10, end: 11 },
    { topic: 'orders', topicId: 'a', partition: 1, cut: 0, end: 2 },
    { topic: 'stock', topicId: 'b', partition: 0, cut: 7, end: 8 },
  ]

  test('comes out of the document as it went in', () => {
    expect(unpackCuts(JSON.parse(JSON.stringify(packCuts(cuts))))).toEqual(cuts)
    const proofs = [{ topic: 'orders', partition: 1, sourceEnd: 2, copiedTo: 5 }]
    expect(unpackProofs(JSON.parse(JSON.stringify(packProofs(proofs))))).toEqual(proofs)
    expect(unpackCuts(undefined)).toEqual([])
  })

  test('holds twenty thousand partitions in one document', () => {
    const many = Array.from({ length: 20_000 }, (_, partition) => {
      return { topic: 'orders', topicId: 'a', partition, cut: 1_234_567, end: 1_234_568 }
    })
    expect(JSON.stringify(packCuts(many)).length).toBeLessThan(512 * 1024)
  })

  test('gives the goals of a drain', () => {
    expect(goalsOf(cuts)[1]).toEqual({ topic: 'orders', partition: 1, cut: 0 })
  })
})

describe('a fence that was put up', () => {
  test('is done when it is proved, with a warning where no canary was refused', () => {
    expect(judgeApplied('left', PROOF)).toMatchObject({ kind: 'done', findings: { fence: 'proved' } })
    expect(judgeApplied('left', PROOF)).not.toHaveProperty('findings.warning')
    expect(judgeApplied('left', { ...PROOF, strength: 'described' })).toHaveProperty('findings.warning')
  })

  test.each(['open', 'unknown'] as const)('is waited for while it is %s', (verdict) => {
    expect(judgeApplied('left', { ...PROOF, verdict })).toMatchObject({ kind: 'waiting' })
  })

  test('that opens again stops the commit of every move', () => {
    for (const kind of ['switchover', 'failover'] as const) {
      const outcome = judgeOpening(leaving(kind), { verdict: 'open', reason: 'broker 2' })
      expect(outcome).toMatchObject({ kind: 'failed', fault: { code: 'FENCE_LEAKS' } })
      expect(judgeOpening(leaving(kind), PROOF)).toBeUndefined()
    }
  })

  test('of a region that does not answer holds up what is lossless, and no failover', () => {
    const silent = { verdict: 'unknown', reason: 'no answer' } as const
    expect(judgeOpening(leaving('switchover'), silent)).toMatchObject({ kind: 'waiting' })
    expect(judgeOpening(leaving('failover'), silent)).toBeUndefined()
  })
})

describe('the logs', () => {
  const there = { topic: 'orders', partition: 0, leftOffsets: 0, reason: undefined, copied: { source: 10, target: 9 } }
  const behind = { topic: 'orders', partition: 1, leftOffsets: 4, reason: '4 offsets', copied: undefined }

  test('are drained when no partition has a reason left', () => {
    expect(judgeDrained('right', [there])).toBeUndefined()
    expect(judgeDrained('right', [there, behind])).toMatchObject({ kind: 'waiting', progress: { done: 1, total: 2 } })
  })

  test('leak where something was written, and not where a broker is silent', () => {
    expect(judgeLeaks(leaving('switchover'), [])).toMatchObject({ kind: 'done' })
    const leak = { topic: 'orders', partition: 0, reason: 'it ends at 12, the cut left it at 11' }
    expect(judgeLeaks(leaving('switchover'), [leak])).toMatchObject({ fault: { code: 'FENCE_LEAKS' } })
    const end = { topic: 'orders', partition: 0, logEnd: 11, highWatermark: 11, stableEnd: 11 }
    expect(findSilent('left', [{ ...end, errorCode: 0 }])).toBeUndefined()
    expect(findSilent('left', [{ ...end, errorCode: 6 }])).toMatchObject({ kind: 'waiting' })
  })
})
