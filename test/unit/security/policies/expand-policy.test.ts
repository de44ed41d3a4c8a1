import { expect, test } from 'vitest'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { expandPolicy, followerOf } from '../../../../src/security/policies/expand-policy.ts'
import { entryOf } from './acl-entry.ts'

const TOPICS = ['orders', 'orders.eu', 'orders.eu.tmp', 'bills', '__consumer_offsets', '__isthmus.state']

const show = ({ principal, operation, resource, name, pattern }: AclBinding) =>
  `${principal} ${operation} ${resource} ${name}${pattern === 'prefixed' ? '…' : ''}`
const expand = (policy: Parameters<typeof expandPolicy>[0], topics = TOPICS) =>
  expandPolicy(policy, topics).bindings.map(show)

test('produce: topics, idempotence and transactional ids', () => {
  const produce = { topics: ['orders', 'orders.*'], idempotent: true, transactionalIdPrefix: 'checkout' }
  expect(expand({ roles: [{ principal: 'User:app', produce }] }).toSorted()).toEqual([
    'User:app idempotent-write cluster kafka-cluster',
    'User:app write topic orders',
    'User:app write topic orders.…',
    'User:app write transactional-id checkout…',
  ])
})

test('consume: topics and groups', () => {
  const consume = { topics: ['orders'], groups: ['billing', 'billing-*', '*'] }
  expect(expand({ roles: [{ principal: 'User:billing', consume }] }).toSorted()).toEqual([
    'User:billing read group *',
    'User:billing read group billing',
    'User:billing read group billing-…',
    'User:billing read topic orders',
  ])
})

test('a glob that no entry covers is written out for the topics that exist, and again as topics come', () => {
  const policy = { roles: [{ principal: 'User:app', consume: { topics: ['*.tmp', 'orders.??'] } }] }
  expect(expand(policy)).toEqual(['User:app read topic orders.eu', 'User:app read topic orders.eu.tmp'])
  expect(expand(policy, [...TOPICS, 'orders.us'])).toContain('User:app read topic orders.us')
  expect(expandPolicy(policy, TOPICS).followed).toEqual([
    { text: '*.tmp', principal: 'User:app', operation: 'read', topics: 1 },
    { text: 'orders.??', principal: 'User:app', operation: 'read', topics: 1 },
  ])
})

test('topics that Kafka and Isthmus keep for themselves are meant only where the glob begins so', () => {
  const roles = (glob: string) => ({ roles: [{ principal: 'User:app', consume: { topics: [glob] } }] })
  expect(expand(roles('*s?at?'))).toEqual([])
  expect(expand(roles('__*state'))).toEqual(['User:app read topic __isthmus.state'])
})

test('a topic that is away is still meant by its glob, and nothing else is', () => {
  const role = { principal: 'User:app', consume: { topics: ['*.tmp'] } }
  const follows = followerOf(expandPolicy({ roles: [role] }, []))
  const entry = entryOf({ name: 'orders.us.tmp', operation: 'read' })
  expect(follows(entry)).toBe(true)
  for (const other of [
    { name: 'orders' },
    { operation: 'write' },
    { principal: 'User:other' },
    { pattern: 'prefixed' },
    { host: '10.0.0.1' },
    { permission: 'deny' },
    { resource: 'group' },
  ] as const) {
    expect(follows({ ...entry, ...other }), JSON.stringify(other)).toBe(false)
  }
})

test('an entry of the escape hatch has defaults, and the cluster has one name', () => {
  const acls = [
    { principal: 'User:ops', operation: 'alter', resource: 'cluster' },
    { principal: 'User:ops', operation: 'read', resource: 'group', name: 'a', host: '10.0.0.1', permission: 'deny' },
  ] as const
  expect(expandPolicy({ acls: [...acls] }, []).bindings).toEqual([
    entryOf({ principal: 'User:ops', operation: 'alter', resource: 'cluster', name: 'kafka-cluster' }),
    { ...acls[1], pattern: 'literal' },
  ])
})

test('what is asked for twice is one entry', () => {
  const role = { principal: 'User:app', produce: { topics: ['orders'] } }
  expect(expand({ roles: [role, role], acls: [{ ...entryOf(), resource: 'topic', operation: 'write' }] })).toHaveLength(
    1,
  )
})
