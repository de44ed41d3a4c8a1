import {
  assert,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  stringMatching,
  tuple,
  uniqueArray,
} from 'fast-check'
import { expect, test } from 'vitest'
import { accountsOf, entityText } from '../../../../src/security/policies/desired-accounts.ts'
import { importAccounts } from '../../../../src/security/policies/import-accounts.ts'
import { planAccounts } from '../../../../src/security/policies/plan-accounts.ts'
import { findPolicyMistakes } from '../../../../src/security/policies/policy-rules.ts'

const name = stringMatching(/^[a-z]{1,3}$/)
const mechanism = constantFrom('SCRAM-SHA-256' as const, 'SCRAM-SHA-512' as const)
const credentials = uniqueArray(record({ mechanism, iterations: integer({ min: 4_000, max: 17_000 }) }), {
  minLength: 1,
  maxLength: 2,
  selector: (one) => one.mechanism,
})
const users = uniqueArray(record({ user: name, credentials }), { selector: ({ user }) => user })

const part = (type: string) => record({ type: constant(type), name: option(oneof(name, constant('*'))) })
const [user, clientId, address] = [part('user'), part('client-id'), part('ip')]
const entity = oneof(tuple(user), tuple(clientId), tuple(clientId, user), tuple(address))
const keys = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage', 'controller_mutation_rate', 'other']
const value = record({
  key: constantFrom(...keys),
  value: oneof(integer({ min: 1, max: 1e9 }), constant(0.5)),
})
const values = uniqueArray(value, { minLength: 1, selector: ({ key }) => key })
const quotas = uniqueArray(record({ entity, values }), { selector: (quota) => entityText(quota.entity) })

test('what is imported is a policy without mistakes, and planning it changes nothing', () => {
  assert(
    property(record({ users, quotas }), (sight) => {
      const { principals, quotas } = importAccounts(sight)
      const declared = { principals, quotas }
      // Without either, it would declare nothing.
      const acls = [{ principal: 'User:a', operation: 'read', resource: 'topic', name: 'a' } as const]
      const head = { apiVersion: 'isthmus/v1', kind: 'SecurityPolicy', owner: 'a' } as const
      expect(findPolicyMistakes({ ...head, applies: { regions: ['eu'] }, ...declared, acls })).toEqual([])
      const planned = planAccounts(accountsOf(declared, new Map()), sight)
      expect(planned).toEqual({ users: [], usersLeft: [], quotas: [] })
    }),
  )
})

test('each limit and each login is in the policy, or named', () => {
  assert(
    property(record({ users, quotas }), (sight) => {
      const { principals, quotas, leftOut } = importAccounts(sight)
      const desired = accountsOf({ principals, quotas }, new Map())
      const limits = sight.quotas.flatMap(({ values }) => values).length
      const logins = sight.users.flatMap(({ credentials }) => credentials).length
      const iterations = leftOut.filter((text) => / iterations of user /.test(text)).length
      const said = (desired?.quotas.length ?? 0) + (desired?.users.length ?? 0)
      expect(said + leftOut.length - iterations).toBe(limits + logins)
    }),
  )
})

test.each([
  ['a limit of addresses', { type: 'ip', name: '10.0.0.1' }, 'connection_creation_rate', 5],
  ['a limit that policies do not know', { type: 'user', name: 'a' }, 'something_new', 5],
  ['bytes that are not whole', { type: 'user', name: 'a' }, 'producer_byte_rate', 0.5],
  ['a client whose name means every other one', { type: 'client-id', name: '*' }, 'producer_byte_rate', 5],
])('%s is named and left out', (_what, part, key, value) => {
  const { quotas, leftOut } = importAccounts({ users: [], quotas: [{ entity: [part], values: [{ key, value }] }] })
  expect([quotas, leftOut]).toEqual([[], [`${key} ${value} of ${part.type} ${part.name}`]])
})
