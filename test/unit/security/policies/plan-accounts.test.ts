import { expect, test } from 'vitest'
import { accountsOf, findContradiction } from '../../../../src/security/policies/desired-accounts.ts'
import { digestOfDesired, planAccounts } from '../../../../src/security/policies/plan-accounts.ts'
import type { SecurityPolicy } from '../../../../src/security/policies/policy-schema.ts'

const head = { apiVersion: 'isthmus/v1', kind: 'SecurityPolicy', owner: 'orders', applies: {} } as const
const policy = (more: Partial<SecurityPolicy>): SecurityPolicy => ({ ...head, ...more })
const checkout = { name: 'User:checkout', auth: 'scram-sha-512' } as const
const passwords = new Map([['User:checkout', { reveal: () => 'geheim' }]])
const plan = (more: Partial<SecurityPolicy>, sight = { users: [], quotas: [] } as Parameters<typeof planAccounts>[1]) =>
  planAccounts(accountsOf(policy(more), passwords), sight)
const held = (iterations: number, mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512' = 'SCRAM-SHA-512') => ({
  users: [{ user: 'checkout', credentials: [{ mechanism, iterations }] }],
  quotas: [],
})

test('a user that is missing is made with the password that the policy names', () => {
  const made = { user: 'checkout', mechanism: 'SCRAM-SHA-512' }
  expect(plan({ principals: [checkout] }).users).toEqual([{ ...made, iterations: 8_192 }])
  expect(plan({ principals: [{ ...checkout, iterations: 4_096 }] }).users).toEqual([{ ...made, iterations: 4_096 }])
  expect(plan({ principals: [checkout] }, held(4_096, 'SCRAM-SHA-256')).users).toHaveLength(1)
})

test('a user that is there is left alone, also where its iterations are others', () => {
  const none = { users: [], usersLeft: [], quotas: [] }
  expect(plan({ principals: [checkout] }, held(4_096))).toEqual(none)
  const left = plan({ principals: [{ ...checkout, iterations: 8_192 }] }, held(4_096))
  expect(left.users).toEqual([])
  expect(left.usersLeft).toMatchObject([{ user: 'checkout', why: 'other-iterations' }])
})

test('a user without a password at hand is told of, and not made', () => {
  const billing = { ...checkout, name: 'User:billing' }
  expect(plan({ principals: [billing] })).toMatchObject({ users: [], usersLeft: [{ why: 'no-password' }] })
})

test('principals that brokers keep no password of are no users', () => {
  expect(accountsOf(policy({ principals: [{ name: 'User:CN=app', auth: 'mtls' }] }), passwords)).toBeUndefined()
})

test('limits that are missing or another amount are set, and what a broker holds beside them stays', () => {
  const quotas = [{ principal: 'User:*', clientId: 'fleet', producerBytesPerSecond: 100, requestPercent: 50 }]
  const entity = [
    { type: 'client-id', name: 'fleet' },
    { type: 'user', name: null },
  ]
  const values = [
    { key: 'producer_byte_rate', value: 99 },
    { key: 'request_percentage', value: 50 },
    { key: 'consumer_byte_rate', value: 1 },
  ]
  const found = plan({ quotas }, { users: [], quotas: [{ entity: entity.toReversed(), values }] })
  expect(found.quotas).toEqual([{ entity, key: 'producer_byte_rate', value: 100, found: 99 }])
  expect(plan({ quotas }).quotas.map(({ key, found }) => [key, found])).toEqual([
    ['producer_byte_rate', null],
    ['request_percentage', null],
  ])
})

test('no secret is part of what a hash is made of', () => {
  const [one, other] = ['geheim', 'anders'].map((password) => {
    return digestOfDesired(
      accountsOf(policy({ principals: [checkout] }), new Map([[checkout.name, { reveal: () => password }]])),
    )
  })
  expect(one).toBe(other)
  expect(JSON.stringify(accountsOf(policy({ principals: [checkout] }), passwords))).not.toContain('geheim')
})

test('two policies contradict each other where they set the same to different values', () => {
  const quota = (value: number, principal = 'User:app') =>
    policy({ quotas: [{ principal, consumerBytesPerSecond: value }] })
  expect(findContradiction(quota(1), quota(1))).toBeUndefined()
  expect(findContradiction(quota(1), quota(2, 'User:other'))).toBeUndefined()
  expect(findContradiction(quota(1), quota(2))).toBe('consumer_byte_rate of user app, which is 2')
  const user = (iterations: number) => policy({ principals: [{ ...checkout, iterations }] })
  expect(findContradiction(user(4_096), user(8_192))).toBe('iterations of checkout, which are 8192')
})
