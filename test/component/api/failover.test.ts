import { expect, test } from 'vitest'
import type { FailoverGroupBody, JournalBody, OperationBody, PlanBody } from '../../../src/api/contract/index.ts'
import { startFakeControl } from '../../support/fake-control.ts'
import { goodEvidence } from '../../support/failover/good-evidence.ts'
import type { OperationRecord } from '../../../src/failover/index.ts'

type Control = Awaited<ReturnType<typeof startFakeControl>>
type Headers = Record<string, string>

const ORDERS = '/api/v1/failover-groups/orders'
const SWITCHOVER = { kind: 'switchover', to: 'east' }

interface Answer<Body> {
  readonly status: number
  readonly headers: Response['headers']
  readonly body: Body
}

async function ask<Body>(it: Control, path: string, body?: object, headers: Headers = {}): Promise<Answer<Body>> {
  const content = { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${it.api}${path}`, {
    ...(body !== undefined && content),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  })
  const text = await response.text()
  const { status } = response
  return { status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as Body }
}

async function order(it: Control, over: object = {}, headers: Headers = {}) {
  const { body: plan } = await ask<PlanBody>(it, `${ORDERS}/plans`, SWITCHOVER)
  const body = { ...SWITCHOVER, by: 'ada', reason: 'drill', planHash: plan.hash, ...over }
  return ask<OperationBody & { code?: string; title?: string }>(it, `${ORDERS}/operations`, body, {
    'idempotency-key': 'k1',
    'if-match': '"1"',
    ...headers,
  })
}

/** As the machine leaves it. */
function putOperation(it: Control, change: Partial<OperationRecord>): void {
  const stored = it.authority.documents.get('groups/orders')
  if (stored === undefined) throw new Error('there is no group')
  const value = it.authority.group
  const changed = { ...value, operation: { ...value.operation, ...change } }
  it.authority.documents.set('groups/orders', { ...stored, value: JSON.parse(JSON.stringify(changed)) })
}

test('a group is shown with its epoch and revision as the tag', async () => {
  await using it = await startFakeControl()
  const { status, headers, body } = await ask<FailoverGroupBody>(it, ORDERS)
  expect(status).toBe(200)
  expect(headers.get('etag')).toBe('"1/1"')
  expect(body).toMatchObject({ group: 'orders', epoch: 1, active: 'west', paused: null, operation: null })
  expect(body.regions.map(({ region, role }) => `${region} ${role}`)).toEqual([
    'west active',
    'east standby',
    'north standby',
  ])
  expect((await ask(it, ORDERS, undefined, { 'if-none-match': '"1/1"' })).status).toBe(304)
  expect((await ask<{ groups: unknown[] }>(it, '/api/v1/failover-groups')).body.groups).toEqual([body])
})

test('a plan shows every guard and what stops the move, and changes nothing', async () => {
  await using it = await startFakeControl({ evidence: { ...goodEvidence, clockOffsetMs: 9_999 } })
  const { body } = await ask<PlanBody>(it, `${ORDERS}/plans`, SWITCHOVER)
  expect(body).toMatchObject({ from: 'west', to: 'east', epoch: 1, predicted: { lossRecords: 0, isEstimate: false } })
  expect(body.guards.length).toBeGreaterThan(10)
  expect(body.guards.find(({ name }) => name === 'clocks-agree')?.status).not.toBe('passed')
  expect(body.steps.map(({ phase }) => phase)).toContain('committing')
  const failover = await ask<PlanBody>(it, `${ORDERS}/plans`, { ...SWITCHOVER, kind: 'failover' })
  expect(failover.body.blocking).toContain('accept-loss')
  // 10 seen to be missing, and 100 a second for 0.2 s since.
  expect(failover.body.predicted).toMatchObject({ lossRecords: 30, isEstimate: true })
  expect(it.authority.group.operation).toBeUndefined()
})

test('a move is accepted once for a key, and found again when it has ended', async () => {
  await using it = await startFakeControl()
  const first = await order(it)
  expect(first).toMatchObject({ status: 202, body: { state: 'running', phase: 'requested', by: 'ada', epoch: 1 } })
  const { id } = first.body
  expect(first.headers.get('location')).toBe(`${ORDERS}/operations/${id}`)
  expect((await order(it, { planHash: it.authority.group.operation?.request.planHash })).body.id).toBe(id)
  expect(await order(it, { to: 'north' })).toMatchObject({ status: 422, body: { code: 'API_KEY_REUSED' } })

  const { operation, ...rest } = it.authority.group
  const ended = { ...operation, phase: 'done' }
  await it.authority.write(`operations/${id}`, JSON.parse(JSON.stringify(ended)), { expected: 'absent' })
  const stored = it.authority.documents.get('groups/orders')
  it.authority.documents.set('groups/orders', {
    value: JSON.parse(JSON.stringify(rest)),
    revision: stored?.revision ?? 0,
  })
  const again = await order(it, { planHash: operation?.request.planHash })
  expect(again).toMatchObject({ status: 202, body: { id, state: 'done' } })
  expect(it.authority.group.operation).toBeUndefined()
  expect(await ask(it, `${ORDERS}/operations/${id}`)).toMatchObject({ status: 200, body: { state: 'done' } })
})

test.each([
  ['without an epoch', {}, { 'if-match': '' }, 428, 'EPOCH_MISSING'],
  ['without the hash of a plan', { planHash: undefined }, {}, 428, 'EPOCH_MISSING'],
  ['with another epoch', {}, { 'if-match': '"7/3"' }, 412, 'EPOCH_CHANGED'],
  ['with two epochs', { epoch: 2 }, {}, 400, 'API_EPOCH_CONTRADICTS'],
  ['with the hash of another plan', { planHash: 'x' }, {}, 412, 'PLAN_CHANGED'],
  ['to the active region', { to: 'west' }, {}, 409, 'TARGET_NOT_ELIGIBLE'],
  ['without a key', {}, { 'idempotency-key': '' }, 400, 'API_REQUEST_INVALID'],
  ['to what cannot be a name', { to: 'we/st' }, {}, 400, 'API_REQUEST_INVALID'],
])('a move %s is refused', async (_what, over, headers, status, code) => {
  await using it = await startFakeControl()
  const { body: plan } = await ask<PlanBody>(it, `${ORDERS}/plans`, SWITCHOVER)
  const given = { 'idempotency-key': 'k1', 'if-match': '"1"', ...headers }
  const sent = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  const body = { ...SWITCHOVER, by: 'ada', reason: 'drill', planHash: plan.hash, ...over }
  const answer = await ask(it, `${ORDERS}/operations`, body, sent)
  expect(answer).toMatchObject({ status, body: { code, status } })
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(it.authority.group.operation).toBeUndefined()
})

test('a second move is refused while one runs, and a failed guard is named', async () => {
  await using it = await startFakeControl()
  await order(it)
  const busy = await order(it, {}, { 'idempotency-key': 'k2' })
  expect(busy).toMatchObject({ status: 409, body: { code: 'OPERATION_RUNNING' } })
  await using other = await startFakeControl({
    evidence: { ...goodEvidence, target: { ...goodEvidence.target, isReachable: false } },
  })
  const refused = await order(other)
  expect(refused).toMatchObject({ status: 412, body: { code: 'GUARDS_FAILED' } })
  expect(refused.body.title).toContain('target-reachable')
})

test('people abort, resume and acknowledge what is under way', async () => {
  await using it = await startFakeControl()
  const { body: started } = await order(it)
  const at = `${ORDERS}/operations/${started.id}`
  const ada = { by: 'ada', reason: 'it takes too long' }
  expect(await ask(it, `${at}/resume`, { by: 'ada' })).toMatchObject({
    status: 409,
    body: { code: 'NOTHING_TO_RESUME' },
  })
  const stop = { at: 'fencing' as const, reason: 'no answer', instructions: 'look' }
  putOperation(it, { phase: 'needs-operator', stop })
  expect(await ask(it, at)).toMatchObject({ body: { state: 'needs-operator', stop: { at: 'fencing', fault: null } } })
  expect(await ask(it, `${at}/acknowledge`, ada)).toMatchObject({ status: 409, body: { code: 'STEP_NOT_SKIPPABLE' } })
  const resumed = await ask(it, `${at}/resume`, { by: 'ada', attestation: 'the power is off' })
  expect(resumed).toMatchObject({
    body: { state: 'running', phase: 'fencing', attestation: { by: 'ada' }, stop: null },
  })
  expect(await ask(it, `${at}/abort`, ada)).toMatchObject({ status: 200, body: { abort: ada } })
  expect(await ask(it, `${ORDERS}/operations/orders-1/abort`, ada)).toMatchObject({ status: 404 })
})

test('a paused group takes no move until it is resumed', async () => {
  await using it = await startFakeControl()
  const paused = await ask(it, `${ORDERS}/pause`, { by: 'ada', reason: 'upgrade' })
  expect(paused).toMatchObject({ status: 200, body: { paused: { by: 'ada', reason: 'upgrade' } } })
  expect(await order(it)).toMatchObject({ status: 423, body: { code: 'GROUP_PAUSED' } })
  expect(await ask(it, `${ORDERS}/resume`, { by: 'ada' })).toMatchObject({ body: { paused: null } })
  expect((await order(it)).status).toBe(202)
})

test('a person says what becomes of the records of a returned region', async () => {
  await using it = await startFakeControl()
  const choice = { kind: 'export', by: 'ada', reason: 'billing needs them' }
  const refused = await ask(it, `${ORDERS}/returns/east/choice`, choice)
  expect(refused).toMatchObject({ status: 409, body: { code: 'NOT_RETURNING' } })
  const { group } = it.authority
  const divergence = { records: 5, partitions: 1, onlyHere: 0 }
  const record = { id: 'r1', phase: 'choosing', attempt: 1, epoch: 1, divergence, evidence: {} }
  const regions = { ...group.regions, east: { ...group.regions.east, role: 'returning', return: record } }
  const value = JSON.parse(JSON.stringify({ ...group, regions }))
  it.authority.documents.set('groups/orders', { value, revision: 1 })
  const chosen = await ask<FailoverGroupBody>(it, `${ORDERS}/returns/east/choice`, choice)
  const east = chosen.body.regions.find(({ region }) => region === 'east')
  expect(east?.return).toMatchObject({ phase: 'choosing', divergence, choice: { ...choice, losesOlder: false } })
})

test('the journal is read in pages, by operation, and checked', async () => {
  await using it = await startFakeControl()
  for (const by of ['ada', 'bob', 'eve']) await ask(it, `${ORDERS}/pause`, { by, reason: 'upgrade' })
  await ask(it, `${ORDERS}/resume`, { by: 'eve' })
  const { body: started } = await order(it)
  const seen: string[] = []
  for (let after: number | null = 0; after !== null; ) {
    const { body }: { body: JournalBody } = await ask<JournalBody>(it, `/api/v1/journal?limit=2&after=${after}`)
    seen.push(...body.entries.map(({ actor }) => actor))
    after = body.next
  }
  expect(seen).toEqual(['ada', 'bob', 'eve', 'eve', 'ada'])
  const some = await ask<JournalBody>(it, `/api/v1/journal?operation=${started.id}`)
  expect(some.body).toMatchObject({ next: null, entries: [{ number: 5, kind: 'request', group: 'orders' }] })
  const intact = await ask<{ head: object }>(it, '/api/v1/journal/verification', {})
  expect(intact.body).toMatchObject({ verdict: 'intact', entries: 5, head: { number: 5 } })
  const anchor = { number: 9, hash: '0'.repeat(64) }
  const cutOff = await ask(it, '/api/v1/journal/verification', anchor)
  expect(cutOff.body).toMatchObject({ verdict: 'broken', brokenAt: 6, entries: null })
  expect((await ask(it, '/api/v1/journal/verification', { number: 9 })).status).toBe(400)
})

test('an authority that does not answer is a 503, and an unknown group a 404', async () => {
  await using it = await startFakeControl()
  it.authority.nextWrites.push('lost', 'lost', 'lost', 'lost', 'lost')
  const unknown = await ask(it, `${ORDERS}/pause`, { by: 'ada', reason: 'upgrade' })
  expect(unknown).toMatchObject({ status: 503, body: { code: 'AUTHORITY_UNAVAILABLE' } })
  const other = await ask(it, '/api/v1/failover-groups/nope')
  expect(other).toMatchObject({ status: 404, body: { code: 'FAILOVER_GROUP_UNKNOWN' } })
})

test('regions are shown with their health and what all vantage points say', async () => {
  await using it = await startFakeControl()
  expect((await ask(it, '/api/v1/regions')).body).toMatchObject({
    vantage: 'here',
    regions: [{ region: 'west', level: 'suspect', verdict: 'suspect', majority: 2, sinceSeconds: null }],
  })
})
