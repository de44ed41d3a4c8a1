import { beforeEach, describe, expect, test } from 'vitest'
import { type Clock, createEvents, regionName, systemClock } from '../../../../src/core/index.ts'
import type { GroupRooms } from '../../../../src/failover/effects/group-rooms.ts'
import { fenceLost } from '../../../../src/failover/effects/returns/fence-lost.ts'
import type { ReturnCall } from '../../../../src/failover/effects/returns/return-call.ts'
import { makeReturnMemory } from '../../../../src/failover/effects/returns/return-memory.ts'
import { kafkaFaults } from '../../../../src/kafka/index.ts'
import { type FenceCommand, RegionFences, type SecurityEvents, STANDING } from '../../../../src/security/index.ts'
import type { FenceCluster } from '../../../../src/security/fences/region-access.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const LEFT = regionName('left')
const isSelected = (topic: string) => topic.startsWith('orders.')
const scope = { group: 'orders', include: ['orders.*'], exclude: [], isSelected }

let region: AclRegion
let clock: HurryingClock
let records: RecordsInMemory
let isAway: boolean
const memory = makeReturnMemory()

beforeEach(() => {
  clock = new HurryingClock()
  region = new AclRegion({ clock })
  records = new RecordsInMemory()
  isAway = false
  region.topics.add('orders.a')
  const right = {
    pattern: 'prefixed',
    principal: 'User:app',
    host: '*',
    operation: 'write',
    permission: 'allow',
  } as const
  region.put({ resource: 'topic', name: 'orders.', ...right })
})

/** A region that does not answer at all while it is away. */
function clientOf(principal: string): FenceCluster {
  return new Proxy(region.clientOf(principal), {
    get(cluster, name) {
      const call = cluster[name as keyof FenceCluster] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        const facts = { cluster: 'left', address: 'b:1', reason: 'away' }
        if (isAway) throw kafkaFaults.fault('KAFKA_UNREACHABLE', facts)
        return call(...args)
      }
    },
  })
}

function call(command?: FenceCommand, at: Clock = clock): ReturnCall {
  const fences = new RegionFences({
    region: LEFT,
    cluster: clientOf('User:isthmus'),
    principal: 'User:isthmus',
    superUsers: undefined,
    canary: { cluster: clientOf('User:app'), principal: 'User:app' },
    command,
    records,
    clock: at,
    events: createEvents<SecurityEvents>(),
  })
  const rooms = { group: 'orders', actor: 'one', scope, clock, fences: new Map([[LEFT, fences]]) }
  const record = { id: 'op-left', phase: 'fencing', attempt: 1, epoch: 2, evidence: {} } as const
  const lease = { name: 'a', holder: 'one', token: 1 }
  const given = { record, region: LEFT, active: regionName('right'), rooms: rooms as unknown as GroupRooms, memory }
  return { ...given, permit: () => lease, signal } as unknown as ReturnCall
}

describe('a region that was lost', () => {
  test('is fenced as soon as it answers, for good, and not before the proof', async () => {
    isAway = true
    expect(await fenceLost(call())).toMatchObject({ kind: 'unknown' })
    const silentAtMs = clock.nowMs()
    isAway = false
    region.silent.add(3)
    expect(await fenceLost(call())).toMatchObject({ kind: expect.stringMatching(/waiting|unknown/) })
    region.silent.delete(3)
    const done = await fenceLost(call())
    expect(done).toMatchObject({ kind: 'done', evidence: { window: { lastSilentAt: expect.any(String) } } })
    const { window } = (done as unknown as { evidence: { window: { provedAt: string; openMsAtMost: number } } })
      .evidence
    expect(Date.parse(window.provedAt)).toBeGreaterThanOrEqual(silentAtMs)
    expect(window.openMsAtMost).toBeGreaterThanOrEqual(0)
    expect([...records.held.values()].map(({ operation }) => operation)).toEqual([STANDING])
    expect(region.bindings.some(({ permission, name }) => permission === 'deny' && name === 'orders.')).toBe(true)
  })

  test('is fenced by the command of its operator where no ACL can do it', async () => {
    region.hasAuthorizer = false
    expect(await fenceLost(call())).toMatchObject({ kind: 'failed', fault: { code: 'FENCE_UNAVAILABLE' } })
    const command = { fence: ['true'], unfence: ['true'], check: ['false'], timeoutMs: 5_000, env: {} }
    expect(await fenceLost(call(command, systemClock))).toMatchObject({ kind: 'waiting' })
    // A check that gives no answer in time proves nothing.
    expect(await fenceLost(call(command))).toMatchObject({ kind: 'waiting' })
    expect(await fenceLost(call({ ...command, check: ['true'] }, systemClock))).toMatchObject({ kind: 'done' })
  })
})
