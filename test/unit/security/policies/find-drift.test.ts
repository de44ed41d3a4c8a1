import { expect, test } from 'vitest'
import { regionName } from '../../../../src/core/index.ts'
import { findDrift } from '../../../../src/security/policies/find-drift.ts'
import { planPolicy } from '../../../../src/security/policies/plan-policy.ts'
import { digestOf } from '../../../../src/security/policies/policy-record.ts'
import { entryOf } from './acl-entry.ts'

test('what is missing, too much, put up by others, or other than declared', () => {
  const [missing, owned, declared] = [entryOf({ name: 'a' }), entryOf({ name: 'b' }), entryOf({ name: 'c' })]
  const found = { ...declared, host: '10.0.0.1' }
  const foreign = entryOf({ name: 'd' })
  const elsewhere = entryOf({ name: 'e', principal: 'User:other' })
  const desired = { bindings: [missing, declared], followed: [] }
  const region = regionName('eu')
  const record = { format: 1, region, owner: 'orders', pending: null, mayLandLate: false, atMs: 0 } as const
  const plan = planPolicy({
    region,
    owner: 'orders',
    desired,
    removal: { kind: 'off' },
    sight: { bindings: [owned, found, foreign, elsewhere], records: [{ ...record, claims: [digestOf(owned)] }] },
    guards: { ownPrincipal: 'User:i', isExempt: true, superUsers: [], kept: [], brokers: [], allowsWithoutAcl: 'no' },
  })
  expect(findDrift(desired, plan)).toEqual({
    missing: [missing],
    extraOwned: [owned],
    extraForeign: [foreign],
    changed: [{ declared, found }],
    users: [],
    quotas: [],
  })
})
