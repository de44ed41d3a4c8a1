import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import {
  type Authority,
  type AuthorityEvents,
  type Lease,
  MemoryStore,
  openAuthority,
} from '../../../src/authority/index.ts'
import { AgentCommands, type AgentCommandsOptions } from '../../../src/controller/agent-commands.ts'
import { AgentOrders } from '../../../src/controller/agent-orders.ts'
import { createEvents, systemClock, systemRandom } from '../../../src/core/index.ts'
import { type GroupDocument, groupKey } from '../../../src/failover/index.ts'
import type { SecurityEvents } from '../../../src/security/index.ts'
import { start, threeRegions, west } from '../../support/failover/machine-model.ts'

const never = new AbortController().signal
const HOLD_MS = 50
const TIMEOUT_MS = 30_000
const stack: AsyncDisposable[] = []
const folder = mkdtempSync(join(tmpdir(), 'isthmus-agent-'))
afterEach(async () => {
  for (const one of stack.splice(0).reverse()) await one[Symbol.asyncDispose]()
  rmSync(join(folder, 'ran'), { force: true })
})

/** A controller that leads, and agents of `west` whose command notes that it ran. */
async function setUp(document: GroupDocument = start(threeRegions(), { kind: 'failover', id: 'op-1' })) {
  const context = { clock: systemClock, random: systemRandom, events: createEvents<AuthorityEvents>() }
  const authority = openAuthority({ kind: 'memory', store: new MemoryStore(context) }, context)
  stack.push(authority)
  await authority.write(groupKey('orders'), document, { expected: 'absent' }, never)
  const lease = await lead(authority, 'one')
  const ordersOf = (held: Lease) =>
    new AgentOrders({
      region: west,
      authority,
      lease: () => held,
      by: 'one',
      timeoutMs: TIMEOUT_MS,
      clock: systemClock,
    })
  const startAgent = (name: string) => {
    const config = { regions: new Map(), failoverGroups: [], health: {} } as unknown as AgentCommandsOptions['config']
    const program = ['/bin/sh', '-c', `printf '%s ' "$ISTHMUS_ACTION" >> "$0"`, join(folder, 'ran')]
    const command = { fence: program, unfence: program, check: undefined, timeoutMs: TIMEOUT_MS, env: process.env }
    const events = createEvents<SecurityEvents>()
    const agent = new AgentCommands(
      { config, name, authority, env: process.env, clock: systemClock, events },
      west,
      command,
      ['orders'],
    )
    stack.push({ [Symbol.asyncDispose]: () => agent.stop() })
    agent.start()
  }
  return { authority, lease, ordersOf, startAgent }
}

async function lead(authority: Authority, holder: string): Promise<Lease> {
  const acquired = await authority.acquire('controller', { holder, ttlMs: HOLD_MS }, never)
  if (acquired.kind === 'held') return acquired.lease
  await sleep(acquired.freeInMs)
  return await lead(authority, holder)
}

const ran = () => readFileSync(join(folder, 'ran'), 'utf8')
const fence = { group: 'orders', verb: 'fence', operation: 'op-1' } as const

async function settle(orders: AgentOrders, run: Parameters<AgentOrders['join']>[0]) {
  for (;;) {
    const end = await orders.join(run, 1_000, never)
    if (end.kind !== 'running') return end
  }
}

test('one of the agents of a region runs what a controller orders, once', async () => {
  const { ordersOf, lease, startAgent } = await setUp()
  startAgent('agent-1')
  startAgent('agent-2')
  const orders = ordersOf(lease)
  expect(await settle(orders, fence)).toMatchObject({ kind: 'ran', code: 0 })
  expect(ran()).toBe('fence ')
  expect(await settle(orders, { ...fence, verb: 'unfence' })).toMatchObject({ kind: 'ran', code: 0 })
  expect(ran()).toBe('fence unfence ')
})

test('where no agent answers it is not known what became of the order', async () => {
  const { ordersOf, lease } = await setUp()
  expect(await settle(ordersOf(lease), fence)).toMatchObject({
    kind: 'silent',
    reason: expect.stringContaining('no agent of west has taken the order'),
  })
})

test('who has lost the lease cannot order, and an order of before is not carried out', async () => {
  const { authority, ordersOf, lease, startAgent } = await setUp()
  const late = ordersOf(lease)
  expect((await late.join(fence, 0, never)).kind).toBe('running')
  await lead(authority, 'two')
  startAgent('agent-1')
  expect((await settle(late, fence)).kind).toBe('silent')
  expect(() => ran()).toThrow()
  await expect(ordersOf(lease).join(fence, 0, never)).rejects.toThrow('refused: lease-lost')
})

test('nothing fences a region that no move is about to leave', async () => {
  const { ordersOf, lease, startAgent } = await setUp(threeRegions())
  startAgent('agent-1')
  expect((await settle(ordersOf(lease), fence)).kind).toBe('silent')
  expect(() => ran()).toThrow()
})
