import { beforeEach, expect, test } from 'vitest'
import { PolicyDesk } from '../../../src/controller/policies/policy-desk.ts'
import { PolicyWatch } from '../../../src/controller/policies/policy-watch.ts'
import { createEvents, regionName, sleep } from '../../../src/core/index.ts'
import type { AclBinding } from '../../../src/kafka/index.ts'
import type { SecurityEvents, SecurityPolicy } from '../../../src/security/index.ts'
import { AclRegion } from '../../support/acl-region.ts'
import { fakePolicies, ORDERS_POLICY } from '../../support/fake-policies.ts'
import { HurryingClock } from '../../support/hurrying-clock.ts'

const EU = regionName('eu')
const write: AclBinding = {
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal: 'User:checkout',
  host: '*',
  operation: 'write',
  permission: 'allow',
}
const fence: AclBinding = { ...write, principal: 'User:*', permission: 'deny' }
const signal = new AbortController().signal

let acls: AclRegion
let clock: HurryingClock
let told: string[]
let hold: string | undefined

beforeEach(() => {
  clock = new HurryingClock()
  acls = new AclRegion({ clock, brokers: 1 })
  told = []
  hold = undefined
})

function watchOf(more: Partial<SecurityPolicy> = {}) {
  const fake = fakePolicies(new Map([[EU, { acls }]]))
  const policies = fake.policies.map((config) => ({ ...config, policy: { ...ORDERS_POLICY, ...more } }))
  const desk = new PolicyDesk({ policies, regions: fake.access, hold: () => hold })
  const events = createEvents<SecurityEvents>()
  events.onAny((name) => void told.push(name))
  const fail = (error: unknown) => {
    throw error
  }
  const watch = new PolicyWatch({ desk, everyMs: 1_000, hold: () => hold, events, clock, onError: fail })
  const apply = async () => {
    const [plan] = (await desk.plan({ removal: { kind: 'off' } }, signal)).plans
    await desk.apply({ owner: 'orders', region: 'eu', hash: plan?.hash ?? '', removal: { kind: 'off' } }, signal)
  }
  const standing = () => acls.bindings.filter(({ name }) => !name.startsWith('__isthmus.')).length
  return { watch, apply, standing, look: () => watch.lookOnce(signal) }
}

test('drift is told once by what it is, and its end too', async () => {
  const { watch, apply, look } = watchOf()
  await apply()
  await look()
  expect(told).toEqual([])
  acls.take(write)
  await look()
  await look()
  expect(told).toEqual(['policy:drifted'])
  expect(watch.status()).toMatchObject([{ owner: 'orders', region: 'eu', drift: { missing: [write] }, corrected: 0 }])
  acls.put(write)
  await look()
  expect(told).toEqual(['policy:drifted', 'policy:held'])
})

test('enforcing puts back what was taken away, once a minute, and leaves the fence and others alone', async () => {
  const { watch, apply, standing, look } = watchOf({ enforce: true })
  await apply()
  acls.put(fence, { ...write, principal: 'User:stranger' })
  acls.take(write)
  await look()
  expect([standing(), told.at(-1)]).toEqual([4, 'policy:corrected'])
  acls.take(write)
  await look()
  expect(standing()).toBe(3)
  await sleep(clock, 61_000, signal)
  await look()
  expect([standing(), watch.status()[0]?.corrected]).toEqual([4, 2])
})

test('a topic that comes gets its entries, though nothing is enforced', async () => {
  const { apply, standing, look } = watchOf()
  await look()
  expect(standing()).toBe(0)
  await apply()
  acls.topics.add('eu.bills')
  await look()
  expect([standing(), told.includes('policy:corrected')]).toEqual([3, true])
})

test('a region that cannot be read is told of once, and counts as not known', async () => {
  const { watch, look } = watchOf()
  acls.hasAuthorizer = false
  await look()
  await look()
  expect(told).toEqual(['policy:stuck'])
  expect(watch.status()).toMatchObject([{ drift: undefined, trouble: expect.stringContaining('no authorizer') }])
})

test('only who leads has a status', async () => {
  const { watch, look } = watchOf()
  await look()
  hold = 'another controller leads'
  expect(watch.status()).toEqual([])
})
