import { expect, test } from 'vitest'
import {
  findInProcess,
  PROCESS_FINDINGS,
  type ProcessSeen,
} from '../../../../src/controller/doctor/process-findings.ts'
import { regionName } from '../../../../src/core/index.ts'
import type { GroupDocument } from '../../../../src/failover/index.ts'
import { linkStatus, stoppedFlow } from '../../../support/fake-replicator.ts'
import { start, threeRegions } from '../../../support/failover/machine-model.ts'

const heard = (vantage: string, standsIn: string | null, ageMs = 1_000) => {
  const region = standsIn === null ? null : regionName(standsIn)
  return { ageMs, report: { vantage, standsIn: region, sequence: 1, doubt: null, sees: new Map() } }
}
const groupOf = (document: GroupDocument | undefined) => {
  return { group: 'orders', regions: ['west', 'east', 'north'], mode: 'observe' as const, document }
}
const COPIES = {
  region: 'west',
  behind: 0,
  behindForMs: 0,
  upToRevision: 7,
  trouble: undefined,
  refused: [],
  strays: [],
}
const control = {
  answers: true,
  where: 'etcd',
  backend: 'etcd',
  fallsWith: [],
  copies: [{ ...COPIES, sight: 'read' as const }],
  groups: [groupOf(threeRegions())],
}
const good: ProcessSeen = {
  control,
  watch: {
    vantage: 'here',
    standsIn: null,
    doubt: null,
    heard: [heard('agent-1', 'west'), heard('agent-2', 'east'), heard('agent-3', 'north')],
  },
  staleMs: 10_000,
  regions: ['west', 'east', 'north'].map((region) => ({ region, hasGate: true })),
  links: [linkStatus()],
  notifications: [{ name: 'pager', where: 'https://pager', failingSinceMs: undefined, reason: '' }],
  nowMs: 1_000_000,
}
const withControl = (over: Partial<NonNullable<ProcessSeen['control']>>) => ({ control: { ...control, ...over } })
const withDocument = (document: GroupDocument | undefined) => withControl({ groups: [groupOf(document)] })
const withRegion = (entry: object): GroupDocument => {
  const document = threeRegions()
  const east = { role: 'standby' as const, since: 'then', reason: 'it was lost', ...entry }
  return { ...document, regions: { ...document.regions, east } }
}
const withCopies = (over: object) => withControl({ copies: [{ ...COPIES, sight: 'read', ...over }] })
const stoppedMove = (): GroupDocument => {
  const document = start(threeRegions())
  return {
    ...document,
    operation: document.operation && { ...document.operation, phase: 'needs-operator' as const },
  }
}

test('nothing is found where all is well, nor in a process that has nothing to do with groups', () => {
  expect(findInProcess(good)).toEqual([])
  expect(findInProcess({ ...good, control: undefined, regions: [], watch: { ...good.watch, heard: [] } })).toEqual([])
})

type Case = readonly [
  id: string,
  severity: string,
  where: readonly (string | null)[],
  seen: Partial<ProcessSeen>,
  evidence: string,
]
const CASES: readonly Case[] = [
  ['authority-silent', 'error', [null, null], withControl({ answers: false }), 'etcd'],
  [
    'authority-falls-with-region',
    'warning',
    ['orders', 'east'],
    withControl({ fallsWith: ['east'] }),
    'falls with east',
  ],
  ['authority-place-unknown', 'info', [null, null], withControl({ backend: 'sqlite' }), 'etcd'],
  [
    'state-copy-behind',
    'warning',
    [null, 'west'],
    withCopies({ behind: 2, behindForMs: 60_000, trouble: 'no leader' }),
    '2 documents for 60 s: no leader',
  ],
  [
    'state-copy-refused',
    'error',
    [null, 'west'],
    withCopies({ refused: [{ key: 'groups/orders', why: 'newer' }] }),
    'groups/orders is newer',
  ],
  [
    'vantage-points-few',
    'warning',
    [null, null],
    { watch: { ...good.watch, heard: [heard('agent-1', 'west')] }, regions: [{ region: 'west', hasGate: true }] },
    '2: here, agent-1',
  ],
  [
    'observer-in-doubt',
    'warning',
    [null, null],
    { watch: { ...good.watch, doubt: { reason: 'it stalled', sinceMs: 1 } as never } },
    'it stalled',
  ],
  ['gate-missing', 'info', [null, 'west'], { regions: [{ region: 'west', hasGate: false }] }, 'not configured'],
  [
    'agent-absent',
    'warning',
    [null, 'far'],
    { regions: [{ region: 'far', hasGate: true }] },
    'no vantage point of here, agent-1, agent-2, agent-3 stands in far',
  ],
  ['group-unrecorded', 'error', ['orders', null], withDocument(undefined), 'west, east, north'],
  ['region-not-standby', 'warning', ['orders', 'east'], withDocument(withRegion({ role: 'lost' })), 'it was lost'],
  [
    'region-unfenced',
    'warning',
    ['orders', 'east'],
    withDocument(withRegion({ unfenced: { operation: 'op', reason: 'it did not answer' } })),
    'it did not answer',
  ],
  ['operation-stopped', 'error', ['orders', null], withDocument(stoppedMove()), 'switchover'],
  ['flows-stopped', 'error', [null, null], { links: [linkStatus({ flows: [stoppedFlow()] })] }, 'eu-to-us: 1'],
  [
    'notifications-failing',
    'warning',
    [null, null],
    {
      notifications: [
        { name: 'pager', where: 'https://pager', failingSinceMs: 940_000, reason: 'it answered with 500' },
      ],
    },
    'pager (https://pager), for 60 s: it answered with 500',
  ],
]

test.each(CASES)('%s (%s) is found alone', (id, severity, [group, region], seen, evidence) => {
  const found = findInProcess({ ...good, ...seen })
  expect(found.map((one) => [one.id, one.severity, one.group, one.region])).toEqual([[id, severity, group, region]])
  expect(found[0]?.evidence).toContain(evidence)
})

test('every finding of a process is shown here', () => {
  expect(Object.keys(PROCESS_FINDINGS).sort()).toEqual(CASES.map(([id]) => id).sort())
})

test('few vantage points weigh less where people decide', () => {
  const manual = { ...groupOf(threeRegions()), mode: 'manual' as const }
  const seen = {
    ...withControl({ groups: [manual] }),
    watch: { ...good.watch, heard: [] },
    regions: [{ region: 'a', hasGate: false }],
  }
  const found = findInProcess({ ...good, ...seen })
  expect(found.map(({ id, severity }) => [id, severity])).toEqual([
    ['vantage-points-few', 'info'],
    ['gate-missing', 'info'],
  ])
})

test('a vantage point that has not been heard of for long does not count, and stands nowhere', () => {
  const old = good.watch.heard.map(({ report }) => ({ report, ageMs: 60_000 }))
  const found = findInProcess({
    ...good,
    watch: { ...good.watch, heard: old },
    regions: [{ region: 'west', hasGate: true }],
  })
  expect(found.map(({ id }) => id)).toEqual(['vantage-points-few', 'agent-absent'])
})

test('a copy that is behind for a moment is nothing', () => {
  expect(findInProcess({ ...good, ...withCopies({ behind: 1, behindForMs: 2_000 }) })).toEqual([])
})
