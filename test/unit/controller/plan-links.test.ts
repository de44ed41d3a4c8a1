import { expect, test } from 'vitest'
import { type Copying, planLinks } from '../../../src/controller/plan-links.ts'
import type { GroupDocument, OperationRecord, RegionEntry } from '../../../src/failover/index.ts'
import { east, north, request, threeRegions, west, WHEN } from '../../support/failover/machine-model.ts'

const toEast: Copying = { source: west, target: east }
const toNorth: Copying = { source: west, target: north }
const back: Copying = { source: east, target: west }
const onward: Copying = { source: east, target: north }
const donated: Copying = { source: north, target: east }

function during(over: Partial<OperationRecord>, document = threeRegions()): GroupDocument {
  const operation: OperationRecord = {
    id: 'op-1',
    kind: 'switchover',
    from: west,
    to: east,
    phase: 'draining',
    attempt: 1,
    epoch: 1,
    request,
    fence: 'proved',
    evidence: {},
    writePausedMs: 0,
    warnings: [],
    ...over,
  }
  return { ...document, operation }
}

/** After the commit of a move to the east. */
function moved(from: Partial<RegionEntry> = {}): GroupDocument {
  const entry = (role: RegionEntry['role']): RegionEntry => ({ role, since: WHEN, reason: 'moved' })
  const document = threeRegions()
  const regions = { [west]: { ...entry('standby'), ...from }, [east]: entry('active'), [north]: entry('standby') }
  return { ...document, epoch: 2, active: east, regions }
}

const add = ({ add: added }: ReturnType<typeof planLinks>) => added
const stopped = ({ stop }: ReturnType<typeof planLinks>) => stop.map(({ source, target }) => ({ source, target }))

test('a group is copied from its active region to every standby', () => {
  expect(add(planLinks(threeRegions(), []))).toEqual([toEast, toNorth])
  expect(planLinks(threeRegions(), [toEast, toNorth])).toEqual({ add: [], stop: [] })
})

test.each(['fencing', 'draining', 'translating', 'committing'] as const)(
  'the copies go on while a switchover is at %s',
  (phase) => {
    expect(planLinks(during({ phase }), [toEast, toNorth])).toEqual({ add: [], stop: [] })
    expect(add(planLinks(during({ phase }), []))).toEqual([toEast, toNorth])
  },
)

test.each(['catching-up', 'translating', 'committing'] as const)(
  'a source that a failover gives up is not copied from at %s',
  (phase) => {
    const plan = planLinks(during({ kind: 'failover', phase }), [toEast])
    expect([add(plan), stopped(plan)]).toEqual([[], [toEast]])
  },
)

const donors = [{ region: north, topics: ['orders'] }]

test('what a survivor gives is copied by every process while a failover catches up', () => {
  const document = during({ kind: 'failover', phase: 'catching-up', donors })
  expect(planLinks(document, [toNorth])).toMatchObject({ add: [{ ...donated, topics: ['orders'] }], stop: [toNorth] })
  expect(planLinks(document, [donated])).toEqual({ add: [], stop: [] })
  // Whoever carries the step out begins before it is on record.
  expect(planLinks(during({ kind: 'failover', phase: 'catching-up' }), [donated])).toEqual({ add: [], stop: [] })
})

test('what a survivor gives goes on while the catch-up waits for a person', () => {
  const stop = { at: 'catching-up', reason: 'r', instructions: 'i' } as const
  const document = during({ kind: 'failover', phase: 'needs-operator', donors, stop })
  expect(planLinks(document, [donated])).toEqual({ add: [], stop: [] })
  expect(add(planLinks(document, []))).toMatchObject([donated])
})

test.each(['translating', 'rolling-back'] as const)('what a survivor gives ends at %s', (phase) => {
  const plan = planLinks(during({ kind: 'failover', phase }), [donated])
  expect([add(plan), stopped(plan)]).toEqual([[], [donated]])
})

test('an operation that waits for a person is taken for where it stands', () => {
  const stop = { at: 'catching-up', reason: 'r', instructions: 'i' } as const
  const plan = planLinks(during({ kind: 'failover', phase: 'needs-operator', stop }), [toEast])
  expect([add(plan), stopped(plan)]).toEqual([[], [toEast]])
})

test.each(['promoting', 'opening', 'rerouting', 'evicting', 'reversing'] as const)(
  'behind the commit, at %s, old copies end and those of `reverse` stay',
  (phase) => {
    const plan = planLinks(during({ phase, epoch: 1 }, moved()), [toEast, toNorth, back])
    expect([add(plan), stopped(plan)]).toEqual([[], [toEast, toNorth]])
  },
)

test('a process that took no part in the move follows once the direction is turned', () => {
  expect(add(planLinks(during({ phase: 'verifying' }, moved()), []))).toEqual([back, onward])
  expect(add(planLinks(moved(), [back]))).toEqual([onward])
})

test.each(['lost', 'returning', 'reseeding'] as const)('a region that is %s is not copied to', (role) => {
  const plan = planLinks(moved({ role }), [back, onward])
  expect([add(plan), stopped(plan)]).toEqual([[], [back]])
})

test('a region that rejoins is copied to before it is a standby', () => {
  const record = { id: 'r', phase: 'rejoining', attempt: 1, epoch: 2, evidence: {} } as const
  expect(add(planLinks(moved({ role: 'returning', return: record }), [onward]))).toEqual([back])
})
