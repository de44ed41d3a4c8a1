import { expect, test } from 'vitest'
import { findOwnRightsMissing, type RightsQuestion } from '../../../../src/controller/evidence/own-rights.ts'
import type { AclOperation } from '../../../../src/kafka/index.ts'

const ALL: readonly AclOperation[] = [
  'read',
  'write',
  'create',
  'alter',
  'describe',
  'describe-configs',
  'alter-configs',
]
const topics = ['orders.a', 'orders.b', 'orders.c']

function find(question: Partial<RightsQuestion> & { cluster?: readonly AclOperation[]; on?: readonly AclOperation[] }) {
  const { cluster = ALL, on = ALL, ...more } = question
  const rights = { cluster, topics: new Map(topics.map((topic) => [topic, on])) }
  return findOwnRightsMissing({ side: 'source', rights, topics, usesAcls: true, ...more })
}
const without = (...operations: readonly AclOperation[]) => ALL.filter((one) => !operations.includes(one))

test('who may do everything lacks nothing', () => {
  expect(find({})).toEqual([])
  expect(find({ side: 'target' })).toEqual([])
})

test('what is missing is named by step, the topics together', () => {
  expect(find({ on: without('write') })).toEqual([
    'cut: WRITE on orders.a and 2 more topics',
    'reverse: WRITE on orders.a and 2 more topics',
  ])
  expect(find({ side: 'target', on: without('read') })).toEqual(['reverse: READ on orders.a and 2 more topics'])
  expect(find({ cluster: without('alter') })).toEqual(['fence: ALTER on the cluster'])
})

test('a right to create topics is one on the cluster, or on their names', () => {
  expect(find({ cluster: without('create') })).toEqual([])
  expect(find({ on: without('create') })).toEqual([])
  const neither = find({ cluster: without('create'), on: without('create') })
  expect(neither).toEqual(['reverse: CREATE on orders.a and 2 more topics'])
})

test('a fence of the operator needs no right to change ACLs', () => {
  expect(find({ cluster: without('alter'), usesAcls: false })).toEqual([])
})

test('a topic that may not be seen is one without rights', () => {
  const rights = { cluster: ALL, topics: new Map<string, readonly AclOperation[]>() }
  expect(find({ side: 'target', rights, topics: ['orders.a'] })).toContain('promote: WRITE on orders.a')
})
