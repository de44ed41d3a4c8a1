import { beforeEach, expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { DEFAULT_TIMINGS } from '../../../../src/security/index.ts'
import { type GrantAccess, makeGrant, planGrant } from '../../../../src/security/policies/grant-rights.ts'
import { AccountsInMemory } from '../../../support/accounts-in-memory.ts'
import { AclRegion } from '../../../support/acl-region.ts'
import { HurryingClock } from '../../../support/hurrying-clock.ts'
import { entryOf } from './acl-entry.ts'

const isthmus = {
  user: 'isthmus',
  mechanism: 'SCRAM-SHA-512',
  iterations: undefined,
  password: () => 'geheim',
} as const
const [first, second] = [entryOf({ name: 'a' }), entryOf({ name: 'b' })]
const grant = { users: [isthmus], bindings: [first, second] }
const soon = () => AbortSignal.timeout(10_000)

let accounts: AccountsInMemory
let region: AclRegion
let access: GrantAccess

beforeEach(() => {
  const clock = new HurryingClock()
  region = new AclRegion({ clock, superUsers: ['User:admin'] })
  accounts = new AccountsInMemory()
  const cluster = region.clientOf('User:admin')
  access = { region: regionName('eu'), cluster, accounts, clock, timings: DEFAULT_TIMINGS }
})

test('what is missing is put up on every broker, and the next time nothing is missing', async () => {
  region.put(first)
  region.lagMs.set(2, 300)
  const plan = await planGrant(access, grant, soon())
  expect([plan.accounts.users.map(({ user }) => user), plan.additions]).toEqual([['isthmus'], [second]])
  await makeGrant(access, { grant, plan }, soon())
  expect(region.bindings).toEqual([first, second])
  expect(accounts.users.get('isthmus SCRAM-SHA-512')?.password).toBe('geheim')
  const again = await planGrant(access, grant, soon())
  expect([again.accounts.users, again.additions]).toEqual([[], []])
})

test('a user that is there keeps its password, and nothing is taken away', async () => {
  const foreign = entryOf({ name: 'c' })
  region.put(foreign)
  accounts.putUser('isthmus', 'before')
  await makeGrant(access, { grant, plan: await planGrant(access, grant, soon()) }, soon())
  expect(accounts.users.get('isthmus SCRAM-SHA-512')?.password).toBe('before')
  expect(region.bindings).toEqual([foreign, first, second])
})

test('somebody who may not change the region is told so', async () => {
  const plan = await planGrant(access, grant, soon())
  region.mayChangeAcls = false
  await expect(makeGrant(access, { grant, plan }, soon())).rejects.toMatchObject({ code: 'GRANT_REFUSED' })
})

test('a broker that does not take it is named', async () => {
  const plan = await planGrant(access, grant, soon())
  region.silent.add(3)
  await expect(makeGrant(access, { grant, plan }, soon())).rejects.toMatchObject({
    code: 'GRANT_UNSETTLED',
    message: expect.stringContaining('broker 3'),
  })
})
