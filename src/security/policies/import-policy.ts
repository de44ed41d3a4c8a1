import type { AclBinding } from '../../kafka/index.ts'
import { ANY } from '../authorizer-model.ts'
import { importAccounts } from './import-accounts.ts'
import { isOverlay } from './overlay.ts'
import type { AccountSight } from './plan-accounts.ts'
import type { PolicyAcl, SecurityPolicy } from './policy-schema.ts'

export interface Existing extends Pick<SecurityPolicy, 'owner' | 'applies'> {
  readonly bindings: readonly AclBinding[]
  readonly accounts: AccountSight
}

export interface Imported {
  readonly policy: SecurityPolicy
  /** What stands and no policy can say, a sentence each. */
  readonly leftOut: readonly string[]
}

/**
 * A policy that asks for exactly what exists, so that planning it changes nothing: pure. What roles can say becomes roles;
 * entries of fences are left out. What was there before stays foreign: an import gives no right to take it away.
 */
export function importPolicy({ owner, applies, bindings, accounts }: Existing): Imported {
  const unknown = bindings.filter((binding) => !isKnown(binding))
  const declared = bindings.filter((binding) => !isOverlay(binding) && isKnown(binding))
  const { principals, quotas, leftOut } = importAccounts(accounts)
  return {
    policy: {
      apiVersion: 'isthmus/v1',
      kind: 'SecurityPolicy',
      owner,
      applies,
      ...(principals.length > 0 && { principals }),
      ...(quotas.length > 0 && { quotas }),
      ...importEntries(declared),
    },
    leftOut: [
      ...leftOut,
      ...unknown.map(({ principal }) => `an entry of ${principal} of a kind that is not known here`),
    ],
  }
}

function importEntries(declared: readonly AclBinding[]): Required<Pick<SecurityPolicy, 'roles' | 'acls'>> {
  const principals = [...new Set(declared.map(({ principal }) => principal))].sort()
  const roles: NonNullable<SecurityPolicy['roles']> = []
  const acls: PolicyAcl[] = []
  for (const principal of principals) {
    const parts = partsOf(declared.filter((binding) => binding.principal === principal))
    const { writes, reads, groups, transactionalIds, idempotent, others } = parts
    if (writes.length > 0) {
      const [id, ...moreIds] = transactionalIds
      const transactional = id === undefined ? {} : { transactionalIdPrefix: id.name }
      const isIdempotent = idempotent.length > 0 ? { idempotent: true } : {}
      roles.push({ principal, produce: { topics: writes.map(patternOf), ...isIdempotent, ...transactional } })
      acls.push(...moreIds.map(policyAclOf))
    } else {
      acls.push(...[...transactionalIds, ...idempotent].map(policyAclOf))
    }
    if (reads.length > 0) {
      const ofGroups = groups.length === 0 ? {} : { groups: groups.map(patternOf) }
      roles.push({ principal, consume: { topics: reads.map(patternOf), ...ofGroups } })
    } else {
      acls.push(...groups.map(policyAclOf))
    }
    acls.push(...others.map(policyAclOf))
  }
  return { roles, acls }
}

/** As the escape hatch of a policy has it. */
export function policyAclOf({
  principal,
  operation,
  resource,
  name,
  pattern,
  host,
  permission,
}: AclBinding): PolicyAcl {
  return {
    principal,
    operation,
    resource: resource as PolicyAcl['resource'],
    ...(resource === 'cluster' ? {} : { name }),
    ...(pattern === 'prefixed' && { pattern }),
    ...(host !== ANY && { host }),
    ...(permission === 'deny' && { permission }),
  }
}

/** Of a kind that this version can name. */
function isKnown({ resource, operation }: AclBinding): boolean {
  return resource !== 'unknown' && operation !== 'unknown'
}

type Part = 'writes' | 'reads' | 'groups' | 'transactionalIds' | 'idempotent' | 'others'

function partsOf(bindings: readonly AclBinding[]): Readonly<Record<Part, readonly AclBinding[]>> {
  const parts: Record<Part, AclBinding[]> = {
    writes: [],
    reads: [],
    groups: [],
    transactionalIds: [],
    idempotent: [],
    others: [],
  }
  for (const binding of bindings) parts[partOf(binding)].push(binding)
  return parts
}

const PARTS: Readonly<Record<string, Part>> = {
  'write topic': 'writes',
  'read topic': 'reads',
  'read group': 'groups',
  'write transactional-id': 'transactionalIds',
  'idempotent-write cluster': 'idempotent',
}

function partOf(binding: AclBinding): Part {
  const { permission, host, resource, operation, pattern } = binding
  const part = PARTS[`${operation} ${resource}`]
  if (part === undefined || permission !== 'allow' || host !== ANY) return 'others'
  if (part === 'idempotent') return 'idempotent'
  const fits = part === 'transactionalIds' ? pattern === 'prefixed' : isSayable(binding)
  return fits ? part : 'others'
}

/** Whether a role can name it: groups may be called what looks like a glob. */
function isSayable({ name, pattern }: AclBinding): boolean {
  return !/[*?]/.test(name) || (name === ANY && pattern === 'literal')
}

function patternOf({ name, pattern }: AclBinding): string {
  return pattern === 'prefixed' ? `${name}*` : name
}
