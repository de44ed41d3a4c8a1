import { describe, expect, it } from 'vitest'
import { checkInvariants } from '../../../../src/failover/moves/invariants.ts'
import { startReturn } from '../../../../src/failover/returns/start-return.ts'
import type { GroupDocument, OperationRecord } from '../../../../src/failover/state.ts'
import { east, runScenario, start, threeRegions, west, WHEN } from '../../../support/failover/machine-model.ts'

const { documents } = runScenario({
  name: 'a switchover',
  start: {},
  ends: { phase: 'done', active: east, epoch: 2, writable: [] },
})
const at = (phase: OperationRecord['phase']): GroupDocument => {
  const found = documents.find(({ operation }) => operation?.phase === phase)
  if (found === undefined) throw new Error(`no document at ${phase}`)
  return found
}
const next = (document: GroupDocument): GroupDocument => documents[documents.indexOf(document) + 1] ?? document
const withOperation = (document: GroupDocument, over: Partial<OperationRecord>): GroupDocument => {
  if (document.operation === undefined) throw new Error('no operation')
  return { ...document, operation: { ...document.operation, ...over } }
}
const withRegion = (document: GroupDocument, region: string, over: object): GroupDocument => ({
  ...document,
  regions: { ...document.regions, [region]: { role: 'standby', since: WHEN, reason: '', ...over } },
})
const withoutWest = (document: GroupDocument): GroupDocument => {
  const { [west]: _, ...regions } = document.regions
  return { ...document, regions }
}
const commit = () => [at('committing'), at('promoting')] as const

/** One pair of documents for every rule, made from a good one by a single change. */
const breaks: readonly (readonly [string, () => readonly [GroupDocument, GroupDocument]])[] = [
  ['the roles say', () => [at('cut'), withRegion(at('cut'), east, { role: 'active' })]],
  ['is not the last reign', () => [at('cut'), { ...at('cut'), reigns: [] }]],
  [
    'its return has not ended',
    () => [at('cut'), withRegion(at('cut'), east, { unfenced: { operation: 'x', reason: '' } })],
  ],
  ['moon was added as standby, or while a move ran', () => [at('cut'), withRegion(at('cut'), 'moon', {})]],
  ['west is gone', () => [at('cut'), withoutWest(at('cut'))]],
  ['is lost without a return', () => [at('cut'), withRegion(at('cut'), east, { role: 'lost' })]],
  ['without instructions', () => [at('cut'), withOperation(at('cut'), { phase: 'needs-operator', attempt: 99 })]],
  ['became other', () => [at('cut'), { ...at('cut'), group: 'other' }]],
  ['the generation went back', () => [at('cut'), { ...at('cut'), generation: 0 }]],
  ['changed within an epoch', () => [at('cut'), { ...at('promoting'), epoch: 1 }]],
  ['a reign was added', () => [at('cut'), { ...at('cut'), reigns: at('promoting').reigns }]],
  ['the epoch went from 1 to 3', () => [at('committing'), { ...at('promoting'), epoch: 3 }]],
  ['exactly one reign', () => [at('committing'), { ...at('promoting'), reigns: at('promoting').reigns.slice(1) }]],
  ['raised by no commit', () => [at('translating'), at('promoting')]],
  ['leads to promoting', () => [at('committing'), withOperation(at('promoting'), { phase: 'opening' })]],
  ['as it was asked to', () => [withOperation(at('committing'), { to: west }), at('promoting')]],
  ['follows the epoch', () => [withOperation(at('committing'), { epoch: 7 }), at('promoting')]],
  ['an aborted move', () => [withOperation(at('committing'), { abort: { by: '', reason: '' } }), at('promoting')]],
  [
    'while its records were being replaced',
    () => [
      withRegion(at('committing'), east, { role: 'reseeding', return: startReturn(east, 1, 'op-0') }),
      at('promoting'),
    ],
  ],
  ['with a fence that is intended', () => [withOperation(at('committing'), { fence: 'intended' }), at('promoting')]],
  ['with a fence that is attested', () => [withOperation(at('committing'), { fence: 'attested' }), at('promoting')]],
  [
    'is not shown as unfenced',
    () => [withOperation(at('committing'), { kind: 'failover', fence: 'attested' }), at('promoting')],
  ],
  ['without evidence of cut', () => [withOperation(at('committing'), { evidence: {} }), at('promoting')]],
  ['appeared in cut', () => [threeRegions(), at('cut')]],
  ['was dropped in cut', () => [at('cut'), threeRegions()]],
  ['replaced op-1 unsaid', () => [at('cut'), withOperation(at('requested'), { id: 'op-2' })]],
  [
    'a switchover superseded',
    () => [
      at('cut'),
      withOperation(at('requested'), { id: 'op-2', supersedes: { operation: 'op-1', phase: 'cut', isDrained: false } }),
    ],
  ],
  [
    'was taken over as proved',
    () => [
      withOperation(at('cut'), { phase: 'rolling-back' }),
      withOperation(at('requested'), {
        id: 'op-2',
        kind: 'failover',
        fence: 'proved',
        supersedes: { operation: 'op-1', phase: 'rolling-back', isDrained: false },
      }),
    ],
  ],
  [
    'claimed for an opened region',
    () => [
      at('opening'),
      withOperation(at('requested'), {
        id: 'op-2',
        kind: 'failover',
        fence: 'standing',
        supersedes: { operation: 'op-1', phase: 'opening', isDrained: false },
      }),
    ],
  ],
  ['to of operation op-1 changed', () => [at('cut'), withOperation(at('cut'), { to: west })]],
  [
    'the plan of operation op-1 changed',
    () => [
      at('cut'),
      withOperation(at('cut'), { request: { ...(at('cut').operation as OperationRecord).request, planHash: 'other' } }),
    ],
  ],
  ['the write pause became shorter', () => [withOperation(at('cut'), { writePausedMs: 9 }), at('cut')]],
  ['the attempts went back', () => [at('cut'), withOperation(at('cut'), { attempt: 0 })]],
  ['a warning was taken back', () => [withOperation(at('cut'), { warnings: ['one'] }), at('cut')]],
  ['within one attempt', () => [at('cut'), withOperation(at('cut'), { phase: 'draining' })]],
  ['went to proving', () => [at('cut'), withOperation(at('cut'), { phase: 'proving', attempt: 99 })]],
  [
    'went to rolling-back',
    () => [at('promoting'), withOperation(at('promoting'), { phase: 'rolling-back', attempt: 99 })],
  ],
  [
    'went from lost to standby',
    () => [withRegion(at('cut'), east, { role: 'lost', return: startReturn(east, 1, 'op-0') }), at('cut')],
  ],
  [
    'is re-seeded without a scan',
    () => [
      withRegion(at('cut'), east, { role: 'lost', return: startReturn(east, 1, 'op-0') }),
      withRegion(at('cut'), east, { role: 'reseeding', return: startReturn(east, 1, 'op-0') }),
    ],
  ],
]

describe('checkInvariants', () => {
  it('finds nothing wrong with what a switchover writes', () => {
    expect(documents.length).toBeGreaterThan(15)
    expect(documents.flatMap((document) => checkInvariants(document, next(document)))).toEqual([])
    expect(commit().map(({ epoch }) => epoch)).toEqual([1, 2])
  })

  it.each(breaks)('says: %s', (sentence, make) => {
    const [before, after] = make()
    expect(checkInvariants(before, after).join('\n')).toContain(sentence)
  })

  it('lets a group begin', () => {
    expect(checkInvariants(undefined, start(threeRegions()))).toEqual([])
  })
})
