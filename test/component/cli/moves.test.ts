import { expect, test } from 'vitest'
import { regionName } from '../../../src/core/index.ts'
import type { OperationRecord } from '../../../src/failover/index.ts'
import type { FenceRecord } from '../../../src/security/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { goodEvidence } from '../../support/failover/good-evidence.ts'
import { cli } from '../../support/run-cli.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>

const MOVE = ['orders', '--to', 'east', '--reason', 'drill', '--by', 'ada']

/** As the machine leaves it. */
function putOperation(it: Control, change: Partial<OperationRecord>): void {
  const { group } = it.authority
  const changed = { ...group, operation: { ...group.operation, ...change } }
  it.authority.documents.set('groups/orders', { value: JSON.parse(JSON.stringify(changed)), revision: 99 })
}

test('plan shows what stops a move, and exits with 3', async () => {
  await using it = await startFakeControl({
    evidence: { ...goodEvidence, target: { ...goodEvidence.target, isReachable: false } },
  })
  const { code, out } = await cli(['plan', 'orders', '--to', 'east', '--api', it.api])
  expect(code).toBe(3)
  expect(out).toContain('switchover of orders from west to east in epoch 1')
  expect(out).toMatch(/target-reachable +failed +yes/)
  expect(out).toContain('Refused by: target-reachable')
  const move = await cli(['switchover', ...MOVE, '--yes', '--api', it.api])
  expect(move).toMatchObject({ code: 3 })
  expect(move.err).toContain('CLI_MOVE_BLOCKED')
  expect(it.authority.group.operation).toBeUndefined()
})

test.each([
  ['nobody to ask', undefined, 3],
  ['another name', async () => 'billing', 3],
  ['the name of the group', async () => ' orders ', 0],
])('a move is confirmed by its name: %s', async (_what, ask, code) => {
  await using it = await startFakeControl()
  const done = await cli(['switchover', ...MOVE, '--api', it.api], { io: { ask } })
  expect(done.code).toBe(code)
  expect(done.err).toContain('Steps: ')
  expect(it.authority.group.operation?.request.by).toBe(code === 0 ? 'ada' : undefined)
})

test.each([
  ['is made again where nobody has typed the name', ['--yes'], 1, 0],
  ['is not made again for ever', ['--yes'], 3, 3],
  ['has to be looked at again by whoever has typed the name', [], 1, 3],
])('a plan that has changed %s', async (_what, more, changes, code) => {
  await using it = await startFakeControl()
  let left = changes
  const io = {
    ask: async () => 'orders',
    fetch: (url: Parameters<typeof fetch>[0], init?: RequestInit) => {
      const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as { planHash?: string }) : {}
      if (body.planHash === undefined || left-- <= 0) return fetch(url, init)
      return fetch(url, { ...init, body: JSON.stringify({ ...body, planHash: 'of another plan' }) })
    },
  }
  const done = await cli(['switchover', ...MOVE, ...more, '--api', it.api], { io })
  expect(done.code).toBe(code)
  if (code !== 0) expect(done.err).toContain('PLAN_CHANGED')
  expect(it.authority.group.operation === undefined).toBe(code !== 0)
})

test('a failover needs its loss to be accepted', async () => {
  await using it = await startFakeControl()
  const refused = await cli(['failover', ...MOVE, '--yes', '--api', it.api])
  expect(refused.code).toBe(3)
  expect(refused.err).toContain('accept-loss')
  const args = [...MOVE, '--accept-loss', '--attest', 'the power is off', '--yes', '--api', it.api]
  expect((await cli(['failover', ...args])).code).toBe(0)
  expect(it.authority.group.operation?.request).toMatchObject({
    acceptLoss: true,
    attestation: { by: 'ada', reason: 'the power is off' },
  })
})

test('wait shows each step and ends with 5 where a person is needed', async () => {
  await using it = await startFakeControl()
  const stop = { at: 'fencing', reason: 'no answer', instructions: 'look at the brokers' } as const
  const changes: Partial<OperationRecord>[] = [{ phase: 'fencing' }, { phase: 'needs-operator', stop }]
  const io = {
    fetch: (url: Parameters<typeof fetch>[0], init?: RequestInit) => {
      const next = init?.method === 'POST' ? undefined : changes.shift()
      if (next !== undefined) putOperation(it, next)
      return fetch(url, init)
    },
  }
  const { code, out, err } = await cli(['switchover', ...MOVE, '--yes', '--wait', '--api', it.api], { io })
  expect(code).toBe(5)
  expect(err).toMatch(/^requested\nfencing\nneeds-operator$/m)
  expect(out).toContain('what to do: look at the brokers')
  const id = it.authority.group.operation?.id ?? ''
  expect((await cli(['operation', 'show', id, '--api', it.api])).code).toBe(5)
  expect((await cli(['operation', 'resume', id, '--by', 'bob', '--api', it.api])).code).toBe(0)
  expect(it.authority.group.operation).toMatchObject({ phase: 'fencing', attempt: 2 })
  const aborted = await cli(['operation', 'abort', id, '--reason', 'enough', '--by', 'bob', '--api', it.api])
  expect(aborted.out).toContain('bob has asked to abort it: enough')
  const skipped = await cli(['operation', 'acknowledge', id, '--reason', 'enough', '--api', it.api])
  expect(skipped).toMatchObject({ code: 3 })
  expect((await cli(['operation', 'show', 'orders', '--api', it.api])).code).toBe(2)
})

test('a group is paused and resumed, and the history says by whom', async () => {
  await using it = await startFakeControl()
  const paused = await cli(['pause', 'orders', '--reason', 'upgrade', '--by', 'ada', '--api', it.api])
  expect(paused).toMatchObject({ code: 0, out: 'Group orders is paused by ada: upgrade\n' })
  expect((await cli(['resume', 'orders', '--by', 'bob', '--api', it.api])).out).toBe('Group orders can be moved.\n')
  const { out } = await cli(['history', '--group', 'orders', '--api', it.api])
  expect(out.split('\n').slice(1, 3).join('\n')).toMatch(/^ +2 .* bob +request +orders.*\n +1 .* ada +request +orders/)
  expect((await cli(['history', '--verify', '--api', it.api])).out).toContain('intact: 2 entries')
  const stored = await it.store.read('journal/0000000000000001', AbortSignal.timeout(1_000))
  const forged = { ...(stored?.value as object), actor: 'eve' }
  const terms = { expected: stored?.revision ?? 0 }
  await it.store.write('journal/0000000000000001', forged, terms, AbortSignal.timeout(1_000))
  expect(await cli(['history', '--verify', '--api', it.api])).toMatchObject({ code: 6 })
})

test('regions are shown with what is wrong, and end with 5 where one is down', async () => {
  await using it = await startFakeControl()
  const suspect = await cli(['regions', '--api', it.api])
  expect(suspect).toMatchObject({ code: 0 })
  expect(suspect.out).toMatch(/west +suspect +- +- +suspect +it does not answer/)
  expect(suspect.out).toContain('west: none of 3 brokers answers')
  it.seen.regions = it.seen.regions.map((at) => ({ ...at, judgement: { ...at.judgement, verdict: 'down' } }))
  expect((await cli(['regions', '--api', it.api])).code).toBe(5)
})

test('regions are shown with the fences that are on record there', async () => {
  await using it = await startFakeControl()
  const west = regionName('west')
  const record = {
    format: 1,
    region: west,
    group: 'orders',
    operation: 'standby',
    means: 'acl',
    denied: [],
    config: null,
  }
  const by = { setBy: 'isthmus', reason: 'the region is a standby', setAtMs: 0, untilMs: null, lifted: null }
  it.seen.fences = [{ region: west, watched: undefined, records: [{ ...record, ...by } as unknown as FenceRecord] }]
  const { out } = await cli(['regions', '--api', it.api])
  expect(out).toContain(
    'west is fenced for orders by acl since 1970-01-01T00:00:00.000Z (standby): the region is a standby',
  )
  it.seen.fences = []
  expect((await cli(['regions', '--api', it.api])).out).not.toContain('fenced')
})

test('status shows what is active, what moves, and what waits for a person', async () => {
  await using it = await startFakeControl()
  const still = await cli(['status', '--api', it.api])
  expect(still.out).toMatch(/^orders +west +1 +east standby, north standby +none$/m)
  await cli(['switchover', ...MOVE, '--yes', '--api', it.api])
  putOperation(it, { phase: 'draining' })
  const moving = await cli(['status', '--api', it.api])
  expect(moving).toMatchObject({ code: 0 })
  expect(moving.out).toMatch(/switchover to east: draining$/m)
  putOperation(it, { phase: 'needs-operator', stop: { at: 'promoting', reason: 'no answer', instructions: 'look' } })
  const stuck = await cli(['status', '--api', it.api])
  expect(stuck).toMatchObject({ code: 5 })
  expect(stuck.out).toMatch(/switchover to east: needs-operator$/m)
})
