import type { AclBinding, AclOperation, AclResource } from '../../kafka/index.ts'

/**
 * What Kafka's authorizer would say, from its entries alone: a DENY that matches wins, then an ALLOW, then the setting
 * for resources without any entry. Pure. It does not know super users, to whom no entry applies, and of hosts only `*`.
 * Source: StandardAuthorizerData of Kafka 4.3, compared with brokers in the tests.
 */
export interface AccessQuestion {
  readonly principal: string
  readonly operation: AclOperation
  readonly resource: AclResource
  readonly name: string
}

export const EVERYONE = 'User:*'

/** What an ALLOW of one operation allows besides; a DENY denies nothing besides. */
const IMPLIED: Partial<Record<AclOperation, readonly AclOperation[]>> = {
  describe: ['read', 'write', 'delete', 'alter'],
  'describe-configs': ['alter-configs'],
}

export function isAllowed(
  bindings: readonly AclBinding[],
  question: AccessQuestion,
  allowWithoutAcl: boolean,
): boolean {
  const onResource = bindings.filter((it) => it.resource === question.resource && matchesName(it, question.name))
  if (onResource.length === 0) return allowWithoutAcl
  const concerning = onResource.filter((it) => isOf(it, question.principal) && it.host === '*')
  if (concerning.some((it) => it.permission === 'deny' && denies(it, question.operation))) return false
  return concerning.some((it) => it.permission === 'allow' && allows(it, question.operation))
}

/** True where the entry is about the name, literally, by its beginning, or because it is about every name. */
export function matchesName({ pattern, name: own }: Pick<AclBinding, 'pattern' | 'name'>, name: string): boolean {
  return pattern === 'prefixed' ? name.startsWith(own) : own === name || own === '*'
}

/** True where an ALLOW of this entry would let somebody do the operation. */
export function allows({ operation: own }: AclBinding, operation: AclOperation): boolean {
  return own === 'all' || own === operation || (IMPLIED[operation]?.includes(own) ?? false)
}

function denies({ operation: own }: AclBinding, operation: AclOperation): boolean {
  return own === 'all' || own === operation
}

function isOf({ principal: own }: AclBinding, principal: string): boolean {
  return own === principal || own === EVERYONE
}
