import type { AclBinding, AclOperation, ClientQuota, ScramUser } from '../../kafka/index.ts'

/**
 * What applications may do in one region and not in another: pure. Only what ALLOWs grant is compared, since fences are
 * DENYs of Isthmus itself; and a grant counts as there when a wider one is.
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
/** What an operation brings along: see `AclAuthorizer` and KIP-133. */
const IMPLIED: Readonly<Partial<Record<AclOperation, readonly AclOperation[]>>> = {
  describe: ['read', 'write', 'delete', 'alter'],
  'describe-configs': ['alter-configs'],
}

export function findMissingAllows(source: RegionRights, target: RegionRights, scope: RightsScope): string[] {
  if (target.bindings === undefined) return []
  if (source.bindings === undefined) {
    return ['ACLs: only the target has an authorizer, so that nothing tells what applications need there']
  }
  const there = target.bindings.filter(({ permission }) => permission === 'allow')
  return selectAllows(source.bindings, scope)
    .filter((wanted) => !there.some((has) => covers(has, wanted)))
    .map(describeBinding)
}

/** The grants that users of the group's topics live on. */
function selectAllows(bindings: readonly AclBinding[], scope: RightsScope): AclBinding[] {
  const allows = bindings.filter(({ permission, principal }) => {
    return permission === 'allow' && principal !== scope.ownPrincipal
  })
  const onTopics = allows.filter((it) => it.resource === 'topic' && reachesTopic(it, scope))
  const principals = new Set(onTopics.map(({ principal }) => principal))
  const others = allows.filter((it) => {
    if (!principals.has(it.principal)) return false
    if (it.resource === 'group') return it.pattern === 'prefixed' || it.name === ANY_NAME || scope.isGroup(it.name)
    return it.resource === 'transactional-id' || it.resource === 'cluster'
  })
  return [...onTopics, ...others]
}

function reachesTopic({ name, pattern }: AclBinding, { topics, isTopic }: RightsScope): boolean {
  if (pattern === 'prefixed') return topics.some((topic) => topic.startsWith(name))
  return name === ANY_NAME || isTopic(name)
}

function covers(has: AclBinding, wanted: AclBinding): boolean {
  return (
    has.resource === wanted.resource &&
    (has.principal === wanted.principal || has.principal === EVERYONE) &&
    (has.host === wanted.host || has.host === ANY_NAME) &&
    coversOperation(has.operation, wanted.operation) &&
    coversName(has, wanted)
  )
}

function coversOperation(has: AclOperation, wanted: AclOperation): boolean {
  return has === wanted || has === 'all' || (IMPLIED[wanted]?.includes(has) ?? false)
}

function coversName(has: AclBinding, wanted: AclBinding): boolean {
  if (has.pattern === 'literal') {
    return has.name === ANY_NAME || (wanted.pattern === 'literal' && has.name === wanted.name)
  }
  return wanted.name.startsWith(has.name) && !(wanted.pattern === 'literal' && wanted.name === ANY_NAME)
}

function describeBinding({ principal, operation, resource, name, pattern, host }: AclBinding): string {
  const from = host === ANY_NAME ? '' : ` from ${host}`
  return `${principal} ${operation.toUpperCase()} ${resource} ${name}${pattern === 'prefixed' ? '*' : ''}${from}`
}

export function findMissingUsers(source: readonly ScramUser[], target: readonly ScramUser[]): string[] {
  const there = new Map(target.map(({ user, mechanisms }) => [user, mechanisms]))
  return source.flatMap(({ user, mechanisms }) => {
    const missing = mechanisms.filter((mechanism) => !there.get(user)?.includes(mechanism))
    return missing.map((mechanism) => `${mechanism} user ${user}`)
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
