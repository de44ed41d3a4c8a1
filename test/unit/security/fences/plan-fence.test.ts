import { expect, test } from 'vitest'
import type { AclBinding } from '../../../../src/kafka/index.ts'
import { bindingsOf } from '../../../../src/security/fences/fence-record.ts'
import { type AclView, type FenceQuestion, planFence } from '../../../../src/security/fences/plan-fence.ts'

const allow = (principal: string, more: Partial<AclBinding> = {}): AclBinding => ({
  resource: 'topic',
  name: 'orders.',
  pattern: 'prefixed',
  principal,
  host: '*',
  operation: 'write',
  permission: 'allow',
  ...more,
})

function ask(view: Partial<AclView>, more: Partial<FenceQuestion> = {}) {
  const acls: AclView = { hasAuthorizer: true, isExempt: false, allowsWithoutAcl: 'no', bindings: [], ...view }
  const names = { prefixes: ['orders.'], literals: ['bills'] }
  return planFence({ means: 'acl', names, acls, ownPrincipal: 'User:isthmus', superUsers: undefined, ...more })
}

const principalsOf = (plan: ReturnType<typeof ask>) =>
  plan.kind === 'possible' ? plan.denied.principals : plan.obstacles.map(({ code }) => code)

test('a super user denies everyone WRITE, DELETE and ALTER, whatever ALLOWs there are', () => {
  const plan = ask({ isExempt: true, allowsWithoutAcl: 'unknown', bindings: [allow('User:*')] })
  expect(plan).toMatchObject({ kind: 'possible', mode: 'everyone' })
  if (plan.kind !== 'possible') return
  expect(plan.bindings).toHaveLength(6)
  expect(new Set(plan.bindings.map(({ operation }) => operation))).toEqual(new Set(['write', 'delete', 'alter']))
  expect(plan.bindings.every((it) => it.principal === 'User:*' && it.permission === 'deny' && it.host === '*')).toBe(
    true,
  )
  expect(plan.missing).toEqual(plan.bindings)
})

test('what stands already is not missing', () => {
  const plan = ask({ isExempt: true })
  if (plan.kind !== 'possible') throw new Error('not possible')
  const again = ask({ isExempt: true, bindings: plan.bindings.slice(1) })
  expect(again).toMatchObject({ missing: [plan.bindings[0]] })
})

test('anyone else denies those that an ALLOW lets in, itself left out', () => {
  const bindings = [
    allow('User:isthmus'),
    allow('User:prefix'),
    allow('User:inside', { name: 'orders.eu', pattern: 'literal' }),
    allow('User:all', { operation: 'all', name: '*', pattern: 'literal' }),
    allow('User:wide', { name: 'ord' }),
    allow('User:deletes', { operation: 'delete', name: 'bills', pattern: 'literal' }),
    allow('User:reads', { operation: 'read' }),
    allow('User:elsewhere', { name: 'other' }),
    allow('User:group', { resource: 'group', operation: 'all' }),
    allow('User:denied', { permission: 'deny' }),
  ]
  expect(principalsOf(ask({ bindings }))).toEqual([
    'User:all',
    'User:deletes',
    'User:inside',
    'User:prefix',
    'User:wide',
  ])
})

test.each<[string, Partial<AclView>, Partial<FenceQuestion>]>([
  ['no-authorizer', { hasAuthorizer: false, isExempt: true }, {}],
  ['own-principal-unknown', {}, { ownPrincipal: undefined }],
  ['everyone-allowed', { bindings: [allow('User:*')] }, {}],
  ['open-without-acl', { allowsWithoutAcl: 'yes' }, {}],
  ['open-without-acl', { allowsWithoutAcl: 'unknown' }, {}],
])('no fence can be had: %s', (code, view, more) => {
  expect(principalsOf(ask(view, more))).toEqual([code])
})

test('an ALLOW for everyone elsewhere does no harm', () => {
  expect(principalsOf(ask({ bindings: [allow('User:*', { name: 'public.' })] }))).toEqual([])
})

test('groups are denied READ, to those that may read', () => {
  const names = { prefixes: [], literals: ['billing'] }
  const group = { resource: 'group', name: 'billing', pattern: 'literal', operation: 'read' } as const
  const view = { bindings: [allow('User:billing', group), allow('User:looks', { ...group, operation: 'describe' })] }
  const plan = ask(view, { means: 'groups', names })
  expect(plan).toMatchObject({
    bindings: [{ ...group, principal: 'User:billing', permission: 'deny' }],
  })
})

test('bindings are all combinations', () => {
  const denied = { prefixes: ['a'], literals: ['b', 'c'], principals: ['User:x', 'User:y'] }
  expect(bindingsOf('acl', denied)).toHaveLength(3 * 2 * 3)
  expect(bindingsOf('groups', denied)).toHaveLength(3 * 2)
  expect(bindingsOf('command', denied)).toEqual([])
})
