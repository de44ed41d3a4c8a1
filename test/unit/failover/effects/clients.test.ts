import { beforeEach, describe, expect, test } from 'vitest'
import { regionName, systemClock } from '../../../../src/core/index.ts'
import { type ClientRooms, evict, reroute } from '../../../../src/failover/effects/clients.ts'
import type { EffectCall, GroupRooms } from '../../../../src/failover/effects/group-rooms.ts'
import { ProviderRuns } from '../../../../src/failover/effects/provider-runs.ts'
import type { GroupClients, OperationRecord } from '../../../../src/failover/index.ts'
import { securityFaults } from '../../../../src/security/faults.ts'
import type {
  ClientMove,
  EvictionProvider,
  ProviderStep,
  RoutingCheck,
  RoutingProvider,
} from '../../../../src/routing/index.ts'

const { signal } = new AbortController()
const DONE: ProviderStep = { kind: 'done', reason: 'flip succeeded' }
const FAILED: ProviderStep = {
  kind: 'failed',
  fault: securityFaults.fault('FENCE_COMMAND_MISSING', { region: 'left' }),
}

let begun: ClientMove[]
let step: ProviderStep | Promise<ProviderStep>
let check: RoutingCheck
let members: Readonly<Record<string, readonly GroupClients[] | undefined>>
let isHeld: boolean
beforeEach(() => {
  begun = []
  step = DONE
  check = { verdict: 'switched', reason: 'the name points at right' }
  members = { left: [], right: [] }
  isHeld = true
})

const begin = async (move: ClientMove) => {
  begun.push(move)
  return await step
}
const routing: RoutingProvider = {
  name: 'flip',
  switchTo: begin,
  check: async () => check,
  findTrouble: async () => undefined,
}
const eviction: EvictionProvider = { name: 'restart', evict: begin, findTrouble: async () => undefined }

function stage(over: Partial<ClientRooms> = {}) {
  const rooms = { group: 'orders', waitMs: 20, clock: systemClock } as unknown as GroupRooms
  const clientRooms: ClientRooms = {
    routing: [routing],
    eviction: [eviction],
    clients: async (region) => members[region] ?? Promise.reject(new Error(`${region} is silent`)),
    runs: new ProviderRuns(systemClock, 0),
    lifetime: signal,
    ...over,
  }
  const call = (attempt = 1) => {
    const operation = { id: 'op-1', attempt } as OperationRecord
    const permit = () => {
      if (!isHeld) throw new Error('the lease has ended')
      return { name: 'leader', holder: 'one', token: 1 }
    }
    return { rooms, operation, from: regionName('left'), to: regionName('right'), permit, signal } as EffectCall
  }
  return { call, clientRooms }
}
const member = (clientId: string) => ({ clientId, host: '10.0.0.7', partitions: 1 })
const billing: GroupClients = { group: 'billing', protocol: 'classic', members: [member('bill-1'), member('bill-2')] }
const stayers = [billing]
const NAMED = 'billing (2: bill-1 at 10.0.0.7, bill-2 at 10.0.0.7)'

describe('rerouting', () => {
  test('switches once an attempt, and is done when the check says so', async () => {
    const { call, clientRooms } = stage()
    check = { verdict: 'elsewhere', reason: 'the name points at left' }
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'waiting', reason: 'the name points at left' })
    check = { verdict: 'switched', reason: 'the name points at right' }
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'done', reason: 'the name points at right' })
    expect(begun).toEqual([{ group: 'orders', operation: 'op-1', from: 'left', to: 'right' }])
    await reroute(call(2), clientRooms)
    expect(begun).toHaveLength(2)
  })

  test('believes a program without a check', async () => {
    const { call, clientRooms } = stage()
    check = { verdict: 'unchecked', reason: 'no check' }
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'done', reason: 'no check' })
  })

  test('waits for a program that takes its time, without running it again', async () => {
    const { call, clientRooms } = stage()
    const late = Promise.withResolvers<ProviderStep>()
    step = late.promise
    expect(await reroute(call(), clientRooms)).toMatchObject({ kind: 'waiting' })
    late.resolve(DONE)
    expect(await reroute(call(), clientRooms)).toMatchObject({ kind: 'done' })
    expect(begun).toHaveLength(1)
  })

  test('runs again what did not end in time, and not what failed', async () => {
    const { call, clientRooms } = stage()
    step = { kind: 'unknown', reason: 'too late' }
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'unknown', reason: 'too late' })
    step = FAILED
    expect(await reroute(call(), clientRooms)).toMatchObject({
      kind: 'failed',
      fault: { code: 'FENCE_COMMAND_MISSING' },
    })
    expect(await reroute(call(), clientRooms)).toMatchObject({ kind: 'failed' })
    expect(begun).toHaveLength(2)
  })

  test('is not done while a check that there is gives no answer', async () => {
    const { call, clientRooms } = stage()
    check = { verdict: 'unknown', reason: 'ns1 does not answer' }
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'waiting', reason: 'ns1 does not answer' })
  })

  test('asks again only after a while', async () => {
    const { call, clientRooms } = stage({ runs: new ProviderRuns(systemClock, 60_000) })
    check = { verdict: 'elsewhere', reason: 'the name points at left' }
    await reroute(call(), clientRooms)
    check = { verdict: 'switched', reason: 'the name points at right' }
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'waiting', reason: 'the name points at left' })
  })

  test('begins a provider once the one before it has been seen to work', async () => {
    const names: string[] = []
    const named = (name: string): RoutingProvider => ({
      ...routing,
      name,
      switchTo: async () => {
        names.push(name)
        return DONE
      },
    })
    const { call, clientRooms } = stage({ routing: [named('dns'), named('balancer')] })
    check = { verdict: 'elsewhere', reason: 'the name points at left' }
    await reroute(call(), clientRooms)
    expect(names).toEqual(['dns'])
    check = { verdict: 'switched', reason: 'the name points at right' }
    const reason = 'the name points at right; the name points at right'
    expect(await reroute(call(), clientRooms)).toEqual({ kind: 'done', reason })
    expect(names).toEqual(['dns', 'balancer'])
  })

  test('runs nothing without the lease', async () => {
    const { call, clientRooms } = stage()
    isHeld = false
    await expect(reroute(call(), clientRooms)).rejects.toThrow('the lease has ended')
    expect(begun).toEqual([])
  })

  test('without a provider says what has to be done by hand, and asks no region that may be gone', async () => {
    const { call, clientRooms } = stage({ routing: [] })
    const outcome = await reroute(call(), { ...clientRooms, clients: () => Promise.reject(new Error('was asked')) })
    const warning = 'no routing is configured, so clients have to be pointed at right by hand'
    expect(outcome).toMatchObject({ kind: 'done', findings: { warning } })
  })
})

describe('eviction', () => {
  test('is done when no group has members in the old region any more', async () => {
    const { call, clientRooms } = stage()
    members = { left: stayers, right: [] }
    expect(await evict(call(), clientRooms)).toEqual({
      kind: 'waiting',
      reason: `flip succeeded; groups with members left in left: ${NAMED}`,
    })
    members = { left: [], right: [billing] }
    expect(await evict(call(), clientRooms)).toEqual({
      kind: 'done',
      reason: 'no group has members left in left; 1 groups have members in right',
      evidence: { left: [], arrived: [billing] },
    })
    expect(begun).toHaveLength(1)
  })

  test('does not wait for a region that tells nothing', async () => {
    const { call, clientRooms } = stage()
    members = {}
    expect(await evict(call(), clientRooms)).toMatchObject({
      kind: 'done',
      findings: { warning: 'who is still connected to left cannot be told: it does not answer' },
    })
  })

  test('without a provider is done at once, with a warning only where somebody is left', async () => {
    const { call, clientRooms } = stage({ eviction: [] })
    expect(await evict(call(), clientRooms)).not.toHaveProperty('findings')
    members = { left: stayers }
    expect(await evict(call(), clientRooms)).toMatchObject({
      kind: 'done',
      findings: { warning: expect.stringContaining(NAMED) },
    })
    expect(begun).toEqual([])
  })
})
