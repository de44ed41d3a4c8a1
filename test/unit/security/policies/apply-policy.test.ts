import { beforeEach, expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { DEFAULT_TIMINGS } from '../../../../src/security/index.ts'
import { applyPolicy, planForRegion, type PolicyRequest } from '../../../../src/security/policies/apply-policy.ts'
import type { PolicyAccess } from '../../../../src/security/policies/read-region.ts'
import { AccountsInMemory } from '../../../support/accounts-in-memory.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'
import { PoliciesInMemory } from '../../../support/policies-in-memory.ts'
import { entryOf } from './acl-entry.ts'

const topic = (name: string, more: Partial<AclBinding> = {}) => entryOf({ name, ...more })
const [a, b, c] = [topic('a'), topic('b'), topic('c')]
const fence = topic('orders.', { pattern: 'prefixed', principal: 'User:*', permission: 'deny' })
const ON = { kind: 'on', max: 9 } as const
const ask = (bindings: readonly AclBinding[], removal: PolicyRequest['removal'] = ON): PolicyRequest => {
  return { policy: { owner: 'orders' }, desired: { bindings, followed: [] }, removal }
}
const soon = () => AbortSignal.timeout(10_000)

let region: AclRegion
let records: PoliciesInMemory
let access: PolicyAccess

beforeEach(() => {
  const clock = new HurryingClock()
  region = new AclRegion({ clock })
  records = new PoliciesInMemory()
  const cluster = region.clientOf('User:isthmus')
  const own = { principal: 'User:isthmus', superUsers: undefined, accounts: new AccountsInMemory() }
  access = { region: regionName('eu'), cluster, clock, timings: DEFAULT_TIMINGS, records, ...own }
})

const isDeclared = (it: AclBinding) => !it.name.startsWith('__isthmus.')
const standing = () =>
  region.bindings
    .filter(isDeclared)
    .map(({ name }) => name)
    .sort()

async function apply(request: PolicyRequest) {
  const { hash } = await planForRegion(access, request, soon())
  return await applyPolicy(access, { ...request, hash }, soon())
}

test('what is declared comes into force on every broker, and planning it again is empty', async () => {
  region.put(c, fence)
  region.lagMs.set(3, 400)
  const applied = await apply(ask([a, b]))
  expect(applied).toMatchObject({ added: 2, removed: 0, isResumed: false })
  expect(applied.after).toMatchObject({ additions: [], removals: [], foreign: [c], obstacles: [] })
  expect(standing()).toEqual(['a', 'b', 'c', 'orders.'])
  expect(region.calls.filter((call) => call.startsWith('delete'))).toEqual([])
})

test('what is no longer declared goes after the rest has come, and with it the claim', async () => {
  await apply(ask([a]))
  region.calls.length = 0
  await apply(ask([b]))
  expect(standing()).toEqual(['b'])
  expect(region.calls).toEqual(['create 1', 'delete 1'])
  // Somebody else puts it up now.
  region.put(a)
  expect(await planForRegion(access, ask([b]), soon())).toMatchObject({ removals: [], foreign: [a] })
})

test('a region that has changed since it was planned refuses the plan', async () => {
  const { hash } = await planForRegion(access, ask([a]), soon())
  region.put(c)
  await expect(applyPolicy(access, { ...ask([a]), hash }, soon())).rejects.toMatchObject({ code: 'POLICY_PLAN_STALE' })
  expect(standing()).toEqual(['c'])
  expect(records.held.size).toBe(0)
})

test('a fence that comes in between refuses nothing, and stays', async () => {
  await apply(ask([a]))
  const { hash } = await planForRegion(access, ask([b]), soon())
  region.put(fence)
  await applyPolicy(access, { ...ask([b]), hash }, soon())
  expect(standing()).toEqual(['b', 'orders.'])
})

test('a plan with an obstacle is refused', async () => {
  await apply(ask([a]))
  const { hash } = await planForRegion(access, ask([]), soon())
  await expect(applyPolicy(access, { ...ask([]), hash }, soon())).rejects.toMatchObject({
    code: 'POLICY_PLAN_REFUSED',
    message: expect.stringContaining('all 1 that stand for it would go'),
  })
  expect(standing()).toEqual(['a'])
})

test('nothing is added that is not on record first', async () => {
  records.onPut = () => {
    throw new Error('the region takes no records')
  }
  await expect(apply(ask([a]))).rejects.toThrow('takes no records')
  expect(standing()).toEqual([])
})

test.each(['before the first entry', 'between adding and taking away', 'before the last record'])(
  'a crash %s: the same plan goes on where it ended',
  async (when) => {
    await apply(ask([a]))
    const request = ask([b])
    const { hash } = await planForRegion(access, request, soon())
    const { cluster } = access
    const crash = () => Promise.reject(new Error('crashed'))
    if (when === 'before the first entry') access = { ...access, cluster: { ...cluster, createAcls: crash } }
    if (when === 'between adding and taking away') access = { ...access, cluster: { ...cluster, deleteAcls: crash } }
    let puts = 0
    records.onPut = () => {
      if (when === 'before the last record' && ++puts === 2) throw new Error('crashed')
    }
    await expect(applyPolicy(access, { ...request, hash }, soon())).rejects.toThrow('crashed')
    records.onPut = () => undefined
    access = { ...access, cluster }
    expect(records.held.get('orders')?.pending?.hash).toBe(hash)
    const resumed = await applyPolicy(access, { ...request, hash }, soon())
    expect(resumed).toMatchObject({ isResumed: true, after: { additions: [], removals: [] } })
    expect(standing()).toEqual(['b'])
    expect(records.held.get('orders')).toMatchObject({ pending: null, claims: [expect.any(String)] })
  },
)

test('a crash does not make a region that has changed since look as it was', async () => {
  const { hash } = await planForRegion(access, ask([a, b]), soon())
  const { cluster } = access
  const crashing = { ...access, cluster: { ...cluster, createAcls: () => Promise.reject(new Error('crashed')) } }
  await expect(applyPolicy(crashing, { ...ask([a, b]), hash }, soon())).rejects.toThrow('crashed')
  region.put(c)
  await expect(applyPolicy(access, { ...ask([a, b]), hash }, soon())).rejects.toMatchObject({
    code: 'POLICY_PLAN_STALE',
  })
  // What was begun is planned anew, and nothing of it is taken for foreign.
  await apply(ask([a, b]))
  expect(await planForRegion(access, ask([a]), soon())).toMatchObject({ removals: [b], foreign: [c] })
})

test('a quorum that is frozen settles nothing; what comes into force late is in force, and owned', async () => {
  region.freezeQuorum()
  const { hash } = await planForRegion(access, ask([a]), soon()).catch(() => ({ hash: '' }))
  expect(hash).toBe('')
  region.thawQuorum()
  const planned = await planForRegion(access, ask([a]), soon())
  region.freezeQuorum()
  await expect(applyPolicy(access, { ...ask([a]), hash: planned.hash }, soon())).rejects.toMatchObject({
    code: 'POLICY_UNSETTLED',
  })
  region.thawQuorum()
  expect(standing()).toEqual(['a'])
  const resumed = await applyPolicy(access, { ...ask([a]), hash: planned.hash }, soon())
  expect(resumed).toMatchObject({ isResumed: true, after: { additions: [] } })
  expect(await planForRegion(access, ask([b]), soon())).toMatchObject({ removals: [a], additions: [b] })
})

test('a region without an authorizer takes no policy, and says why', async () => {
  region.hasAuthorizer = false
  await expect(planForRegion(access, ask([a]), soon())).rejects.toMatchObject({ code: 'POLICY_UNAVAILABLE' })
})
