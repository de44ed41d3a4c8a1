import type { AclBinding, AclOperation, AclResource, ClientQuota, ScramUser } from '../../kafka/index.ts'

/**
 * Rights that applications have in one region and not in another: pure. An entry counts as there when a wider one is.
 * DENYs that look like those of a fence are left aside: each region has its own.
 */
export interface RegionRights {
  /** Undefined where the region has no authorizer: everybody may do everything. */
  readonly bindings: readonly AclBinding[] | undefined
}

export interface RightsScope {
  /** Of the source. */
  readonly topics: readonly string[]
  readonly isTopic: (name: string) => boolean
  readonly isGroup: (name: string) => boolean
  /** Whose rights are not those of an application. */
  readonly ownPrincipal: string | undefined
}

const EVERYONE = 'User:*'
const ANY_NAME = '*'
/** What the fences of Isthmus deny. */
const FENCED: Readonly<Partial<Record<AclResource, readonly AclOperation[]>>> = {
  topic: ['write', 'delete', 'alter'],
  group: ['read'],
}
/** What a right brings along. */
const IMPLIED: Readonly<Partial<Record<AclOperation, readonly AclOperation[]>>> = {
  describe: ['read', 'write', 'delete', 'alter'],
  'describe-configs': ['alter-configs'],
}

export function findMissingRights(source: RegionRights, target: RegionRights, scope: RightsScope): string[] {
  if (target.bindings === undefined) return []
  if (source.bindings === undefined) {
    return ['ACLs: only the target has an authorizer, so that nothing tells what applications need there']
  }
  const there = target.bindings
  return selectEntries(source.bindings, scope)
    .filter((wanted) => !there.some((has) => covers(has, wanted)))
    .map(describeBinding)
}

/** Those about the topics, and what else holds of their users. */
function selectEntries(bindings: readonly AclBinding[], scope: RightsScope): AclBinding[] {
  const own = bindings.filter((it) => it.principal !== scope.ownPrincipal && !isLikeFence(it))
  const onTopics = own.filter((it) => it.resource === 'topic' && reachesTopic(it, scope))
  const principals = new Set(onTopics.map(({ principal }) => principal))
  const others = own.filter((it) => {
    if (!principals.has(it.principal)) return false
    if (it.resource === 'group') return it.pattern === 'prefixed' || it.name === ANY_NAME || scope.isGroup(it.name)
    return it.resource === 'transactional-id' || it.resource === 'cluster'
  })
  return [...onTopics, ...others]
}

function isLikeFence({ permission, resource, operation }: AclBinding): boolean {
  return permission === 'deny' && (FENCED[resource]?.includes(operation) ?? false)
}

function reachesTopic({ name, pattern }: AclBinding, { topics, isTopic }: RightsScope): boolean {
  if (pattern === 'prefixed') return topics.some((topic) => topic.startsWith(name))
  return name === ANY_NAME || isTopic(name)
}

function covers(has: AclBinding, wanted: AclBinding): boolean {
  return (
    has.resource === wanted.resource &&
    has.permission === wanted.permission &&
    (has.principal === wanted.principal || has.principal === EVERYONE) &&
    (has.host === wanted.host || has.host === ANY_NAME) &&
    coversOperation(has, wanted) &&
    coversName(has, wanted)
  )
}

/** A DENY of one operation denies no other. */
function coversOperation({ operation: has, permission }: AclBinding, { operation: wanted }: AclBinding): boolean {
  return has === wanted || has === 'all' || (permission === 'allow' && (IMPLIED[wanted]?.includes(has) ?? false))
}

function coversName(has: AclBinding, wanted: AclBinding): boolean {
  if (has.pattern === 'literal') {
    return has.name === ANY_NAME || (wanted.pattern === 'literal' && has.name === wanted.name)
  }
  return wanted.name.startsWith(has.name) && !(wanted.pattern === 'literal' && wanted.name === ANY_NAME)
}

function describeBinding(binding: AclBinding): string {
  const { principal, operation, resource, name, pattern, host, permission } = binding
  const from = host === ANY_NAME ? '' : ` from ${host}`
  return `${permission === 'deny' ? 'DENY ' : ''}${principal} ${operation.toUpperCase()} ${resource} ${name}${pattern === 'prefixed' ? '*' : ''}${from}`
}

export function findMissingUsers(source: readonly ScramUser[], target: readonly ScramUser[]): string[] {
  const there = new Map(target.map(({ user, credentials }) => [user, credentials]))
  return source.flatMap(({ user, credentials }) => {
    const missing = credentials.filter((one) => !there.get(user)?.some(({ mechanism }) => mechanism === one.mechanism))
    return missing.map(({ mechanism }) => `${mechanism} user ${user}`)
  })
}

/** Also those that are another amount. */
export function findMissingQuotas(source: readonly ClientQuota[], target: readonly ClientQuota[]): string[] {
  const there = new Map(target.map((quota) => [describeEntity(quota), quota.values]))
  return source.flatMap((quota) => {
    const entity = describeEntity(quota)
    return quota.values
      .filter(({ key, value }) => !there.get(entity)?.some((it) => it.key === key && it.value === value))
      .map(({ key, value }) => `quota ${key}=${value} of ${entity}`)
  })
}

function describeEntity({ entity }: ClientQuota): string {
  return entity
    .map(({ type, name }) => `${type} ${name ?? '<default>'}`)
    .sort()
    .join(', ')
}
