import { expect, test } from 'vitest'
import type { DrillBody, DrillsBody } from '../../../src/api/contract/index.ts'
import type { DrillDocument, DrillOutcome } from '../../../src/failover/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { cli } from '../../support/run-cli.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>

const { signal } = new AbortController()
const RUN = ['drill', 'run', 'orders', '--by', 'ada', '--level']

/** As the machine leaves it; no controller runs here. */
async function end(it: Control, outcome: DrillOutcome): Promise<DrillDocument> {
  const running = await it.drillStore.running(signal)
  const acquired = await it.store.acquire('controller', { holder: 'here', ttlMs: 60_000 }, signal)
  if (running === undefined || acquired.kind !== 'held') throw new Error('there is no drill')
  const { lease } = acquired
  const guards = [{ name: 'target-reachable', status: 'passed', evidence: 'it answers', isBlocking: false, remedy: '' }]
  const parts = await it.drillStore.keepParts(running.drill, { guards }, lease, signal)
  const steps = [...running.drill.steps, { phase: 'done' as const, at: running.drill.request.at, reason: 'over' }]
  const drill = { ...running.drill, phase: 'done' as const, outcome, parts, steps }
  await it.drillStore.archive({ ...running, drill }, lease, signal)
  return drill
}

async function run(it: Control, level: string, more: readonly string[] = []) {
  const ran = await cli([...RUN, level, ...more, '--api', it.api, '--output', 'json'])
  return { ...ran, drill: ran.code === 0 ? (JSON.parse(ran.out) as DrillBody) : undefined }
}

test('a drill is ordered, listed and reported', async () => {
  await using it = await startFakeControl()
  const { drill } = await run(it, 'preflight', ['--region', 'north', '--stay', '5'])
  expect(drill).toMatchObject({
    group: 'orders',
    level: 'preflight',
    from: 'west',
    region: 'north',
    phase: 'requested',
  })
  const id = drill?.id ?? ''
  await end(it, { kind: 'passed', reasons: ['every step was done'] })
  const shown = await cli(['drill', 'show', id, '--api', it.api])
  expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('It has ended: passed.') })
  const listed = await cli(['drill', 'list', 'orders', '--api', it.api, '--output', 'json'])
  expect((JSON.parse(listed.out) as DrillsBody).ended).toEqual([
    expect.objectContaining({ id, outcome: { kind: 'passed', reasons: ['every step was done'] } }),
  ])
  const report = await cli(['drill', 'report', id, '--api', it.api])
  expect(report.out).toContain('# Drill of orders: passed')
  expect(report.out).toContain('target-reachable')
  const newest = await cli(['drill', 'report', 'orders', '--api', it.api])
  expect(newest.out).toBe(report.out)
  const page = await cli(['drill', 'report', id, '--api', it.api, '--format', 'html'])
  expect(page.out).toMatch(/^<!doctype html>[^]*Drill of orders/)
  const data = await cli(['drill', 'report', id, '--api', it.api, '--output', 'json'])
  expect(JSON.parse(data.out)).toMatchObject({ drill: id, guards: [{ name: 'target-reachable' }], leftovers: [] })
})

test.each([
  ['failed', 5],
  ['interrupted', 3],
  ['skipped', 3],
] as const)('a drill that has %s is an exit code of its own', async (kind, code) => {
  await using it = await startFakeControl()
  const { drill } = await run(it, 'isolated')
  await end(it, { kind, reasons: ['that is why'] })
  const shown = await cli(['drill', 'show', drill?.id ?? '', '--api', it.api])
  expect(shown).toMatchObject({ code, out: expect.stringContaining('that is why') })
})

test('who waits for a drill waits on where the process does not answer for a moment', async () => {
  await using it = await startFakeControl()
  const { drill } = await run(it, 'isolated')
  let calls = 0
  const send: typeof fetch = async (...request) => {
    calls++
    if (calls === 2) throw new TypeError('fetch failed')
    if (calls === 3) await end(it, { kind: 'passed', reasons: [] })
    return await fetch(...request)
  }
  const args = ['drill', 'show', drill?.id ?? '', '--wait', '--api', it.api]
  const shown = await cli(args, { io: { fetch: send } })
  expect(shown).toMatchObject({ code: 0, err: expect.stringContaining('it is asked again') })
})

test('a full drill needs an approval, which the list shows', async () => {
  await using it = await startFakeControl()
  const refused = await run(it, 'full')
  expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('DRILL_NOT_APPROVED') })
  const approved = await cli(['drill', 'approve', 'orders', '--by', 'grace', '--reason', 'tonight', '--api', it.api])
  expect(approved.out).toContain('One full drill of orders may begin until')
  const listed = await cli(['drill', 'list', 'orders', '--api', it.api])
  expect(listed.out).toContain('grace has approved one full drill')
  expect((await run(it, 'full')).drill?.approval).toMatchObject({ by: 'grace', reason: 'tonight' })
})

test('a drill is aborted by its id', async () => {
  await using it = await startFakeControl()
  const { drill } = await run(it, 'authority')
  const aborted = await cli(['drill', 'abort', drill?.id ?? '', '--by', 'bob', '--reason', 'not now', '--api', it.api])
  expect(aborted.code).toBe(0)
  expect((await it.drillStore.running(signal))?.drill.abort).toEqual({ by: 'bob', reason: 'not now' })
  const requests = (await it.journal.read(signal)).filter(({ kind }) => kind === 'request')
  expect(requests.map(({ actor, operation }) => [actor, operation])).toEqual([
    ['ada', drill?.id],
    ['bob', drill?.id],
  ])
})

test.each([
  [['drill', 'run', 'billing', '--level', 'preflight'], 2, 'FAILOVER_GROUP_UNKNOWN'],
  [['drill', 'run', 'orders', '--level', 'canary'], 3, 'DRILL_NO_CANARY'],
  [['drill', 'run', 'orders', '--level', 'preflight', '--region', 'west'], 3, 'TARGET_NOT_ELIGIBLE'],
  [['drill', 'show', 'orders-drill-0123456789abcdef'], 2, 'DRILL_NOT_FOUND'],
  [['drill', 'show', 'orders'], 2, 'CLI_DRILL_UNCLEAR'],
  [['drill', 'report', 'orders'], 2, 'CLI_DRILL_MISSING'],
])('what cannot be done is refused: %s', async (args, code, fault) => {
  await using it = await startFakeControl()
  expect(await cli([...args, '--api', it.api])).toMatchObject({ code, err: expect.stringContaining(fault) })
})

test('the same key is the same drill, and no other one', async () => {
  await using it = await startFakeControl()
  const order = async (level: string) => {
    const response = await fetch(`${it.api}/api/v1/failover-groups/orders/drills`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
      body: JSON.stringify({ level, by: 'ada', reason: 'test' }),
    })
    return { status: response.status, body: (await response.json()) as { id?: string; code?: string } }
  }
  const first = await order('preflight')
  expect(first.status).toBe(202)
  expect(await order('preflight')).toMatchObject({ status: 202, body: { id: first.body.id } })
  expect(await order('isolated')).toMatchObject({ status: 422, body: { code: 'API_KEY_REUSED' } })
})
