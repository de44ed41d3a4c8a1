import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AclBinding } from '../../../src/kafka/index.ts'
import { createAuthorizer, isAllowed, OPERATIONS_OF } from '../../../src/security/authorizer-model.ts'
import { entries, fences, HOSTS, NAMES_OF, SUPER } from '../../support/policy-arbitraries.ts'
import { entryOf } from './policies/acl-entry.ts'

const may = (bindings: AclBinding[], operation: AclBinding['operation'] = 'write', open = false) =>
  isAllowed(
    bindings,
    { principal: 'User:app', operation, resource: 'topic', name: 'orders' },
    { allowsWithoutAcl: open },
  )

test.each<[string, AclBinding[], boolean]>([
  ['nothing', [], false],
  ['its own ALLOW', [entryOf()], true],
  ['an ALLOW by beginning', [entryOf({ name: 'ord', pattern: 'prefixed' })], true],
  ['an ALLOW on everything', [entryOf({ name: '*', operation: 'all' })], true],
  ['an ALLOW for everyone', [entryOf({ principal: 'User:*' })], true],
  ['an ALLOW of another', [entryOf({ principal: 'User:other' })], false],
  ['an ALLOW of another topic', [entryOf({ name: 'order' })], false],
  ['an ALLOW of a group of that name', [entryOf({ resource: 'group' })], false],
  ['an ALLOW from one address, which may not be ours', [entryOf({ host: '10.0.0.1' })], false],
  ['a DENY beside it', [entryOf(), entryOf({ permission: 'deny', principal: 'User:*' })], false],
  ['a DENY of something else beside it', [entryOf(), entryOf({ permission: 'deny', operation: 'alter' })], true],
])('%s', (_what, bindings, allowed) => {
  expect(may(bindings)).toBe(allowed)
})

test('what is open without entries is closed by any entry', () => {
  expect(may([], 'write', true)).toBe(true)
  expect(may([entryOf({ principal: 'User:other' })], 'write', true)).toBe(false)
})

test('an ALLOW implies the right to look, a DENY denies no more than it says', () => {
  expect(may([entryOf()], 'describe')).toBe(true)
  expect(may([entryOf(), entryOf({ permission: 'deny' })], 'describe')).toBe(true)
  expect(may([entryOf({ operation: 'alter-configs' })], 'describe-configs')).toBe(true)
})

test('an entry for one address is about that address', () => {
  const question = { principal: 'User:app', operation: 'write', resource: 'topic', name: 'orders' } as const
  const bindings = [
    entryOf({ host: '10.0.0.1' }),
    entryOf({ host: '10.0.0.2' }),
    entryOf({ host: '10.0.0.2', permission: 'deny' }),
  ]
  const from = (host: string) => isAllowed(bindings, { ...question, host }, { allowsWithoutAcl: false })
  expect([from('10.0.0.1'), from('10.0.0.2'), from('10.0.0.3')]).toEqual([true, false, false])
})

test('no entry applies to a super user', () => {
  const question = { principal: 'User:app', operation: 'write', resource: 'topic', name: 'orders' } as const
  const settings = { allowsWithoutAcl: false, superUsers: new Set(['User:app']) }
  expect(isAllowed([entryOf({ permission: 'deny', principal: 'User:*' })], question, settings)).toBe(true)
})

test('names that begin with * are not reached by an entry for every name', () => {
  const group = { resource: 'group', operation: 'read' } as const
  const question = { principal: 'User:app', ...group }
  const settings = { allowsWithoutAcl: false }
  expect(isAllowed([entryOf({ ...group, name: '*' })], { ...question, name: '*odd' }, settings)).toBe(false)
  expect(
    isAllowed([entryOf({ ...group, name: '*', pattern: 'prefixed' })], { ...question, name: '*odd' }, settings),
  ).toBe(true)
})

test('what is looked up among many entries is what going through all of them finds', () => {
  const resources = Object.keys(NAMES_OF) as (keyof typeof NAMES_OF)[]
  const sets = fc.tuple(fc.array(entries({ hosts: HOSTS }), { maxLength: 12 }), fences)
  fc.assert(
    fc.property(sets, fc.boolean(), ([random, fence], allowsWithoutAcl) => {
      const bindings = [...random, ...fence]
      const settings = { allowsWithoutAcl, superUsers: new Set([SUPER]) }
      const authorizer = createAuthorizer(bindings, settings)
      const different: unknown[] = []
      for (const resource of resources) {
        for (const name of NAMES_OF[resource]) {
          for (const operation of OPERATIONS_OF[resource]) {
            const question = { principal: 'User:app', resource, name, operation, host: HOSTS[0] }
            if (authorizer.isAllowed(question) !== isAllowed(bindings, question, settings)) different.push(question)
          }
        }
      }
      expect(different).toEqual([])
    }),
    { numRuns: 100 },
  )
})
