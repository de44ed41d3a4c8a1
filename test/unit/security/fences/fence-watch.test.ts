import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEvents, regionName } from '../../../../src/core/index.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { FenceWatch, RegionFences, type SecurityEvents } from '../../../../src/security/index.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { RecordsInMemory } from '../../../support/fence-records.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'

const SCOPE = { group: 'orders', include: ['orders'], exclude: [], isSelected: (topic: string) => topic === 'orders' }
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
let watch: FenceWatch
let leads: boolean
let scopes: (typeof SCOPE)[]
let told: string[]
const errors: unknown[] = []
let stopListening: () => void

beforeEach(() => {
  const clock = new HurryingClock()
  region = new AclRegion({ clock })
  region.topics.add('orders')
  region.put(canWrite)
  leads = false
  scopes = [SCOPE]
  told = []
  stopListening = events.onAny((name) => void told.push(name))
  const fences = new RegionFences({
    region: regionName('eu'),
    cluster: region.clientOf('User:isthmus'),
    principal: undefined,
    superUsers: undefined,
    canary: { cluster: region.clientOf('User:app'), principal: 'User:app' },
    command: undefined,
    records: new RecordsInMemory(),
    clock,
    events,
    timings: { callMs: 500, settleMs: 1_000 },
  })
  watch = new FenceWatch({
    fences,
    scopes: () => scopes,
    mayAct: () => leads,
    clock,
    events,
    onError: (error) => errors.push(error),
  })
  watch.start()
})
afterEach(async () => {
  await watch.stop()
  stopListening()
  expect(errors).toEqual([])
})

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
  scopes = []
  await expect.poll(() => watch.status()).toEqual([])
})

test('a region without an authorizer is told of once, and is no loss', async () => {
  leads = true
  region.hasAuthorizer = false
  await expect.poll(state).toBe('unavailable')
  expect(told.filter((name) => name !== 'fence:unavailable')).toEqual([])
  expect(watch.status()[0]?.reason).toContain('no authorizer')
})
