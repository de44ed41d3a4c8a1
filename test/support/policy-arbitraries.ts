import * as fc from 'fast-check'
import type { AclBinding, AclResource } from '../../src/kafka/index.ts'
import { CLUSTER_NAME, OPERATIONS_OF } from '../../src/security/authorizer-model.ts'
import { bindingsOf } from '../../src/security/fences/fence-record.ts'
import { policyAclOf } from '../../src/security/policies/import-policy.ts'
import { isOverlay } from '../../src/security/policies/overlay.ts'
import type { SecurityPolicy } from '../../src/security/policies/policy-schema.ts'

/** Random regions and policies over a few names, so that entries meet. */
export const TOPICS = ['orders', 'orders.eu', 'orders.us', 'orders.eu.tmp', 'bills', 'shop-1.log'] as const
export const GROUPS = ['billing', 'billing-2', 'audit', '*odd'] as const
export const TRANSACTIONAL_IDS = ['checkout-1', 'other'] as const
export const HOSTS = ['10.0.0.1', '10.0.0.2'] as const
/** Isthmus, and one that only a policy takes for a super user. */
export const OWN = 'User:isthmus'
export const KEPT = 'User:ops'
export const SUPER = 'User:admin'
export const BROKER = 'User:broker'
export const APPS = ['User:app', 'User:billing'] as const

const PREFIXES: Readonly<Record<'topic' | 'group' | 'transactional-id', readonly string[]>> = {
  topic: ['orders', 'orders.', 'orders.eu', 'b'],
  group: ['billing', 'b', '*'],
  'transactional-id': ['checkout', 'c'],
}

/** One name at least for each set of names that entries can tell apart. */
export const NAMES_OF: Readonly<Record<'topic' | 'group' | 'transactional-id' | 'cluster', readonly string[]>> = {
  topic: [...TOPICS, ...namesAfter('topic')],
  group: [...GROUPS, '*', ...namesAfter('group')],
  'transactional-id': [...TRANSACTIONAL_IDS, ...namesAfter('transactional-id')],
  cluster: [CLUSTER_NAME],
}

function namesAfter(resource: keyof typeof PREFIXES): string[] {
  return ['fresh', ...PREFIXES[resource].map((prefix) => `${prefix}-z`)]
}

const PRINCIPALS = [...APPS, ...APPS, 'User:*', OWN, KEPT, SUPER, BROKER]

function pattern(resource: keyof typeof NAMES_OF): fc.Arbitrary<Pick<AclBinding, 'name' | 'pattern'>> {
  const literal = { pattern: 'literal' } as const
  if (resource === 'cluster') return fc.constant({ name: CLUSTER_NAME, ...literal })
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ name: fc.constantFrom(...NAMES_OF[resource]), pattern: fc.constant('literal' as const) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ name: fc.constantFrom(...PREFIXES[resource]), pattern: fc.constant('prefixed' as const) }),
    },
    { weight: 1, arbitrary: fc.constant({ name: '*', ...literal }) },
  )
}

export interface EntryPools {
  readonly hosts: readonly string[]
  /** @defaultValue applications, everyone, and those who must not be locked out */
  readonly principals?: readonly string[]
}

/** Entries that are none of a fence. */
export function entries({ hosts, principals = PRINCIPALS }: EntryPools): fc.Arbitrary<AclBinding> {
  return fc
    .constantFrom<keyof typeof NAMES_OF>('topic', 'topic', 'topic', 'group', 'transactional-id', 'cluster')
    .chain((resource: keyof typeof NAMES_OF) =>
      fc.record({
        resource: fc.constant<AclResource>(resource),
        pattern: pattern(resource),
        principal: fc.constantFrom(...principals),
        host: fc.constantFrom('*', '*', '*', ...hosts),
        operation: fc.constantFrom('all' as const, ...OPERATIONS_OF[resource]),
        permission: fc.constantFrom('allow' as const, 'allow' as const, 'allow' as const, 'deny' as const),
      }),
    )
    .map(({ pattern, ...rest }): AclBinding => ({ ...rest, ...pattern }))
    .filter((binding) => !isOverlay(binding))
}

/** What fences put up. */
export const fences: fc.Arbitrary<AclBinding[]> = fc
  .record({
    means: fc.constantFrom('acl' as const, 'groups' as const),
    prefixes: fc.subarray(['orders.', 'b'], { maxLength: 1 }),
    literals: fc.subarray(['orders', 'bills'], { maxLength: 2 }),
    principals: fc.constantFrom(['User:*'], ['User:app', 'User:billing']),
  })
  .map(({ means, ...denied }) => bindingsOf(means, denied))

const topicPattern = fc.constantFrom('orders', 'orders.*', '*.tmp', 'orders.??', '*.log', 'bills', '*')

export function policies(pools: EntryPools): fc.Arbitrary<Pick<SecurityPolicy, 'roles' | 'acls'>> {
  const principal = fc.constantFrom(...(pools.principals ?? PRINCIPALS))
  const produce = fc.record({
    topics: fc.array(topicPattern, { minLength: 1, maxLength: 2 }),
    idempotent: fc.boolean(),
    transactionalIdPrefix: fc.constant('checkout'),
  })
  const consume = fc.record({
    topics: fc.array(topicPattern, { minLength: 1, maxLength: 2 }),
    groups: fc.array(fc.constantFrom('billing', 'billing*', 'audit'), { minLength: 1, maxLength: 2 }),
  })
  const role = fc.oneof(fc.record({ principal, produce }), fc.record({ principal, consume }))
  return fc.record({
    roles: fc.array(role, { maxLength: 3 }),
    acls: fc.array(entries(pools).map(policyAclOf), { maxLength: 4 }),
  })
}
