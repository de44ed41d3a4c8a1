import { expect, test } from 'vitest'
import { findPolicyMistakes } from '../../../../src/security/policies/policy-rules.ts'
import type { SecurityPolicy } from '../../../../src/security/policies/policy-schema.ts'

const role = { principal: 'User:app', produce: { topics: ['orders'] } }
const policy = (more: Partial<SecurityPolicy>): SecurityPolicy => ({
  apiVersion: 'isthmus/v1',
  kind: 'SecurityPolicy',
  owner: 'orders',
  applies: { failoverGroup: 'orders' },
  roles: [role],
  ...more,
})
const find = (more: Partial<SecurityPolicy>) =>
  findPolicyMistakes(policy(more)).map((it) => `${it.path.join('.')}: ${it.rule}`)
const acl = (more: Partial<NonNullable<SecurityPolicy['acls']>[number]>) =>
  find({ acls: [{ principal: 'User:app', operation: 'read', resource: 'topic', name: 'orders', ...more }] })

test('a policy that says what it means has no mistakes', () => {
  expect(find({})).toEqual([])
  expect(find({ roles: [], baseline: { plaintext: 'refuse' } })).toEqual([])
  expect(find({ roles: [], quotas: [{ principal: 'User:*', consumerBytesPerSecond: 1 }] })).toEqual([])
})

test.each<[string, string[], string]>([
  ['no region', find({ applies: {} }), 'applies: it names no region'],
  [
    'regions in two ways',
    find({ applies: { failoverGroup: 'a', regions: ['b'] } }),
    'applies: it names regions in two ways',
  ],
  ['nothing', find({ roles: [], acls: [] }), ': it declares nothing'],
  ['a role without rights', find({ roles: [{ principal: 'User:app' }] }), 'roles.0: it allows nothing'],
  [
    'a principal twice',
    find({
      principals: [
        { name: 'User:a', auth: 'mtls' },
        { name: 'User:a', auth: 'mtls' },
      ],
    }),
    'principals.1.name: "User:a" is already principals[0]',
  ],
  [
    'a password that brokers do not keep',
    find({ principals: [{ name: 'User:a', auth: 'mtls', passwordFile: 'p' }] }),
    'principals.0.passwordFile: brokers keep no password for mtls',
  ],
  [
    'iterations of no SCRAM',
    find({ principals: [{ name: 'User:a', auth: 'mtls', iterations: 4_096 }] }),
    'principals.0.iterations: there are no iterations of mtls',
  ],
  ['a quota of nobody', find({ quotas: [{ requestPercent: 1 }] }), 'quotas.0: it is of nobody'],
  ['a quota without a limit', find({ quotas: [{ clientId: 'a' }] }), 'quotas.0: it limits nothing'],
  [
    'a quota of what is no user',
    find({ quotas: [{ principal: 'Group:a', requestPercent: 1 }] }),
    'quotas.0.principal: brokers limit users, and no other kind of principal',
  ],
  [
    'a quota twice',
    find({
      quotas: [
        { clientId: 'a', requestPercent: 1 },
        { clientId: 'a', producerBytesPerSecond: 1 },
      ],
    }),
    'quotas.1: that is quotas[0] already',
  ],
  [
    'an operation that means nothing',
    acl({ operation: 'cluster-action' }),
    'acls.0.operation: cluster-action means nothing on a topic',
  ],
  ['no name', acl({ name: undefined }), 'acls.0.name: missing'],
  ['a name of the cluster', acl({ resource: 'cluster', operation: 'alter' }), 'acls.0.name: there is only one cluster'],
  [
    'a beginning of *',
    acl({ pattern: 'prefixed', name: '*' }),
    'acls.0.pattern: that is about names that begin with *',
  ],
  [
    'a host by name',
    acl({ host: 'kafka.example' }),
    'acls.0.host: "kafka.example" is no address, and brokers compare nothing else',
  ],
  [
    'what fences are made of',
    acl({ operation: 'write', permission: 'deny' }),
    'acls.0: fences are made of such entries, and they come and go with them',
  ],
  [
    'a fence of groups',
    acl({ resource: 'group', permission: 'deny' }),
    'acls.0: fences are made of such entries, and they come and go with them',
  ],
])('%s is refused', (_what, found, expected) => {
  expect(found).toEqual([expected])
})

test.each([
  ['another operation', { operation: 'read', permission: 'deny' }],
  ['one host', { operation: 'write', permission: 'deny', host: '10.0.0.1' }],
  ['every topic', { operation: 'write', permission: 'deny', name: '*' }],
] as const)('a DENY of %s is no fence', (_what, more) => {
  expect(acl(more)).toEqual([])
})
