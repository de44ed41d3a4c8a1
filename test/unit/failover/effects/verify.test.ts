import { beforeEach, expect, test } from 'vitest'
import {
  type Clock,
  createEvents,
  linkName,
  type RegionName,
  regionName,
  systemClock,
} from '../../../../src/core/index.ts'
import type { EffectCall, GroupRooms } from '../../../../src/failover/effects/group-rooms.ts'
import { verify, type VerifyRooms } from '../../../../src/failover/effects/verify.ts'
import type { FenceState, OperationRecord, RegionRole } from '../../../../src/failover/index.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import type { DrainStatus, Goal } from '../../../../src/replication/index.ts'
import { ProviderRuns } from '../../../../src/failover/effects/provider-runs.ts'
import type { RoutingCheck } from '../../../../src/routing/index.ts'
import { type FenceCommand, RegionFences, type SecurityEvents, STANDING } from '../../../../src/security/index.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const scope = {
  group: 'orders',
  include: ['orders.*'],
  exclude: [],
  isSelected: (topic: string) => topic.startsWith('orders.'),
}
const canWrite: AclBinding = {
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal: 'User:app',
  host: '*',
  operation: 'write',
  permission: 'allow',
}

let clock: Clock
let left: AclRegion
let right: AclRegion
let ends: { readonly end: number; readonly copied: number; readonly errorCode: number }
beforeEach(() => {
  clock = new HurryingClock()
  ;[left, right] = [new AclRegion({ clock }), new AclRegion({ clock })]
  for (const region of [left, right]) {
    region.topics.add('orders.a')
    region.put(canWrite)
  }
  ends = { end: 10, copied: 10, errorCode: 0 }
})

function fencesOf(name: RegionName, region: AclRegion, command?: FenceCommand): RegionFences {
  return new RegionFences({
    region: name,
    cluster: region.clientOf('User:isthmus'),
    principal: 'User:isthmus',
    superUsers: undefined,
    canary: { cluster: region.clientOf('User:app'), principal: 'User:app' },
    command,
    records: new RecordsInMemory(),
    clock,
    events: createEvents<SecurityEvents>(),
  })
}

interface Over {
  readonly role?: RegionRole
  readonly fence?: FenceState
  readonly command?: FenceCommand
  readonly routing?: RoutingCheck
}

/** Right is active, left was left; `drain` answers for the logs. */
function stage({ role = 'standby', fence = 'proved', command, routing }: Over = {}) {
  const [from, to] = [regionName('left'), regionName('right')]
  const fences = new Map([
    [from, fencesOf(from, left, command)],
    [to, fencesOf(to, right)],
  ])
  const asked: (readonly Goal[])[] = []
  const at = { topic: 'orders.a', partition: 0 }
  const moves = {
    partitions: async () => [at],
    ends: async () => [
      { ...at, errorCode: ends.errorCode, highWatermark: ends.end, logEnd: ends.end, stableEnd: ends.end },
    ],
    drain: async (_: unknown, goals: readonly Goal[]): Promise<DrainStatus[]> => {
      asked.push(goals)
      return goals.map(({ topic, partition, cut }) => {
        const reason = ends.copied < cut ? `${cut - ends.copied} offsets to go` : undefined
        return { topic, partition, leftOffsets: Math.max(0, cut - ends.copied), reason, copied: undefined }
      })
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
  const rooms = {
    group: 'orders',
    actor: 'one',
    scope,
    fences,
    clock,
    replicator: { moves: { permitted: () => moves } },
    linkOf: () => ({ name: linkName('orders-right-to-left') }),
  } as unknown as GroupRooms
  const verifyRooms = {
    routing: routing === undefined ? [] : [{ check: async () => routing }],
    runs: new ProviderRuns(clock, 0),
    lifetime: signal,
    goals: new Map(),
  } as unknown as VerifyRooms
  const call = {
    rooms,
    document: { active: to, regions: { left: { role }, right: { role: 'active' } } },
    operation: { id: 'op-1', attempt: 1, fence } as OperationRecord,
    from,
    to,
    permit: () => ({ name: 'leader', holder: 'one', token: 1 }),
    signal,
  } as unknown as EffectCall
  return { run: () => verify(call, verifyRooms), asked, fences }
}

const CLAIM = { scope, operation: STANDING, by: 'isthmus', reason: 'a standby', untilMs: null }

test('a move has ended well where the old region is fenced, follows, and the new one takes writes', async () => {
  const { run, fences } = stage({ routing: { verdict: 'switched', reason: 'yes' } })
  await fences.get(regionName('left'))?.apply(CLAIM, signal)
  const outcome = await run()
  expect(outcome).toEqual({
    kind: 'done',
    reason: 'right takes writes, its standbys follow, and left is a standby',
  })
})

test('it has not while clients are pointed elsewhere', async () => {
  const { run, fences } = stage({ routing: { verdict: 'elsewhere', reason: 'the name points at left' } })
  await fences.get(regionName('left'))?.apply(CLAIM, signal)
  expect(await run()).toEqual({ kind: 'waiting', reason: 'the name points at left' })
})

test('it has not while the old region takes writes', async () => {
  const outcome = await stage().run()
  expect(outcome).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('the fence of left is open') })
})

test('it has not while the new region refuses them', async () => {
  const { run, fences } = stage()
  await fences.get(regionName('left'))?.apply(CLAIM, signal)
  await fences.get(regionName('right'))?.apply(CLAIM, signal)
  expect((await run()).kind).not.toBe('done')
})

test('a standby has to reach what the new region had when the check began, and no more', async () => {
  const { run, fences, asked } = stage()
  await fences.get(regionName('left'))?.apply(CLAIM, signal)
  ends = { end: 10, copied: 8, errorCode: 0 }
  expect(await run()).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('2 offsets to go') })
  ends = { end: 50, copied: 10, errorCode: 0 }
  expect(await run()).toMatchObject({ kind: 'done' })
  expect(asked.map((goals) => goals.map(({ cut }) => cut))).toEqual([[10], [10]])
})

test('a new region that does not tell where it ends is waited for', async () => {
  const { run, fences } = stage()
  await fences.get(regionName('left'))?.apply(CLAIM, signal)
  ends = { end: -1, copied: 0, errorCode: 6 }
  expect(await run()).toMatchObject({ kind: 'waiting', reason: expect.stringContaining('orders.a-0') })
})

test('a lost region is fenced when it returns, and told until then', async () => {
  expect(await stage({ role: 'lost' }).run()).toMatchObject({
    kind: 'done',
    findings: { warning: expect.stringContaining('left is not a standby') },
  })
})

test('a region that can have no fence of its own is told', async () => {
  left.hasAuthorizer = false
  expect(await stage().run()).toMatchObject({
    kind: 'done',
    findings: { warning: expect.stringContaining('left has no standing fence') },
  })
})

test('a command fence is asked where it can be, and believed where it cannot', async () => {
  // Programs take their time.
  clock = systemClock
  left.hasAuthorizer = false
  const node = (script: string) => [process.execPath, '-e', script]
  const command = { fence: node(''), unfence: node(''), timeoutMs: 20_000, env: {} }
  const run = (check: readonly string[] | undefined) =>
    stage({ fence: 'command', command: { ...command, check } }).run()
  expect(await run(node(''))).not.toHaveProperty('findings')
  expect(await run(node('process.exit(1)'))).toMatchObject({ kind: 'waiting' })
  expect(await run(undefined)).toMatchObject({
    kind: 'done',
    findings: { warning: expect.stringContaining('the fence command of left is believed') },
  })
})
