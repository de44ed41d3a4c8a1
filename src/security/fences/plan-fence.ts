import type { AclBinding, AclOperation } from '../../kafka/index.ts'
import { allows, EVERYONE, matchesName } from '../authorizer-model.ts'
import { bindingKey, bindingsOf, type DeniedAccess, type FenceMeans, markOf, without } from './fence-record.ts'
import type { FencedNames } from './fence-scope.ts'

/**
 * Which entries a fence has to have: pure. Everyone is denied where Isthmus itself is a super user; else each principal
 * that some ALLOW lets in, which is no fence where everyone is let in. ALLOWs are never touched.
 */
export interface FenceQuestion {
  readonly means: Extract<FenceMeans, 'acl' | 'groups'>
  readonly names: FencedNames
  readonly acls: AclView
  /** As the brokers name Isthmus; undefined where that is not known. */
  readonly ownPrincipal: string | undefined
  readonly superUsers: readonly string[] | undefined
}

/** What is known of the authorizer of a region. */
export interface AclView {
  /** False where the brokers have none. */
  readonly hasAuthorizer: boolean
  /** Whether entries do not apply to Isthmus, because it is a super user. */
  readonly isExempt: boolean
  /** Whether resources without entries are open to everyone. */
  readonly allowsWithoutAcl: 'no' | 'yes' | 'unknown'
  /** All that concern the resources. Of an exempt Isthmus the DENYs are enough. */
  readonly bindings: readonly AclBinding[]
}

export type FencePlan =
  | {
      readonly kind: 'possible'
      readonly mode: 'everyone' | 'enumerated'
      readonly denied: DeniedAccess
      readonly bindings: readonly AclBinding[]
      /** Of those, the ones that do not stand there yet. */
      readonly missing: readonly AclBinding[]
      /** Those that Isthmus has put up without a record. */
      readonly marked: readonly AclBinding[]
      /** Whom the fence does not hold, as far as the operator has said; undefined: unknown. */
      readonly superUsers: readonly string[] | undefined
    }
  | { readonly kind: 'unavailable'; readonly obstacles: readonly FenceObstacle[] }

export interface FenceObstacle {
  readonly code:
    | 'no-authorizer'
    | 'own-principal-unknown'
    | 'everyone-allowed'
    | 'open-without-acl'
    | 'acls-not-readable'
    | 'acls-not-changeable'
  readonly reason: string
  readonly remedy: string
}

export const OBSTACLES = {
  'no-authorizer': {
    reason: 'the brokers run no authorizer, so no right can be taken from anybody',
    remedy: 'Set authorizer.class.name on brokers and controllers.',
  },
  'own-principal-unknown': {
    reason: 'Isthmus is no super user here, and what the brokers call it is not known',
    remedy: 'Add the principal of Isthmus to super.users, or name it in fence.principal of the region.',
  },
  'everyone-allowed': {
    reason: 'Isthmus is no super user here, and an ALLOW for User:* lets in principals that cannot be listed',
    remedy: 'Add the principal of Isthmus to super.users.',
  },
  'open-without-acl': {
    reason: 'Isthmus is no super user here, and allow.everyone.if.no.acl.found is set, or may be',
    remedy: 'Add the principal of Isthmus to super.users.',
  },
  'acls-not-readable': {
    reason: 'Isthmus may not read ACLs here',
    remedy: 'Add the principal of Isthmus to super.users, or grant it DESCRIBE and ALTER on the cluster.',
  },
  'acls-not-changeable': {
    reason: 'Isthmus may not change ACLs here',
    remedy: 'Add the principal of Isthmus to super.users, or grant it ALTER on the cluster.',
  },
} as const satisfies Record<FenceObstacle['code'], Omit<FenceObstacle, 'code'>>

export function obstacle(code: FenceObstacle['code']): FenceObstacle {
  return { code, ...OBSTACLES[code] }
}

export function planFence(question: FenceQuestion): FencePlan {
  const { means, names, acls, ownPrincipal } = question
  if (!acls.hasAuthorizer) return unavailable('no-authorizer')
  if (acls.isExempt) return possible('everyone', [EVERYONE], question)
  if (ownPrincipal === undefined) return unavailable('own-principal-unknown')
  if (acls.allowsWithoutAcl !== 'no') return unavailable('open-without-acl')
  const resource = means === 'acl' ? 'topic' : 'group'
  const operations: readonly AclOperation[] = means === 'acl' ? ['write', 'delete', 'alter'] : ['read']
  const letIn = acls.bindings.filter(
    (it) =>
      it.permission === 'allow' &&
      it.resource === resource &&
      operations.some((operation) => allows(it, operation)) &&
      concerns(it, names),
  )
  const principals = new Set(letIn.map(({ principal }) => principal))
  if (principals.has(EVERYONE)) return unavailable('everyone-allowed')
  principals.delete(ownPrincipal)
  return possible('enumerated', [...principals].sort(), question)
}

/** Whether the entry reaches something that is to be fenced: names inside a prefix may be those to come. */
function concerns(binding: AclBinding, { prefixes, literals }: FencedNames): boolean {
  if (literals.some((name) => matchesName(binding, name))) return true
  return prefixes.some(
    (prefix) => matchesName(binding, prefix) || (binding.name !== '*' && binding.name.startsWith(prefix)),
  )
}

function possible(
  mode: 'everyone' | 'enumerated',
  principals: readonly string[],
  { means, names, acls, superUsers }: FenceQuestion,
): FencePlan {
  const denied = { ...names, principals }
  const bindings = bindingsOf(means, denied)
  const missing = without(bindings, acls.bindings)
  const standing = new Set(acls.bindings.map(bindingKey))
  const marked = bindings.filter((binding) => standing.has(bindingKey(markOf(binding))))
  return { kind: 'possible', mode, denied, bindings, missing, marked, superUsers }
}

function unavailable(code: FenceObstacle['code']): FencePlan {
  return { kind: 'unavailable', obstacles: [obstacle(code)] }
}
