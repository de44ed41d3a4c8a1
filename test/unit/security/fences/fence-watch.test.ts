import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, createEvents, regionName, systemClock } from '../../../../src/core/index.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import {
  type FenceCommand,
  type FenceSubject,
  FenceWatch,
  RegionFences,
  type SecurityEvents,
  STANDING,
} from '../../../../src/security/index.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const SCOPE = { group: 'orders', include: ['orders'], exclude: [], isSelected: (topic: string) => topic === 'orders' }
const STANDBY: FenceSubject = { scope: SCOPE, want: 'fenced', operation: undefined }
const canWrite: AclBinding = {
  resource: 'topic',
  name: 'orders',
  pattern: 'literal',
  principal: 'User:app',
  host: '*',
  operation: 'write',
  permission: 'allow',
}
const denied: AclBinding = { ...canWrite, principal: 'User:*', permission: 'deny' }

const events = createEvents<SecurityEvents>()
let region: AclRegion
let fences: RegionFences
let records: RecordsInMemory
let watch: FenceWatch
let leads: boolean
let subjects: FenceSubject[]
let told: string[]
const errors: unknown[] = []
let stopListening: () => void

beforeEach(() => {
  told = []
  stopListening = events.onAny((name) => void told.push(name))
  start(new HurryingClock())
})
afterEach(async () => {
  await watch.stop()
  stopListening()
  expect(errors).toEqual([])
})

function start(clock: Clock, command?: FenceCommand): void {
  region = new AclRegion({ clock })
  region.topics.add('orders')
  region.put(canWrite)
  leads = false
  subjects = [STANDBY]
  records = new RecordsInMemory()
  fences = new RegionFences({
    region: regionName('eu'),
    cluster: region.clientOf('User:isthmus'),
    principal: undefined,
    superUsers: undefined,
    canary: { cluster: region.clientOf('User:app'), principal: 'User:app' },
    command,
    records,
    clock,
    events,
    timings: { callMs: 500, settleMs: 1_000 },
  })
  watch = new FenceWatch({
    fences,
    subjects: () => subjects,
    mayAct: () => leads,
    clock,
    events,
    onError: (error) => errors.push(error),
    ...(command !== undefined && { everyMs: 50 }),
  })
  watch.start()
}

const denies = () =>
  region.bindings.filter(({ permission, name }) => permission === 'deny' && name.startsWith('orders'))
const { signal } = new AbortController()
const keys = () => [...records.held.keys()]
/** What another watch on the same region is made of. */
function watchOf(of: RegionFences) {
  const clock = new HurryingClock()
  return {
    fences: of,
    subjects: () => subjects,
    mayAct: () => leads,
    clock,
    events,
    onError: (it: unknown) => errors.push(it),
  }
}
const state = () => watch.status()[0]?.state

test('who does not lead tells of a standby without its fence, and leaves it alone', async () => {
  await expect.poll(state).toBe('open')
  expect(told).toEqual(['fence:lost'])
  expect(region.bindings.filter(({ permission, name }) => permission === 'deny' && name === 'orders')).toEqual([])
})

test('who leads puts it up, and again when somebody takes it down', async () => {
  leads = true
  await expect.poll(state).toBe('fenced')
  region.take(denied)
  await expect.poll(() => told.filter((name) => name === 'fence:held')).toHaveLength(2)
  expect(told).toEqual(['fence:applied', 'fence:held', 'fence:lost', 'fence:applied', 'fence:held'])
})

test('a broker that does not answer is no loss', async () => {
  leads = true
  await expect.poll(state).toBe('fenced')
  told = []
  region.silent.add(2)
  await expect.poll(state).toBe('unknown')
  region.silent.clear()
  await expect.poll(state).toBe('fenced')
  expect(told).toEqual(['fence:unproved', 'fence:held'])
})

test('a group whose standby is elsewhere by now is forgotten', async () => {
  leads = true
  await expect.poll(state).toBe('fenced')
  subjects = []
  await expect.poll(() => watch.status()).toEqual([])
})

test('a region without an authorizer is told of once, and is no loss', async () => {
  leads = true
  region.hasAuthorizer = false
  await expect.poll(state).toBe('unavailable')
  expect(told.filter((name) => name !== 'fence:unavailable')).toEqual([])
  expect(watch.status()[0]?.reason).toContain('no authorizer')
})

test('what an operation has left becomes the standing fence, without a moment in which it is open', async () => {
  await watch.stop()
  await fences.apply({ scope: SCOPE, operation: 'op-1', by: 'anna', reason: 'a move', untilMs: null }, signal)
  await fences.apply({ scope: SCOPE, operation: 'manual:ben', by: 'ben', reason: 'an audit', untilMs: null }, signal)
  let least = denies().length
  records.onPut = () => (least = Math.min(least, denies().length))
  watch = new FenceWatch({ ...watchOf(fences), mayAct: () => true })
  watch.start()
  await expect.poll(keys).toEqual(['fence/manual:ben/orders/acl', 'fence/standby/orders/acl'])
  expect([least, denies().length]).toEqual([3, 3])
  expect(told).not.toContain('fence:lost')
})

test('the fence of an operation that runs is left to it', async () => {
  await watch.stop()
  await fences.apply({ scope: SCOPE, operation: 'op-1', by: 'anna', reason: 'a move', untilMs: null }, signal)
  subjects = [{ ...STANDBY, operation: 'op-1' }]
  watch = new FenceWatch({ ...watchOf(fences), mayAct: () => true })
  watch.start()
  await expect.poll(keys).toEqual(['fence/op-1/orders/acl', 'fence/standby/orders/acl'])
  await expect.poll(() => region.calls.length).toBeGreaterThan(0)
  expect(keys()).toHaveLength(2)
})

test('a standing fence where applications are to write is taken away', async () => {
  leads = true
  await expect.poll(state).toBe('fenced')
  subjects = [{ ...STANDBY, want: 'open' }]
  await expect.poll(keys).toEqual([])
  expect(denies()).toEqual([])
})

test('nothing is put up any more once the region is to be open, however far that was', async () => {
  leads = true
  records.onPut = () => {
    subjects = [{ ...STANDBY, want: 'as-is' }]
  }
  await expect.poll(() => watch.status()).toEqual([])
  expect(denies()).toEqual([])
})

test('a topic that is to come is fenced before it is there, which is no loss', async () => {
  const scope = {
    group: 'orders',
    include: ['/orders.*/'],
    exclude: [],
    isSelected: (it: string) => it.startsWith('orders'),
  }
  let coming: string[] = []
  subjects = [{ ...STANDBY, scope, comingTopics: () => Promise.resolve(coming) }]
  leads = true
  await expect.poll(state).toBe('fenced')
  coming = ['orders', 'orders.new']
  await expect.poll(() => denies().map(({ name }) => name)).toContain('orders.new')
  region.topics.add('orders.new')
  await expect.poll(() => watch.status()[0]?.proof?.topicsTried).toBe(1)
  expect(told).not.toContain('fence:lost')
})

test('where there are no ACLs the command of the operator is the standing fence, run again when its check says so', async () => {
  await watch.stop()
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-watch-'))
  const run = (script: string) => [process.execPath, '-e', `const fs = require('node:fs'); ${script}`]
  const file = JSON.stringify(join(folder, 'closed'))
  const command: FenceCommand = {
    fence: run(`fs.writeFileSync(${file}, '')`),
    unfence: run(`fs.rmSync(${file})`),
    check: run(`process.exit(fs.existsSync(${file}) ? 0 : 1)`),
    timeoutMs: 20_000,
    env: {},
  }
  start(systemClock, command)
  region.hasAuthorizer = false
  leads = true
  const ran = [{ means: 'command', operation: STANDING, hasRun: true }]
  await expect.poll(() => watch.recordsOf('orders'), { timeout: 20_000 }).toMatchObject(ran)
  await expect.poll(state, { timeout: 20_000 }).toBe('fenced')
  rmSync(join(folder, 'closed'))
  await expect.poll(() => told.filter((name) => name === 'fence:held'), { timeout: 20_000 }).toHaveLength(2)
  expect(told).toContain('fence:lost')
  rmSync(folder, { recursive: true })
})
