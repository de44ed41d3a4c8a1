import { expect, test } from 'vitest'
import type { FailoverGroupBody, StatusBody } from '../../../src/api/contract/index.ts'
import type { UnfenceReport, UnfenceVerb } from '../../../src/cli/index.ts'
import { regionName } from '../../../src/core/index.ts'
import { STANDING } from '../../../src/security/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>

const { signal } = new AbortController()
const FENCE = ['fence', 'orders', '--region', 'east', '--reason', 'an audit', '--by', 'ada', '--yes']
const UNFENCE = ['unfence', 'orders', '--region', 'east', '--by', 'bob', '--yes']

function regionOf(it: Control, name: string) {
  const found = it.fenced.get(regionName(name))
  if (found === undefined) throw new Error(`no region ${name}`)
  const denies = () => found.acls.bindings.filter(({ name: topic }) => topic.startsWith('orders')).length
  const keys = async () => (await found.fences.records(signal)).records.map(({ operation }) => operation)
  return { ...found, denies, keys }
}

test('a region is fenced by hand, on record with who and why, and unfenced by somebody else', async () => {
  await using it = await startFakeControl()
  const east = regionOf(it, 'east')
  const fenced = await cli([...FENCE, '--api', it.api])
  expect(fenced).toMatchObject({ code: 0, err: '' })
  expect(fenced.out).toContain('east: done, fenced by acl, 3 entries were added')
  expect([east.denies(), await east.keys()]).toEqual([3, ['manual:ada']])
  const lifted = await cli([...UNFENCE, '--api', it.api])
  expect(lifted.out).toContain('1 fences were lifted, 3 entries went')
  expect([east.denies(), await east.keys()]).toEqual([0, []])
  const again = await cli([...UNFENCE, '--api', it.api])
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('nobody has fenced it by hand') })
  const entries = await it.journal.read(signal)
  expect(entries.map(({ kind, actor }) => `${kind} ${actor}`).slice(0, 2)).toEqual(['request ada', 'effect-ended ada'])
})

test.each([
  ['nobody to ask', undefined, 3, 0],
  ['another name', async () => 'billing', 3, 0],
  ['the name of the group', async () => ' orders ', 0, 3],
])('a fence is confirmed by the name of the group: %s', async (_what, ask, code, entries) => {
  await using it = await startFakeControl()
  const args = [...FENCE.filter((one) => one !== '--yes'), '--api', it.api]
  expect((await cli(args, { io: { ask } })).code).toBe(code)
  expect(regionOf(it, 'east').denies()).toBe(entries)
})

test("the fence of a standby, or of a move that runs, is not a person's to take down", async () => {
  await using it = await startFakeControl()
  const east = regionOf(it, 'east')
  const scope = { group: 'orders', include: ['orders.*'], exclude: [], isSelected: () => true }
  await east.fences.apply({ scope, operation: STANDING, by: 'isthmus', reason: 'a standby', untilMs: null }, signal)
  const refused = await cli([...UNFENCE, '--operation', STANDING, '--api', it.api])
  expect(refused.code).toBe(3)
  expect(refused.err).toContain('FENCE_STAYS')
  expect(east.denies()).toBe(3)
  await cli([...UNFENCE, '--api', it.api])
  expect(east.denies()).toBe(3)
})

test('who does not lead fences nothing, and a stranger is named', async () => {
  await using it = await startFakeControl()
  it.seen.hold = 'another controller leads, or none yet'
  const refused = await cli([...FENCE, '--api', it.api])
  expect(refused.err).toContain('NOT_LEADING')
  expect(regionOf(it, 'east').denies()).toBe(0)
  it.seen.hold = undefined
  const stranger = await cli(['fence', 'orders', '--region', 'mars', '--reason', 'x', '--yes', '--api', it.api])
  expect(stranger.err).toContain('Use one of: west, east, north.')
})

test('who stops leading in the middle of a fence says so, and changes nothing more', async () => {
  await using it = await startFakeControl()
  const east = regionOf(it, 'east')
  east.records.onPut = () => {
    it.seen.hold = 'another controller leads'
  }
  const refused = await cli([...FENCE, '--api', it.api])
  expect(refused.err).toContain('NOT_LEADING')
  expect(refused.err).toContain('another controller leads')
  expect(east.denies()).toBe(0)
})

test('a region whose brokers run no authorizer says that it cannot be fenced', async () => {
  await using it = await startFakeControl()
  regionOf(it, 'east').acls.hasAuthorizer = false
  const { code, err } = await cli([...FENCE, '--api', it.api])
  expect(code).toBe(3)
  expect(err).toContain('the brokers run no authorizer')
})

test('the fences of a group are shown with state, proof and whoever put them up', async () => {
  await using it = await startFakeControl()
  const nowMs = Date.now()
  const at = { group: 'orders', proof: undefined, provedAtMs: nowMs - 4_000, sinceMs: nowMs - 60_000 }
  const [east, north] = [regionName('east'), regionName('north')]
  await cli([...FENCE, '--api', it.api])
  const { records } = await regionOf(it, 'east').fences.records(signal)
  it.seen.fences = [
    { region: east, watched: { ...at, region: east, state: 'fenced', reason: 'all refused' }, records },
    { region: north, watched: { ...at, region: north, state: 'unavailable', reason: 'no authorizer' }, records: [] },
  ]
  const body = (await (await fetch(`${it.api}/api/v1/failover-groups/orders`)).json()) as FailoverGroupBody
  expect(body.fences).toMatchObject([
    {
      region: 'east',
      state: 'fenced',
      fences: [{ operation: 'manual:ada', means: 'acl', by: 'ada', reason: 'an audit' }],
    },
    { region: 'north', state: 'unfenced', reason: 'no authorizer', fences: [] },
  ])
  expect(body.fences[0]?.provedSecondsAgo).toBeGreaterThanOrEqual(4)
  const status = (await (await fetch(`${it.api}/api/v1/status`)).json()) as StatusBody
  expect(status.failoverGroups[0]?.regions.map(({ unfenced }) => unfenced)).toEqual([null, null, 'no authorizer'])
  expect((await cli(['status', '--api', it.api])).out).toContain('orders, north is not fenced: no authorizer')
})

const REPORT: UnfenceReport = {
  operation: 'op-1',
  regions: [
    { region: 'eu', state: 'lifted', found: 2, removed: 4, kept: 3, reason: null },
    { region: 'us', state: 'none', found: 0, removed: 0, kept: 0, reason: null },
  ],
}

test('all of an operation is taken down without a process, and a region that was not reached needs a person', async () => {
  const asked: UnfenceVerb[] = []
  let report = REPORT
  const verbs = {
    unfence: async (verb: UnfenceVerb) => {
      asked.push(verb)
      return await Promise.resolve(report)
    },
  }
  const args = ['unfence', '--all-of', 'op-1', '--config', 'isthmus.yaml', '--by', 'ada']
  const done = await cli([...args, '--yes'], { verbs })
  expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/eu +lifted +2 +4 +3/) })
  expect(asked).toEqual([{ config: 'isthmus.yaml', operation: 'op-1', by: 'ada' }])
  const away = { region: 'us', state: 'unreachable', found: 0, removed: 0, kept: 0, reason: 'no answer' } as const
  report = { ...REPORT, regions: [...REPORT.regions.slice(0, 1), away] }
  const partly = await cli([...args, '--yes'], { verbs })
  expect(partly.code).toBe(5)
  expect(partly.out).toContain('Not taken down in us')
  const unconfirmed = await cli(args, { verbs, io: { ask: async () => 'op-2' } })
  expect([unconfirmed.code, asked.length]).toEqual([3, 2])
  expect((await cli(['unfence', '--all-of', 'op-1', '--yes'], { verbs })).err).toContain('CLI_UNFENCE_UNCLEAR')
})
