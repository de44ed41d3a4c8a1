import { expect, test } from 'vitest'
import { packDivergence } from '../../../src/failover/effects/returns/divergence-evidence.ts'
import { digestOf, type Json, type ReturnRecord } from '../../../src/failover/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>

const AT = { topic: 'payments', partition: 3, startOffset: 12 }
const ENDED = { by: 'marker', outcome: 'committed', transactionalId: 'billing', producerId: '4001', ...AT } as const
const ON_WEST = ['orders', '--region', 'west']

/** As a scan leaves it: west was lost, east is active. */
function putReturn(it: Control, change: Partial<ReturnRecord> = {}, onlyHere = 0): void {
  const ref = { topic: 'payments', topicId: 'id', partition: 3 }
  const active = { ref, logStart: 0, from: 11, end: 31 }
  const divergence = {
    topic: 'payments',
    partition: 3,
    from: 10,
    to: 14,
    records: 4,
    bytes: 400,
    onlyHere,
    firstTimestampMs: 1_000,
    lastTimestampMs: 2_000,
    firstOffset: 10,
    sampleKeys: ['anna', null],
    keysInConflict: 1,
    areAllKeysCompared: true,
    transactionalProducers: [],
    cutTransactions: ['7 epoch 1'],
    digest: 'd',
  }
  const forked = { ...ref, logStart: 0, fork: 10, end: 14, tie: { hops: [], at: 10, there: 11 }, active }
  const evidence = packDivergence([divergence], [forked, { ...forked, partition: 4 }], [ENDED]).evidence
  const json = JSON.parse(JSON.stringify(evidence)) as Json
  const scanning = { key: 'operations/op-west/scanning', digest: digestOf(json) }
  it.authority.documents.set(scanning.key, { value: json, revision: 1 })
  const found = { records: 4, partitions: 1, onlyHere }
  const record: ReturnRecord = {
    id: 'op-west',
    phase: 'choosing',
    attempt: 3,
    epoch: 2,
    divergence: found,
    evidence: { scanning },
    ...change,
  }
  const at = '2026-11-21T10:00:00.000Z'
  const { group } = it.authority
  const document = {
    ...group,
    epoch: 2,
    active: 'east',
    regions: {
      ...group.regions,
      west: { role: 'returning', since: at, reason: 'lost', return: record },
      east: { role: 'active', since: at, reason: 'failover' },
    },
    reigns: [...group.reigns, { epoch: 2, active: 'east', kind: 'failover', operation: 'op', committedAt: at }],
  }
  it.authority.documents.set('groups/orders', { value: JSON.parse(JSON.stringify(document)), revision: 99 })
}

const returnOf = (it: Control) => it.authority.group.regions['west']?.return

test('show tells what is only there, and what each choice would do', async () => {
  await using it = await startFakeControl()
  const none = await cli(['divergence', 'show', ...ON_WEST, '--api', it.api])
  expect(none.err).toContain('NOT_RETURNING')
  putReturn(it)
  const { code, out } = await cli(['divergence', 'show', ...ON_WEST, '--api', it.api])
  expect(code).toBe(0)
  expect(out).toContain('west in orders, compared with east in epoch 2, is at choosing')
  expect(out).toContain('4 records (400 bytes) in 1 partition of 1 topic are only there.')
  expect(out).toContain('Transactions were copied in part in 1 partition.')
  expect(out).toContain(
    'Its return has ended 1 transaction: billing of producer 4001, hanging on payments-3 from offset 12, committed.',
  )
  expect(out).toMatch(/replay +4 +4 +0 +31 +3,100/)
  expect(out).toMatch(/payments +3 +10 +14 +4 +400 +0 +1970-01-01T00:00:01.000Z +anna, \(none\)/)
  const listed = await cli(['divergence', 'show', ...ON_WEST, '--limit', '0', '--api', it.api, '--output', 'json'])
  expect(JSON.parse(listed.out)).toMatchObject({ partitions: [], partitionsLeftOut: 1, samples: [{ digest: 'd' }] })
  expect(JSON.parse(listed.out)).toMatchObject({ ended: [ENDED], endedTotal: 1 })
})

test('show says what a scan waits for', async () => {
  await using it = await startFakeControl()
  const waiting = { reason: 'markers are under way for billing', since: '2026-11-21T10:00:00.000Z' }
  putReturn(it, { phase: 'scanning', evidence: {}, waiting })
  const { err } = await cli(['divergence', 'show', ...ON_WEST, '--api', it.api])
  expect(err).toContain('at scanning: markers are under way for billing')
  const body = await (await fetch(`${it.api}/api/v1/failover-groups/orders`)).json()
  const { regions } = body as { regions: { region: string; return: { waiting: unknown } | null }[] }
  expect(regions.find(({ region }) => region === 'west')?.return?.waiting).toEqual(waiting)
})

test('a dry run changes nothing, and says what would be refused', async () => {
  await using it = await startFakeControl()
  putReturn(it, {}, 7)
  const dry = await cli(['divergence', 'discard', ...ON_WEST, '--dry-run', '--api', it.api])
  expect(dry.code).toBe(3)
  expect(dry.out).toContain('destroys 4 records (400 bytes)')
  expect(dry.out).toContain('destroys 7 records below the forks as well, with --loses-older')
  expect((await cli(['divergence', 'keep', ...ON_WEST, '--dry-run', '--api', it.api])).code).toBe(0)
  expect(returnOf(it)?.choice).toBeUndefined()
})

test.each([
  ['nobody to ask', undefined, 3],
  ['another name', async () => 'west', 3],
  ['the name of the group', async () => 'orders', 0],
])('a choice is confirmed by the name of the group: %s', async (_what, ask, code) => {
  await using it = await startFakeControl()
  putReturn(it)
  const args = ['divergence', 'replay', ...ON_WEST, '--reason', 'wanted', '--by', 'ada', '--api', it.api]
  const done = await cli(args, { io: { ask } })
  expect(done.code).toBe(code)
  expect(done.err).toContain('appends 4 records (400 bytes) to the topics of east, as late records')
  expect(returnOf(it)?.choice).toEqual(code === 0 ? { kind: 'replay', by: 'ada', reason: 'wanted' } : undefined)
})

test('a choice that cannot be carried out is made anew, with what it may destroy', async () => {
  await using it = await startFakeControl()
  const stop = { at: 'reseeding', reason: 'older', instructions: 'look' } as const
  const choice = { kind: 'replay', by: 'ada', reason: 'wanted' } as const
  putReturn(it, { phase: 'needs-operator', stop, choice })
  const args = [
    'divergence',
    'reseed',
    ...ON_WEST,
    '--reason',
    'copied elsewhere',
    '--by',
    'bob',
    '--loses-older',
    '-y',
  ]
  const { code, out } = await cli([...args, '--api', it.api])
  expect([code, out]).toEqual([0, 'west of orders: choosing\n'])
  expect(returnOf(it)).toMatchObject({ phase: 'choosing', attempt: 4, choice: { kind: 'replay', losesOlder: true } })
  expect(returnOf(it)?.stop).toBeUndefined()
})

test('a region that waits is compared once more', async () => {
  await using it = await startFakeControl()
  putReturn(it)
  const { code, out } = await cli(['divergence', 'scan', ...ON_WEST, '--api', it.api])
  expect([code, out]).toEqual([0, 'west of orders: scanning\n'])
  expect(returnOf(it)).toMatchObject({ phase: 'scanning', attempt: 4 })
  expect(returnOf(it)?.divergence).toBeUndefined()
  expect((await cli(['divergence', 'scan', ...ON_WEST, '--api', it.api])).code).toBe(3)
})
