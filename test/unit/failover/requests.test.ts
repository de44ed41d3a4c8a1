import { describe, expect, it } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import type { OperationRecord, Phase } from '../../../src/failover/state.ts'
import {
  abortMove,
  acknowledgeMove,
  chooseSalvage,
  pauseGroup,
  resumeMove,
  resumeReturn,
  scanAgain,
  unpauseGroup,
} from '../../../src/failover/requests.ts'
import { startReturn } from '../../../src/failover/returns/start-return.ts'
import { east, north, request, start, threeRegions, west, WHEN } from '../../support/failover/machine-model.ts'

const running = (phase: Phase, over: Partial<OperationRecord> = {}) => {
  const document = start(threeRegions())
  return { ...document, operation: { ...(document.operation as OperationRecord), phase, ...over } }
}
const lost = (role: 'lost' | 'returning' | 'reseeding', phase = startReturn(east, 1, 'op-0').phase) => {
  const document = threeRegions()
  const entry = { role, since: WHEN, reason: '', return: { ...startReturn(east, 1, 'op-0'), phase } }
  return { ...document, regions: { ...document.regions, [east]: entry } }
}
const failover = { id: 'op-2', kind: 'failover', to: north } as const
const waits = (at: Phase) => running('needs-operator', { stop: { at, reason: 'r', instructions: 'i' } })

describe('startMove', () => {
  it.each([
    ['GROUP_PAUSED', () => start(pauseGroup(threeRegions(), { by: 'ada', reason: 'upgrade', since: WHEN }))],
    ['EPOCH_MISSING', () => start(threeRegions(), { epoch: undefined })],
    ['EPOCH_MISSING', () => start(threeRegions(), { request: { ...request, planHash: '' } })],
    ['EPOCH_CHANGED', () => start(threeRegions(), { epoch: 7 })],
    ['OPERATION_RUNNING', () => start(running('cut'), { id: 'op-2' })],
    ['OPERATION_RUNNING', () => start(running('done'), failover)],
    ['TARGET_NOT_ELIGIBLE', () => start(threeRegions(), { to: west })],
    ['TARGET_NOT_ELIGIBLE', () => start(threeRegions(), { to: regionName('moon') })],
    ['TARGET_NOT_ELIGIBLE', () => start(lost('returning'), {})],
    ['TARGET_NOT_ELIGIBLE', () => start(lost('lost'), { kind: 'failover' })],
    ['TARGET_NOT_ELIGIBLE', () => start(lost('reseeding'), { kind: 'failover' })],
  ])('refuses with %s', (code, act) => {
    expect(act).toThrow(expect.objectContaining({ code }))
  })

  it('lets a failover go to a region on its way back, which has other guards', () => {
    expect(start(lost('returning'), { kind: 'failover' }).operation?.to).toBe(east)
  })

  it.each([
    ['fencing', 'intended', 'intended'],
    ['draining', 'proved', 'proved'],
    ['translating', 'attested', 'intended'],
    ['rolling-back', 'intended', 'intended'],
    ['promoting', 'proved', 'standing'],
    ['opening', 'proved', 'untouched'],
    ['verifying', 'proved', 'untouched'],
  ] as const)('takes over from %s with a fence that was %s as %s', (phase, fence, inherited) => {
    expect(start(running(phase, { fence }), failover).operation).toMatchObject({
      fence: inherited,
      supersedes: { operation: 'op-1', phase },
    })
  })

  it('takes a cut over, unless the fence behind it is being lifted', () => {
    const evidence = { cut: { key: 'k', digest: 'd' } }
    expect(start(running('draining', { evidence }), failover).operation?.supersedes?.cut).toEqual(evidence.cut)
    expect(start(running('rolling-back', { evidence }), failover).operation?.supersedes?.cut).toBeUndefined()
  })

  it('knows when the new target holds everything: the tail was proved there, or nobody wrote since the commit', () => {
    const ref = { key: 'k', digest: 'd' }
    const proved = running('translating', { evidence: { cut: ref, proving: ref } })
    expect(start(proved, { ...failover, to: east }).operation?.supersedes?.isDrained).toBe(true)
    expect(start(proved, failover).operation?.supersedes?.isDrained).toBe(false)
    expect(
      start(running('draining', { evidence: { cut: ref } }), { ...failover, to: east }).operation?.supersedes
        ?.isDrained,
    ).toBe(false)
  })
})

describe('requests about a running operation', () => {
  it('records an abort once, and by whom', () => {
    const aborted = abortMove(running('draining'), 'op-1', 'ada', 'no')
    expect(aborted.operation?.abort).toEqual({ by: 'ada', reason: 'no' })
    expect(abortMove(aborted, 'op-1', 'bob', 'again')).toBe(aborted)
  })

  it.each([
    ['ABORT_TOO_LATE', () => abortMove(running('promoting'), 'op-1', 'ada', 'no')],
    ['ABORT_TOO_LATE', () => abortMove(running('rolled-back'), 'op-1', 'ada', 'no')],
    ['ABORT_TOO_LATE', () => abortMove(running('fencing', { fence: 'standing' }), 'op-1', 'ada', 'no')],
    ['OPERATION_NOT_FOUND', () => abortMove(running('cut'), 'op-9', 'ada', 'no')],
    ['OPERATION_NOT_FOUND', () => resumeMove(threeRegions(), 'op-1')],
    ['NOTHING_TO_RESUME', () => resumeMove(running('cut'), 'op-1')],
    ['STEP_NOT_SKIPPABLE', () => acknowledgeMove(waits('opening'), 'op-1', 'ada', 'no')],
    [
      'NOT_RETURNING',
      () => chooseSalvage(lost('returning', 'scanning'), east, { kind: 'discard', by: '', reason: '' }),
    ],
    ['NOT_RETURNING', () => resumeReturn(lost('returning', 'scanning'), east)],
  ])('refuses with %s', (code, act) => {
    expect(act).toThrow(expect.objectContaining({ code }))
  })

  it('chooses anew where a choice cannot be carried out, and compares anew what has changed', () => {
    const choice = { kind: 'discard', by: 'ada', reason: 'old' } as const
    const stuck = (code: string) => {
      const fault = { code, message: '', remedy: '' }
      const stop = { at: 'reseeding' as const, reason: '', instructions: '', fault }
      const document = lost('reseeding', 'needs-operator')
      const entry = document.regions[east]
      const divergence = { records: 1, partitions: 1, onlyHere: 1 }
      const record = { ...startReturn(east, 1, 'op-0'), phase: 'needs-operator' as const, stop, choice, divergence }
      return {
        ...document,
        regions: { ...document.regions, [east]: { ...entry, return: record } },
      } as unknown as ReturnType<typeof threeRegions>
    }
    const chosen = chooseSalvage(stuck('RETURN_LOSES_OLDER'), east, { ...choice, losesOlder: true }).regions[east]
    expect(chosen?.return).toMatchObject({ phase: 'choosing', attempt: 2, choice: { losesOlder: true } })
    expect(chosen?.return?.stop).toBeUndefined()
    expect(resumeReturn(stuck('RETURN_LOSES_OLDER'), east).regions[east]?.return).toMatchObject({ phase: 'reseeding' })
    const anew = resumeReturn(stuck('RETURN_TAIL_CHANGED'), east).regions[east]?.return
    expect(anew).toMatchObject({ phase: 'scanning', attempt: 2 })
    expect([anew?.choice, anew?.divergence, anew?.stop]).toEqual([undefined, undefined, undefined])
    expect(() => scanAgain(lost('lost'), east)).toThrow(expect.objectContaining({ code: 'NOT_RETURNING' }))
  })

  it('resumes at the step that stopped, as a new attempt', () => {
    const resumed = resumeMove(waits('promoting'), 'op-1').operation
    expect(resumed).toMatchObject({ phase: 'promoting', attempt: 2 })
    expect(resumed?.stop).toBeUndefined()
  })

  it('goes on without a step that was acknowledged, and says who did that', () => {
    const going = acknowledgeMove(waits('rerouting'), 'op-1', 'ada', 'by hand').operation
    expect(going).toMatchObject({ phase: 'evicting', warnings: ['ada had it go on without rerouting: by hand'] })
  })

  it('pauses and unpauses', () => {
    const paused = pauseGroup(threeRegions(), { by: 'ada', reason: 'upgrade', since: WHEN })
    expect(unpauseGroup(paused)).toEqual(threeRegions())
  })
})
