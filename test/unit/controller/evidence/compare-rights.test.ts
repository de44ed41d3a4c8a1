import { describe, expect, test } from 'vitest'
import {
  findMissingRights,
  findMissingQuotas,
  findMissingUsers,
} from '../../../../src/controller/evidence/compare-rights.ts'
import type { AclBinding } from '../../../../src/kafka/index.ts'

const scope = {
  topics: ['orders.a', 'orders.b'],
  isTopic: (topic: string) => topic.startsWith('orders.'),
  isGroup: (group: string) => group !== 'others',
  ownPrincipal: 'User:isthmus',
}

function allow(more: Partial<AclBinding> = {}): AclBinding {
  return {
    resource: 'topic',
    name: 'orders.a',
    pattern: 'literal',
    principal: 'User:app',
    host: '*',
    operation: 'write',
    permission: 'allow',
    ...more,
  }
}

const missing = (source: readonly AclBinding[], target: readonly AclBinding[]) =>
  findMissingRights({ bindings: source }, { bindings: target }, scope)

describe('rights of applications', () => {
  test('are there where the same, or something wider, is granted', () => {
    expect(missing([allow()], [allow()])).toEqual([])
    expect(missing([allow()], [allow({ operation: 'all' })])).toEqual([])
    expect(missing([allow()], [allow({ name: '*' })])).toEqual([])
    expect(missing([allow()], [allow({ name: 'orders.', pattern: 'prefixed' })])).toEqual([])
    expect(missing([allow()], [allow({ principal: 'User:*' })])).toEqual([])
    expect(missing([allow({ operation: 'describe' })], [allow({ operation: 'read' })])).toEqual([])
    expect(missing([allow({ host: '10.0.0.1' })], [allow()])).toEqual([])
    const wide = allow({ name: 'orders.', pattern: 'prefixed' })
    expect(missing([wide], [allow({ name: 'ord', pattern: 'prefixed' })])).toEqual([])
  })

  test('are missing where less is granted', () => {
    const told = ['User:app WRITE topic orders.a']
    expect(missing([allow()], [])).toEqual(told)
    expect(missing([allow()], [allow({ operation: 'read' })])).toEqual(told)
    expect(missing([allow()], [allow({ permission: 'deny' })])).toEqual(told)
    expect(missing([allow()], [allow({ principal: 'User:other' })])).toEqual(told)
    expect(missing([allow()], [allow({ host: '10.0.0.1' })])).toEqual(told)
    expect(missing([allow({ operation: 'read' })], [allow({ operation: 'describe' })])).toEqual([
      'User:app READ topic orders.a',
    ])
    const wide = allow({ name: 'orders.', pattern: 'prefixed' })
    expect(missing([wide], [allow()])).toEqual(['User:app WRITE topic orders.*'])
    expect(missing([allow({ name: '*' })], [wide])).toEqual(['User:app WRITE topic *'])
    expect(missing([allow({ name: '*' })], [allow({ name: '', pattern: 'prefixed' })])).toEqual([
      'User:app WRITE topic *',
    ])
  })

  test('matter only where the topics of the group are concerned, and nobody else than an application', () => {
    const others = [
      allow({ name: 'payments' }),
      allow({ name: 'payments.', pattern: 'prefixed' }),
      allow({ principal: 'User:isthmus' }),
      allow({ permission: 'deny' }),
      allow({ principal: 'User:stranger', resource: 'group', name: 'billing', operation: 'read' }),
    ]
    expect(missing(others, [])).toEqual([])
  })

  test('are also what is denied, but for fences, of which each region has its own', () => {
    const deny = (more: Partial<AclBinding>) => allow({ permission: 'deny', ...more })
    expect(missing([deny({ operation: 'read' })], [allow({ operation: 'read' })])).toEqual([
      'DENY User:app READ topic orders.a',
    ])
    expect(missing([deny({ operation: 'read' })], [deny({ operation: 'all' })])).toEqual([])
    expect(missing([deny({ operation: 'describe' })], [deny({ operation: 'read' })])).toHaveLength(1)
    expect(missing([deny({ operation: 'write', principal: 'User:*' })], [])).toEqual([])
    expect(missing([deny({ resource: 'group', name: 'billing', operation: 'read' }), allow()], [allow()])).toEqual([])
  })

  test('include groups, transactions and the cluster for those who use the topics', () => {
    const group = { resource: 'group', operation: 'read' } as const
    const source = [
      allow({ operation: 'read' }),
      allow({ ...group, name: 'billing' }),
      allow({ ...group, name: 'others' }),
      allow({ resource: 'transactional-id', name: 'orders-', pattern: 'prefixed' }),
      allow({ resource: 'cluster', name: 'kafka-cluster', operation: 'idempotent-write' }),
    ]
    expect(missing(source, [allow({ operation: 'read' })])).toEqual([
      'User:app READ group billing',
      'User:app WRITE transactional-id orders-*',
      'User:app IDEMPOTENT-WRITE cluster kafka-cluster',
    ])
  })

  test('cannot be missing without an authorizer, and cannot be told from a source without one', () => {
    expect(findMissingRights({ bindings: [allow()] }, { bindings: undefined }, scope)).toEqual([])
    expect(findMissingRights({ bindings: undefined }, { bindings: undefined }, scope)).toEqual([])
    expect(findMissingRights({ bindings: undefined }, { bindings: [] }, scope)).toEqual([
      'ACLs: only the target has an authorizer, so that nothing tells what applications need there',
    ])
  })
})

test('users are missing by mechanism', () => {
  const older = { mechanism: 'SCRAM-SHA-256', iterations: 4_096 } as const
  const newer = { mechanism: 'SCRAM-SHA-512', iterations: 8_192 } as const
  const source = [
    { user: 'app', credentials: [older, newer] },
    { user: 'billing', credentials: [newer] },
  ]
  expect(findMissingUsers(source, [{ user: 'app', credentials: [newer] }])).toEqual([
    'SCRAM-SHA-256 user app',
    'SCRAM-SHA-512 user billing',
  ])
  expect(findMissingUsers(source, source)).toEqual([])
})

test('quotas are missing where they are not there, or another amount', () => {
  const quota = (value: number, name: string | null = 'app') => ({
    entity: [
      { type: 'user', name },
      { type: 'client-id', name: 'c' },
    ],
    values: [{ key: 'producer_byte_rate', value }],
  })
  const swapped = { ...quota(10), entity: quota(10).entity.toReversed() }
  expect(findMissingQuotas([quota(10)], [swapped])).toEqual([])
  expect(findMissingQuotas([quota(10)], [quota(20)])).toEqual(['quota producer_byte_rate=10 of client-id c, user app'])
  expect(findMissingQuotas([quota(10, null)], [quota(10)])).toEqual([
    'quota producer_byte_rate=10 of client-id c, user <default>',
  ])
})
