import { expect, test } from 'vitest'
import { sumCopies, viewCopies } from '../../../src/api/copy-views.ts'
import type { CopySum, HeardReport } from '../../../src/regions/index.ts'
import type { ReplicationStatus } from '../../../src/replication/index.ts'
import { flowStatus, linkStatus } from '../../support/fake-replicator.ts'

const NOW_MS = 1_000_000
const LINK = 'eu-to-us'

const heard = (vantage: string, copies: Readonly<Record<string, CopySum>>, ageMs = 1_000): HeardReport => ({
  ageMs,
  report: {
    vantage,
    standsIn: null,
    sequence: 1,
    doubt: null,
    sees: new Map(),
    copies: new Map(Object.entries(copies)),
  },
})
const sum = (given: Partial<CopySum>): CopySum => ({
  flows: 2,
  allFlows: 4,
  unknownFlows: 0,
  lagRecords: 10,
  lagSeconds: 3,
  seenSecondsAgo: 0.5,
  openIncidents: 0,
  ...given,
})

test('what a process tells of is its own part of a link', () => {
  const flows = [
    flowStatus({ partition: 0, lagRecords: 5, lagSeconds: 2, observedAtMs: NOW_MS - 700 }),
    flowStatus({ partition: 1, lagRecords: null, lagSeconds: null, observedAtMs: NOW_MS - 200 }),
    flowStatus({ partition: 2, state: 'elsewhere', lagRecords: null, lagSeconds: null, observedAtMs: null }),
  ]
  const status: ReplicationStatus = { atMs: NOW_MS, links: [linkStatus({ flows })], incidents: [], members: [] }
  expect(sumCopies(status).get(LINK)).toEqual(
    sum({ flows: 2, allFlows: 3, unknownFlows: 1, lagRecords: 5, lagSeconds: 2, seenSecondsAgo: 0.7 }),
  )
})

test('the parts of all processes are the whole, as old as the oldest of them', () => {
  const own = new Map([[LINK, sum({})]])
  const [copy] = viewCopies(own, [heard('b', { [LINK]: sum({ lagRecords: 1, lagSeconds: 9, openIncidents: 2 }) })])
  expect(copy).toEqual({
    link: LINK,
    processes: 2,
    flows: 4,
    toldFlows: 4,
    lagUnknownFlows: 0,
    lagRecords: 11,
    lagSeconds: 9,
    lagAgeSeconds: 1.5,
    openIncidents: 2,
  })
})

test('a process that copies nothing tells what others do', () => {
  const reports = [heard('a', { [LINK]: sum({}) }), heard('b', { [LINK]: sum({}) })]
  expect(viewCopies(new Map(), reports)).toMatchObject([{ link: LINK, processes: 2, flows: 4, toldFlows: 4 }])
})

test('who has not been heard of for a while has no part in it, so that the whole is not known', () => {
  const reports = [heard('a', { [LINK]: sum({}) }), heard('b', { [LINK]: sum({}) }, 20_000)]
  expect(viewCopies(new Map(), reports)).toMatchObject([{ flows: 4, toldFlows: 2 }])
})

test('a source that one of them has never seen makes the age of all unknown', () => {
  const reports = [heard('a', { [LINK]: sum({ seenSecondsAgo: null }) }), heard('b', { [LINK]: sum({}) })]
  expect(viewCopies(new Map(), reports)).toMatchObject([{ toldFlows: 4, lagAgeSeconds: null }])
})

test('incidents of a link that copies nothing any more are counted', () => {
  const incident = { link: LINK, acknowledged: null } as ReplicationStatus['incidents'][number]
  const known = { ...incident, acknowledged: { atMs: 1, by: 'ada', note: '' } }
  const status: ReplicationStatus = { atMs: NOW_MS, links: [], incidents: [incident, known], members: [] }
  expect(viewCopies(sumCopies(status), [])).toMatchObject([
    { link: LINK, processes: 0, flows: 0, lagRecords: null, openIncidents: 1 },
  ])
})
