import type { AclBinding, AclOperation, AclResource } from '../kafka/index.ts'

/**
 * What Kafka's StandardAuthorizer says, from its entries and its two settings: super users may do everything, to
 * everyone else a DENY that matches goes first, then an ALLOW, then the setting for resources without any entry. Pure.
 * Source: StandardAuthorizerData of Kafka 4.3 (KIP-290), compared with brokers in the tests and by `trial authorizer`.
 */
export interface AccessQuestion {
  readonly principal: string
  readonly operation: AclOperation
  readonly resource: AclResource
  readonly name: string
  /** The address that it is asked from. @defaultValue one that no entry names */
  readonly host?: string
}

export interface AuthorizerSettings {
  /** `allow.everyone.if.no.acl.found`. */
  readonly allowsWithoutAcl: boolean
  /** @defaultValue none */
  readonly superUsers?: ReadonlySet<string>
}

/** The same answers as `isAllowed`, found in a few look-ups among any number of entries. */
export interface Authorizer {
  isAllowed(question: AccessQuestion): boolean
}

export const EVERYONE = 'User:*'
export const ANY = '*'
/** The one name of the `cluster` resource. */
export const CLUSTER_NAME = 'kafka-cluster'

/** What an ALLOW of one operation allows besides; a DENY denies nothing besides. */
const IMPLIED: Partial<Record<AclOperation, readonly AclOperation[]>> = {
  describe: ['read', 'write', 'delete', 'alter'],
  'describe-configs': ['alter-configs'],
}

const CONFIGS = ['describe-configs', 'alter-configs'] as const

/** What can be asked about each kind of resource, as AclEntry of Kafka has it. */
export const OPERATIONS_OF: Readonly<Record<Exclude<AclResource, 'unknown'>, readonly AclOperation[]>> = {
  topic: ['read', 'write', 'create', 'describe', 'delete', 'alter', ...CONFIGS],
  group: ['read', 'describe', 'delete', ...CONFIGS],
  cluster: ['create', 'cluster-action', 'idempotent-write', 'alter', 'describe', ...CONFIGS],
  'transactional-id': ['describe', 'write', 'two-phase-commit'],
  'delegation-token': ['describe'],
  user: ['create-tokens', 'describe-tokens'],
}

export function isAllowed(
  bindings: readonly AclBinding[],
  question: AccessQuestion,
  settings: AuthorizerSettings,
): boolean {
  const onResource = bindings.filter((it) => it.resource === question.resource && matchesName(it, question.name))
  return decide(onResource, question, settings)
}

export function createAuthorizer(bindings: readonly AclBinding[], settings: AuthorizerSettings): Authorizer {
  const byPattern = new Map<string, AclBinding[]>()
  const lengths = new Map<AclResource, Set<number>>()
  for (const binding of bindings) {
    const { resource, pattern, name } = binding
    const key = patternKey(resource, pattern, name)
    const held = byPattern.get(key)
    if (held === undefined) byPattern.set(key, [binding])
    else held.push(binding)
    if (pattern === 'prefixed') lengths.set(resource, (lengths.get(resource) ?? new Set()).add(name.length))
  }
  const find = (resource: AclResource, name: string): AclBinding[] => {
    const keys = [...(lengths.get(resource) ?? [])]
      .filter((length) => length <= name.length)
      .map((length) => patternKey(resource, 'prefixed', name.slice(0, length)))
    keys.push(patternKey(resource, 'literal', name))
    if (isReachedByAny(name)) keys.push(patternKey(resource, 'literal', ANY))
    return keys.flatMap((key) => byPattern.get(key) ?? [])
  }
  return { isAllowed: (question) => decide(find(question.resource, question.name), question, settings) }
}

function patternKey(resource: AclResource, pattern: AclBinding['pattern'], name: string): string {
  return `${resource} ${pattern} ${name}`
}

function decide(
  onResource: readonly AclBinding[],
  { principal, operation, host }: AccessQuestion,
  { allowsWithoutAcl, superUsers }: AuthorizerSettings,
): boolean {
  if (superUsers?.has(principal) === true) return true
  if (onResource.length === 0) return allowsWithoutAcl
  const concerning = onResource.filter((it) => isOf(it, principal) && (it.host === ANY || it.host === host))
  if (concerning.some((it) => it.permission === 'deny' && denies(it, operation))) return false
  return concerning.some((it) => it.permission === 'allow' && allows(it, operation))
}

/** True where the entry is about the name, literally, by its beginning, or because it is about every name. */
export function matchesName({ pattern, name: own }: Pick<AclBinding, 'pattern' | 'name'>, name: string): boolean {
  if (pattern === 'prefixed') return name.startsWith(own)
  return own === name || (own === ANY && isReachedByAny(name))
}

/** Kafka takes a literal `*` for no more than a beginning of names that begin so themselves, as those of groups may. */
function isReachedByAny(name: string): boolean {
  return !name.startsWith(ANY)
}

/** True where an ALLOW of this entry would let somebody do the operation. */
export function allows({ operation: own }: Pick<AclBinding, 'operation'>, operation: AclOperation): boolean {
  return own === 'all' || own === operation || (IMPLIED[operation]?.includes(own) ?? false)
}

export function denies({ operation: own }: Pick<AclBinding, 'operation'>, operation: AclOperation): boolean {
  return own === 'all' || own === operation
}

function isOf({ principal: own }: AclBinding, principal: string): boolean {
  return own === principal || own === EVERYONE
}
