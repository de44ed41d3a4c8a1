import { expect, test } from 'vitest'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { type AccessGuards, findLostRights } from '../../../../src/security/policies/guard-access.ts'
import { entryOf } from './acl-entry.ts'

const GUARDS: AccessGuards = {
  ownPrincipal: 'User:isthmus',
  isExempt: false,
  superUsers: ['User:admin'],
  kept: [],
  brokers: undefined,
  allowsWithoutAcl: 'no',
}
const own = (more: Partial<AclBinding> = {}) => entryOf({ principal: 'User:isthmus', operation: 'read', ...more })
const cluster = (more: Partial<AclBinding>) =>
  entryOf({ resource: 'cluster', name: 'kafka-cluster', operation: 'cluster-action', ...more })
const lost = (before: AclBinding[], after: AclBinding[], guards: Partial<AccessGuards> = {}) =>
  findLostRights({ before, after }, { ...GUARDS, ...guards }).map(
    ({ principal, operation, name, host }) =>
      `${principal.replace(/[^ -~]+$/, '…')} ${operation} ${name.replace(/[^ -~]+$/, '…')} ${host}`,
  )

test('taking away what allows it is found, for everything that goes with it', () => {
  expect(lost([own()], [])).toEqual(['User:isthmus read orders *', 'User:isthmus describe orders *'])
})

test('nothing is lost while another entry allows the same', () => {
  expect(lost([own(), own({ name: 'ord', pattern: 'prefixed' })], [own({ name: 'ord', pattern: 'prefixed' })])).toEqual(
    [],
  )
  expect(lost([own(), own({ name: '*' })], [own({ name: '*' })])).toEqual([])
  expect(lost([own(), own({ principal: 'User:*' })], [own({ principal: 'User:*' })])).toEqual([])
})

test('a wider entry is tried on every set of names that others tell apart', () => {
  const wide = own({ name: 'o', pattern: 'prefixed' })
  const rest = own({ name: 'orders.', pattern: 'prefixed' })
  expect(lost([wide, rest], [rest])).toContain('User:isthmus read o… *')
  expect(lost([wide, rest], [rest]).join()).not.toContain('orders.')
})

test('a DENY takes away from everyone, for one address as well', () => {
  const deny = own({ principal: 'User:*', permission: 'deny', host: '10.0.0.1' })
  expect(lost([own()], [own(), deny])).toEqual(['User:isthmus read orders 10.0.0.1'])
})

test('entries of others are their affair, unless resources without entries are open', () => {
  const app = entryOf()
  expect(lost([], [app])).toEqual([])
  expect(lost([], [app], { allowsWithoutAcl: 'unknown' })).toContain('User:isthmus write orders *')
  expect(lost([], [app, own({ operation: 'all' })], { allowsWithoutAcl: 'yes' })).toEqual([])
})

test('no entry applies to a super user: Isthmus where it was tried, others where the operator says so', () => {
  expect(lost([own()], [], { isExempt: true })).toEqual([])
  const ops = own({ principal: 'User:ops' })
  expect(lost([ops], [], { kept: ['User:ops'] })).toHaveLength(2)
  expect(lost([ops], [], { kept: ['User:ops'], superUsers: ['User:ops'] })).toEqual([])
})

test('a fence takes away nothing for good', () => {
  const fence = own({ principal: 'User:*', permission: 'deny', operation: 'write' })
  expect(lost([own({ operation: 'write' })], [own({ operation: 'write' }), fence])).toEqual([])
  expect(lost([own({ operation: 'write' }), fence], [fence])).toContain('User:isthmus write orders *')
})

test('brokers keep CLUSTER_ACTION, whoever they are', () => {
  const broker = cluster({ principal: 'User:broker' })
  expect(lost([broker], [])).toEqual(['User:broker cluster-action kafka-cluster *'])
  expect(lost([broker], [], { superUsers: ['User:broker'] })).toEqual([])
  expect(lost([broker], [], { brokers: ['User:other'] })).toEqual([])
  const everyone = cluster({ principal: 'User:*', operation: 'all' })
  expect(lost([everyone], []).join()).toContain('cluster-action kafka-cluster *')
  // Whom only the new entry names was among everyone.
  const deny = cluster({ principal: 'User:app', permission: 'deny' })
  expect(lost([everyone], [everyone, deny])).toEqual(['User:app cluster-action kafka-cluster *'])
  // The first entry on the cluster closes it, also one for an application.
  const write = cluster({ operation: 'idempotent-write' })
  expect(lost([], [write], { isExempt: true, allowsWithoutAcl: 'yes' })).toEqual([
    'User:app cluster-action kafka-cluster *',
    'User:… cluster-action kafka-cluster *',
  ])
  expect(lost([], [write], { isExempt: true, allowsWithoutAcl: 'yes', brokers: ['User:admin'] })).toEqual([])
})
