import { beforeEach, expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { DEFAULT_TIMINGS } from '../../../../src/security/index.ts'
import { applyPolicy, planForRegion, type PolicyRequest } from '../../../../src/security/policies/apply-policy.ts'
import type { PolicyAccess } from '../../../../src/security/policies/read-region.ts'
import { AccountsInMemory } from '../../../support/accounts-in-memory.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'
import { PoliciesInMemory } from '../../../support/policies-in-memory.ts'
import { entryOf } from './acl-entry.ts'

const checkout = {
  user: 'checkout',
  mechanism: 'SCRAM-SHA-512',
  iterations: undefined,
  password: () => 'geheim',
} as const
const quota = { entity: [{ type: 'user', name: 'checkout' }], key: 'producer_byte_rate', value: 100 }
const request: PolicyRequest = {
  policy: { owner: 'orders' },
  desired: { bindings: [entryOf({ name: 'a' })], followed: [], accounts: { users: [checkout], quotas: [quota] } },
  removal: { kind: 'off' },
}
const soon = () => AbortSignal.timeout(10_000)

let accounts: AccountsInMemory
let region: AclRegion
let records: PoliciesInMemory
let access: PolicyAccess

beforeEach(() => {
  const clock = new HurryingClock()
  region = new AclRegion({ clock })
  accounts = new AccountsInMemory()
  records = new PoliciesInMemory()
  const own = { principal: 'User:isthmus', superUsers: undefined, records, accounts }
  access = {
    region: regionName('eu'),
    cluster: region.clientOf('User:isthmus'),
    clock,
    timings: DEFAULT_TIMINGS,
    ...own,
  }
})

async function apply(given = request) {
  const { hash } = await planForRegion(access, given, soon())
  return await applyPolicy(access, { ...given, hash }, soon())
}

test('users and quotas are made, seen at every broker, and planned no more', async () => {
  accounts.looksBehind = 3
  expect(await apply()).toMatchObject({ added: 1, users: 1, quotas: 1, after: { accounts: { users: [], quotas: [] } } })
  expect(accounts.looksBehind).toBe(0)
  expect(accounts.users.get('checkout SCRAM-SHA-512')?.password).toBe('geheim')
  expect(await apply()).toMatchObject({ added: 0, users: 0, quotas: 0 })
  expect(accounts.calls.filter((call) => call.startsWith('put'))).toEqual(['put checkout'])
})

test('a password that is there is never written over', async () => {
  accounts.putUser('checkout', 'theirs')
  await apply()
  expect(accounts.users.get('checkout SCRAM-SHA-512')?.password).toBe('theirs')
})

test('a quota that has changed since it was planned refuses the plan', async () => {
  accounts.putQuota('checkout', 'producer_byte_rate', 1)
  const { hash } = await planForRegion(access, request, soon())
  accounts.putQuota('checkout', 'producer_byte_rate', 2)
  await expect(applyPolicy(access, { ...request, hash }, soon())).rejects.toMatchObject({ code: 'POLICY_PLAN_STALE' })
})

test('a policy without users and quotas asks nobody for them', async () => {
  await apply({ ...request, desired: { bindings: [], followed: [] } })
  expect(accounts.calls).toEqual([])
})

test('a crash behind the users: the same plan goes on where it ended', async () => {
  const { hash } = await planForRegion(access, request, soon())
  const { cluster } = access
  const crashing = { ...cluster, createAcls: () => Promise.reject(new Error('crashed')) }
  await expect(applyPolicy({ ...access, cluster: crashing }, { ...request, hash }, soon())).rejects.toThrow('crashed')
  expect(accounts.users.size).toBe(1)
  const resumed = await applyPolicy(access, { ...request, hash }, soon())
  expect(resumed).toMatchObject({ isResumed: true, users: 0, quotas: 0, after: { additions: [] } })
})

test('a broker that may not change users says so, and nothing of the rights is touched', async () => {
  accounts.mayChange = false
  await expect(apply()).rejects.toMatchObject({ code: 'KAFKA_REQUEST_FAILED' })
  expect(region.bindings.filter(({ name }) => name === 'a')).toEqual([])
})

test('a broker that never gets them leaves the plan unsettled', async () => {
  accounts.looksBehind = 1_000
  await expect(apply()).rejects.toMatchObject({ code: 'POLICY_UNSETTLED' })
})
