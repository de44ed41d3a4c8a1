import { expect, test } from 'vitest'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { isAllowed } from '../../../../src/security/fences/authorizer-model.ts'

const entry = (more: Partial<AclBinding>): AclBinding => ({
  resource: 'topic',
  name: 'orders',
  pattern: 'literal',
  principal: 'User:app',
  host: '*',
  operation: 'write',
  permission: 'allow',
  ...more,
})
const may = (bindings: AclBinding[], operation: AclBinding['operation'] = 'write', open = false) =>
  isAllowed(bindings, { principal: 'User:app', operation, resource: 'topic', name: 'orders' }, open)

test.each<[string, AclBinding[], boolean]>([
  ['nothing', [], false],
  ['its own ALLOW', [entry({})], true],
  ['an ALLOW by beginning', [entry({ name: 'ord', pattern: 'prefixed' })], true],
  ['an ALLOW on everything', [entry({ name: '*', operation: 'all' })], true],
  ['an ALLOW for everyone', [entry({ principal: 'User:*' })], true],
  ['an ALLOW of another', [entry({ principal: 'User:other' })], false],
  ['an ALLOW of another topic', [entry({ name: 'order' })], false],
  ['an ALLOW of a group of that name', [entry({ resource: 'group' })], false],
  ['an ALLOW from one address, which may not be ours', [entry({ host: '10.0.0.1' })], false],
  ['a DENY beside it', [entry({}), entry({ permission: 'deny', principal: 'User:*' })], false],
  ['a DENY of something else beside it', [entry({}), entry({ permission: 'deny', operation: 'alter' })], true],
])('%s', (_what, bindings, allowed) => {
  expect(may(bindings)).toBe(allowed)
})

test('what is open without entries is closed by any entry', () => {
  expect(may([], 'write', true)).toBe(true)
  expect(may([entry({ principal: 'User:other' })], 'write', true)).toBe(false)
})

test('an ALLOW implies the right to look, a DENY denies no more than it says', () => {
  expect(may([entry({})], 'describe')).toBe(true)
  expect(may([entry({}), entry({ permission: 'deny' })], 'describe')).toBe(true)
  expect(may([entry({ operation: 'alter-configs' })], 'describe-configs')).toBe(true)
})
