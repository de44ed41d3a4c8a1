import { expect, test } from 'vitest'
import { decideCorrection } from '../../../../src/security/policies/decide-correction.ts'
import type { PolicyPlan } from '../../../../src/security/policies/plan-policy.ts'
import { entryOf } from './acl-entry.ts'

const declared = entryOf({ name: 'orders.', pattern: 'prefixed' })
const followed = { text: '*.bills', principal: 'User:app', operation: 'write', topics: 1 } as const
const bill = entryOf({ name: 'eu.bills', principal: 'User:app', operation: 'write' })
const desired = { bindings: [declared, bill], followed: [followed] }
const extra = { binding: entryOf({ name: 'old' }), why: 'removal-off', reason: '' } as const
type Seen = Pick<PolicyPlan, 'additions' | 'left' | 'isApplied' | 'accounts'>
const accounts = { users: [], usersLeft: [], quotas: [] }
const seen = (more: Partial<Seen> = {}): Seen => ({ additions: [], left: [], isApplied: true, accounts, ...more })

test('what is as declared is left alone', () => {
  expect(decideCorrection({ enforce: true }, desired, seen())).toBeUndefined()
  expect(decideCorrection({}, desired, seen())).toBeUndefined()
})

test('enforcing puts up what is missing, and takes nothing away unless that is asked for too', () => {
  const missing = seen({ additions: [declared], left: [extra] })
  expect(decideCorrection({ enforce: true }, desired, missing)).toEqual({
    why: 'enforced',
    desired,
    removal: { kind: 'off' },
  })
  expect(decideCorrection({ enforce: true }, desired, seen({ left: [extra] }))).toBeUndefined()
  const removing = decideCorrection({ enforce: true, enforceRemovals: true }, desired, seen({ left: [extra] }))
  expect(removing?.removal).toEqual({ kind: 'on', max: undefined })
})

test('without enforcing, topics of globs get their entries, and nothing else is put up', () => {
  const correction = decideCorrection({}, desired, seen({ additions: [declared, bill] }))
  expect([correction?.why, correction?.desired.bindings]).toEqual(['kept-up', [bill]])
  expect(decideCorrection({}, desired, seen({ additions: [declared] }))).toBeUndefined()
})

test('users and quotas that are missing are made by enforcing, and by nothing else', () => {
  const quota = { entity: [{ type: 'user', name: null }], key: 'request_percentage', value: 5, found: null }
  const lacking = seen({ accounts: { ...accounts, quotas: [quota] } })
  const declared = { ...desired, accounts: { users: [], quotas: [quota] } }
  expect(decideCorrection({ enforce: true }, declared, lacking)?.desired.accounts).toBe(declared.accounts)
  expect(decideCorrection({}, declared, lacking)).toBeUndefined()
  expect(decideCorrection({}, declared, { ...lacking, additions: [bill] })?.desired.accounts).toBeUndefined()
})

test('where nobody has applied the policy, nothing is kept up', () => {
  expect(decideCorrection({}, desired, seen({ additions: [bill], isApplied: false }))).toBeUndefined()
})
