import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Clock, createEvents, regionName, systemClock } from '../../../src/core/index.ts'
import { fence, findOpening, lift } from '../../../src/failover/effects/fence-effects.ts'
import type { EffectCall, GroupRooms } from '../../../src/failover/effects/group-rooms.ts'
import type { OperationRecord } from '../../../src/failover/index.ts'
import type { AclBinding } from '../../../src/kafka/index.ts'
import {
  type FenceCommand,
  MANUAL,
  RegionFences,
  type RegionFencesOptions,
  type SecurityEvents,
  STANDING,
} from '../../../src/security/index.ts'
import { AclRegion } from '../../support/acl-region.ts'
import { RecordsInMemory } from '../../support/fence-records.ts'
import { HurryingClock } from '../../support/hurrying-clock.ts'

const { signal } = new AbortController()
const LEFT = regionName('left')
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

let region: AclRegion
let clock: HurryingClock

beforeEach(() => {
  clock = new HurryingClock()
  region = new AclRegion({ clock })
  region.topics.add('orders.a')
  region.put(canWrite)
})

const denies = () =>
  region.bindings.filter(({ permission, name }) => permission === 'deny' && name.startsWith('orders')).length

function stage(
  how: {
    readonly kind?: OperationRecord['kind']
    readonly fence?: OperationRecord['fence']
    readonly clock?: Clock
    readonly hasCanary?: boolean
    readonly timings?: RegionFencesOptions['timings']
    readonly allowsTopicConfig?: boolean
    readonly command?: FenceCommand
    readonly records?: RecordsInMemory
  } = {},
) {
  const { kind = 'switchover', command } = how
  const fences = new RegionFences({
    region: LEFT,
    cluster: region.clientOf('User:isthmus'),
    principal: 'User:isthmus',
    superUsers: undefined,
    canary: how.hasCanary === false ? undefined : { cluster: region.clientOf('User:app'), principal: 'User:app' },
    command,
    records: how.records ?? new RecordsInMemory(),
    clock: how.clock ?? clock,
    ...(how.timings !== undefined && { timings: how.timings }),
    allowsTopicConfig: how.allowsTopicConfig ?? false,
    events: createEvents<SecurityEvents>(),
  })
  const rooms = {
    group: 'orders',
    actor: 'one',
    scope,
    clock: how.clock ?? clock,
    fences: new Map([[LEFT, fences]]),
  } as unknown as GroupRooms
  const request = { reason: 'a drill' }
  const operation = { id: 'op-1', kind, from: 'left', to: 'right', attempt: 1, fence: how.fence ?? 'proved', request }
  let isHeld = true
  const permit = () => {
    if (!isHeld) throw new Error('the lease has ended')
    return { name: 'leader', holder: 'one', token: 1 }
  }
  const call = { rooms, operation, from: LEFT, to: regionName('right'), permit, signal } as unknown as EffectCall
  return {
    call,
    fences,
    loseLease: () => {
      isHeld = false
    },
  }
}

const COMMAND: FenceCommand = {
  fence: [process.execPath, '-e', ''],
  unfence: [process.execPath, '-e', ''],
  check: undefined,
  timeoutMs: 10_000,
  env: {},
}

describe('the fence of a move', () => {
  test('is proved, seen to hold, and lifted together with whatever else the group has there', async () => {
    const { call, fences } = stage()
    const standing = { operation: STANDING, by: 'one', reason: 'a standby', untilMs: null }
    expect(await fences.apply({ scope, ...standing }, signal)).toMatchObject({ kind: 'done' })
    expect(await fence(call)).toMatchObject({ kind: 'done', findings: { fence: 'proved' } })
    expect(await fence(call)).toMatchObject({ kind: 'done' })
    expect(await findOpening(call)).toBeUndefined()
    expect(denies()).toBeGreaterThan(0)
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'done' })
    expect(denies()).toBe(0)
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'done' })
  })

  test('that no canary has tried is not told as tried', async () => {
    const { call } = stage({ hasCanary: false })
    expect(await fence(call)).toMatchObject({ kind: 'done', findings: { warning: expect.any(String) } })
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'done', findings: { warning: expect.any(String) } })
  })

  test('that somebody takes away is a leak', async () => {
    const { call, fences } = stage()
    expect(await fence(call)).toMatchObject({ kind: 'done' })
    await fences.liftAllOf('op-1', 'somebody', signal)
    expect(await findOpening(call)).toMatchObject({ kind: 'failed', fault: { code: 'FENCE_LEAKS' } })
  })

  test('of a region that has died behind it holds up no failover', async () => {
    const { call } = stage({ kind: 'failover', clock: systemClock })
    expect(await fence(call)).toMatchObject({ kind: 'done', findings: { fence: 'proved' } })
    for (const nodeId of [1, 2, 3]) region.silent.add(nodeId)
    expect(await findOpening(call)).toBeUndefined()
  })

  test('changes nothing once the lease has ended', async () => {
    const { call, loseLease } = stage()
    loseLease()
    await expect(fence(call)).rejects.toThrow('the lease has ended')
    expect(denies()).toBe(0)
  })

  test('runs no command once the lease has ended', async () => {
    const { call, fences } = stage({ command: { ...COMMAND, fence: ['/nowhere/at-all'] } })
    const gone = fences.permitted(() => {
      throw new Error('the lease has ended')
    })
    const claim = { group: 'orders', operation: 'op-1', by: 'one', reason: 'a drill', untilMs: null }
    await expect(gone.applyCommand(claim, call.signal)).rejects.toThrow('the lease has ended')
  })

  test('is the command of the operator where a failover finds no one who answers', async () => {
    const { call, fences } = stage({ kind: 'failover', command: COMMAND, clock: systemClock })
    Object.defineProperty(fences, 'apply', { value: async () => ({ kind: 'unknown', reason: 'no answer' }) })
    Object.defineProperty(fences, 'permitted', { value: () => fences })
    expect(await fence(call)).toMatchObject({ kind: 'done', findings: { fence: 'command' } })
  })

  test('of a failover ends in time where its controllers do not answer', async () => {
    const { call, fences } = stage({ kind: 'failover' })
    await fences.plan(scope, signal)
    region.freezeQuorum()
    const startedMs = clock.monotonicMs()
    expect(await fence(call)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('2500 ms') })
    expect(clock.monotonicMs() - startedMs).toBe(2_500)
    // What was asked for is on record, as what may still come into force.
    expect((await fences.records(signal)).records).toMatchObject([{ operation: 'op-1', mayLandLate: true }])
  })

  test('of a failover waits for a command that runs, as long as that may take', async () => {
    const command = { ...COMMAND, fence: [process.execPath, '-e', 'setTimeout(() => {}, 700)'] }
    const timings = { commandMs: 100 }
    const { call, fences } = stage({ kind: 'failover', command, clock: systemClock, timings })
    region.hasAuthorizer = false
    expect(await fence(call)).toMatchObject({ kind: 'waiting', patienceMs: 26_000 })
    await expect.poll(() => fence(call), { timeout: 10_000 }).toMatchObject({ findings: { fence: 'command' } })
    expect((await fences.records(signal)).records).toMatchObject([{ means: 'command', hasRun: true }])
  })
})

describe('the fence of a failover by command', () => {
  const lasting = (ms: number) => [process.execPath, '-e', `setTimeout(() => {}, ${ms})`]
  const patienceMs = 26_000
  beforeEach(() => {
    region.hasAuthorizer = false
  })

  test('has its own time, and says that it is the command which is late', async () => {
    const { call } = stage({ kind: 'failover', command: { ...COMMAND, fence: lasting(60_000) } })
    const startedMs = clock.monotonicMs()
    const outcome = await fence(call)
    expect(outcome).toMatchObject({ kind: 'waiting', patienceMs, reason: expect.stringContaining('running for 2000') })
    expect(clock.monotonicMs() - startedMs).toBeLessThanOrEqual(2_500)
  })

  test('is not cut short by records that the region does not take in time', async () => {
    const records = new RecordsInMemory()
    records.list = async () => {
      await new Promise((resolve) => clock.setTimer(900, () => resolve(undefined)))
      return []
    }
    records.put = () => new Promise(() => undefined)
    const { call } = stage({ kind: 'failover', command: { ...COMMAND, fence: lasting(60_000) }, records })
    const startedMs = clock.monotonicMs()
    const late = 'the command itself has not ended within 2500 ms'
    expect(await fence(call)).toMatchObject({ kind: 'waiting', patienceMs, reason: expect.stringContaining(late) })
    expect(clock.monotonicMs() - startedMs).toBe(2_500)
  })

  test('says that it is the record which is late', async () => {
    const records = new RecordsInMemory()
    records.list = () => new Promise(() => undefined)
    const { call } = stage({ kind: 'failover', command: COMMAND, records, timings: { recordMs: 4_000 } })
    const late = 'its record has not ended within 2500 ms'
    expect(await fence(call)).toMatchObject({ kind: 'waiting', patienceMs, reason: expect.stringContaining(late) })
  })

  test('waits for a check that takes its time', async () => {
    const check = [process.execPath, '-e', 'setTimeout(() => {}, 4000)']
    const { call } = stage({ kind: 'failover', command: { ...COMMAND, check }, clock: systemClock })
    const first = await fence(call)
    expect(first).toMatchObject({ kind: 'waiting', patienceMs, reason: expect.stringContaining('check') })
    await expect.poll(() => fence(call), { timeout: 15_000 }).toMatchObject({ findings: { fence: 'command' } })
  })

  test('asks a check again that says open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fence-'))
    const file = join(folder, 'closed')
    const check = [process.execPath, '-e', 'process.exit(require("fs").existsSync(process.argv[1]) ? 0 : 7)', file]
    const { call } = stage({ kind: 'failover', command: { ...COMMAND, check }, clock: systemClock })
    const saysOpen = { kind: 'waiting', patienceMs, reason: expect.stringContaining('ended with 7') }
    await expect.poll(() => fence(call), { timeout: 15_000 }).toMatchObject(saysOpen)
    await writeFile(file, '')
    await expect.poll(() => fence(call), { timeout: 15_000 }).toMatchObject({ findings: { fence: 'command' } })
    await rm(folder, { recursive: true })
  })

  test('is not held to succeed where its check cannot be started', async () => {
    const command = { ...COMMAND, check: ['/nowhere/at-all'] }
    const { call } = stage({ kind: 'failover', command, clock: systemClock })
    const isLate = { kind: 'waiting', patienceMs, reason: expect.stringContaining('could not be started') }
    await expect.poll(() => fence(call), { timeout: 15_000 }).toMatchObject(isLate)
  })

  test('tells what became of both means', async () => {
    region.hasAuthorizer = true
    const fails = { ...COMMAND, fence: [process.execPath, '-e', 'process.exit(9)'] }
    const { call, fences } = stage({ kind: 'failover', command: fails, clock: systemClock })
    Object.defineProperty(fences, 'apply', { value: async () => ({ kind: 'unknown', reason: 'no answer' }) })
    Object.defineProperty(fences, 'permitted', { value: () => fences })
    await expect
      .poll(() => fence(call), { timeout: 15_000 })
      .toMatchObject({ kind: 'unknown', reason: expect.stringMatching(/no answer; .*exit code 9/) })
  })
})

describe('the check of a fence by command, before the commit', () => {
  const node = (script: string) => [process.execPath, '-e', script]
  const find = (kind: OperationRecord['kind'], check: string[] | undefined, of: Clock = systemClock) =>
    findOpening(stage({ kind, fence: 'command', command: { ...COMMAND, check }, clock: of }).call)

  test.each(['failover', 'switchover'] as const)('stops a %s where it says open', async (kind) => {
    const leaks = { fault: { code: 'FENCE_LEAKS' } }
    await expect.poll(() => find(kind, node('process.exit(7)')), { timeout: 10_000 }).toMatchObject(leaks)
    await expect.poll(() => find(kind, node('')), { timeout: 10_000 }).toBeUndefined()
    expect(await find(kind, undefined)).toBeUndefined()
  })

  test('holds up no failover by hanging on a region that is dead', async () => {
    const startedMs = clock.monotonicMs()
    expect(await find('failover', node('setTimeout(() => {}, 60000)'), clock)).toBeUndefined()
    expect(clock.monotonicMs() - startedMs).toBeLessThanOrEqual(2_500)
    expect(await find('failover', ['/nowhere/at-all'])).toBeUndefined()
  })

  test('is waited for by a switchover, for as long as it may take', async () => {
    const { call } = stage({
      fence: 'command',
      command: { ...COMMAND, check: node('setTimeout(() => {}, 3000)') },
      clock: systemClock,
    })
    expect(await findOpening(call)).toMatchObject({ kind: 'waiting', patienceMs: 26_000 })
    await expect.poll(() => findOpening(call), { timeout: 10_000 }).toBeUndefined()
    expect(await find('switchover', ['/nowhere/at-all'])).toMatchObject({ kind: 'waiting', patienceMs: 26_000 })
  })
})

describe('the fence through topic configs', () => {
  beforeEach(() => {
    region.hasAuthorizer = false
  })
  const hasTransactions = () => {
    const producer = { producerId: 1n, producerEpoch: 0, lastSequence: 0, lastTimestamp: 0 }
    region.producers.set('orders.a', [{ ...producer, coordinatorEpoch: 3, currentTxnStartOffset: -1 }])
  }

  test('is the last resort of a failover, proved and seen to hold by what it is', async () => {
    const { call, fences } = stage({ kind: 'failover', hasCanary: false, allowsTopicConfig: true })
    expect(await fence(call)).toMatchObject({
      kind: 'done',
      findings: { fence: 'proved', warning: expect.stringContaining('max.message.bytes=0 alone') },
    })
    expect(await findOpening(call)).toBeUndefined()
    region.overrides.clear()
    expect(await findOpening(call)).toMatchObject({ kind: 'failed', fault: { code: 'FENCE_LEAKS' } })
    region.overrides.set('orders.a', '0')
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'done' })
    expect(region.overrides.size).toBe(0)
    expect((await fences.records(signal)).records).toEqual([])
  })

  test('is none for a switchover, nor where it was not allowed', async () => {
    const unavailable = { kind: 'failed', fault: { code: 'FENCE_UNAVAILABLE' } }
    expect(await fence(stage({ allowsTopicConfig: true }).call)).toMatchObject(unavailable)
    expect(await fence(stage({ kind: 'failover' }).call)).toMatchObject(unavailable)
    expect(region.overrides.size).toBe(0)
  })

  test('is refused where a transactional producer would lose its commit', async () => {
    hasTransactions()
    const { call } = stage({ kind: 'failover', allowsTopicConfig: true })
    expect(await fence(call)).toMatchObject({ kind: 'failed', fault: { code: 'FENCE_TOPIC_CONFIG_REFUSED' } })
    expect(region.overrides.size).toBe(0)
  })

  test('comes after a command that has failed, and not beside one that succeeds', async () => {
    const fails = { ...COMMAND, fence: [process.execPath, '-e', 'process.exit(1)'] }
    const how = { kind: 'failover', allowsTopicConfig: true, clock: systemClock } as const
    expect(await fence(stage({ ...how, command: COMMAND }).call)).toMatchObject({ findings: { fence: 'command' } })
    expect(region.overrides.size).toBe(0)
    expect(await fence(stage({ ...how, command: fails }).call)).toMatchObject({ findings: { fence: 'proved' } })
    expect(region.overrides.get('orders.a')).toBe('0')
  })
})

describe('the lift of a move', () => {
  test('makes a change that is acknowledged where nothing is left to lift', async () => {
    const { call } = stage()
    region.freezeQuorum()
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'unknown' })
    region.thawQuorum()
    region.calls.length = 0
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'done' })
    expect(region.calls).toContain('delete 1')
  })

  test('waits for nothing after a fence that was answered', async () => {
    const { call } = stage()
    await fence(call)
    const startedMs = clock.monotonicMs()
    expect(await lift(call, LEFT)).toMatchObject({ kind: 'done' })
    expect(clock.monotonicMs() - startedMs).toBeLessThan(100)
  })

  test('goes on where a broker is away that was asked to fence, and says so', async () => {
    const { call, fences } = stage({ timings: { settleMs: 3_000 } })
    await fences.plan(scope, signal)
    region.silent.add(1)
    expect(await fence(call)).toMatchObject({ kind: 'unknown' })
    region.away.add(1)
    region.leaderId = 2
    expect(await lift(call, LEFT)).toMatchObject({
      kind: 'done',
      findings: { warning: expect.stringContaining('is away') },
    })
    expect(denies()).toBe(0)
  })

  test('takes down what a person has put up, and names it', async () => {
    const { call, fences } = stage()
    const byHand = { operation: `${MANUAL}anna`, by: 'anna', reason: 'an audit', untilMs: null }
    await fences.apply({ scope, ...byHand }, signal)
    expect(await lift(call, LEFT)).toMatchObject({ findings: { warning: expect.stringContaining('an audit') } })
    expect(denies()).toBe(0)
  })

  test('runs the other command where one may have run without a record', async () => {
    const fails = [process.execPath, '-e', 'process.exit(1)']
    const clock = systemClock
    const closed = stage({ command: { ...COMMAND, unfence: fails }, clock })
    expect(await lift(closed.call, LEFT)).toMatchObject({
      kind: 'done',
      findings: { warning: expect.stringContaining('no fence command is on record') },
    })
    const open = stage({ command: { ...COMMAND, unfence: fails, check: fails }, clock })
    const lifted = await lift(open.call, LEFT)
    expect(lifted).toMatchObject({ kind: 'done' })
    expect(lifted).not.toHaveProperty('findings')
  })
})
