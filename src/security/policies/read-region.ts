import { describeError, isFault } from '../../core/index.ts'
import type { AclBinding } from '../../kafka/index.ts'
import { readDefault, readExemption } from '../fences/read-acls.ts'
import { callBounded, type RegionAccess } from '../fences/region-access.ts'
import { securityFaults } from '../faults.ts'
import { type AccountAccess, readQuotas, readUsers } from './apply-accounts.ts'
import type { AccessGuards } from './guard-access.ts'
import type { Existing } from './import-policy.ts'
import type { RegionSight } from './plan-policy.ts'
import type { PolicyRecords } from './policy-record.ts'
import type { SecurityPolicy } from './policy-schema.ts'

/** How the policies of one region are planned and applied. */
export interface PolicyAccess extends RegionAccess, AccountAccess {
  readonly records: PolicyRecords
  /** As the brokers name Isthmus; undefined where that is not known. */
  readonly principal: string | undefined
  /** `super.users`, where the operator has said who they are. */
  readonly superUsers: readonly string[] | undefined
}

/** Everything that a plan needs to know of a region. Throws where part of it cannot be had: half a sight is none. */
export async function readRegion(
  access: PolicyAccess,
  { baseline }: Pick<SecurityPolicy, 'baseline'>,
  signal: AbortSignal,
): Promise<{ readonly sight: RegionSight; readonly guards: AccessGuards }> {
  const { region, principal, superUsers = [] } = access
  const exemption = await readExemption(access, signal)
  if (exemption.kind === 'obstacle') {
    const { reason, remedy } = exemption.obstacle
    throw securityFaults.fault('POLICY_UNAVAILABLE', { region, reason, remedy })
  }
  const { isExempt } = exemption
  const bindings = await readBindings(access, signal)
  const records = await access.records.list(region, signal)
  const found = await readDefault(access, { bindings, isExempt }, signal)
  // A super user cannot try it, and brokers do not show the setting: what the policy says of it counts then.
  const stated = baseline?.allowEveryoneIfNoAcl === false ? 'no' : found
  const guards: AccessGuards = {
    ownPrincipal: principal,
    isExempt,
    superUsers,
    kept: (baseline?.superUsers ?? []).filter((it) => !superUsers.includes(it)),
    brokers: baseline?.brokers,
    allowsWithoutAcl: found === 'unknown' ? stated : found,
  }
  return { sight: { bindings, records }, guards }
}

/** What an import begins with. Users and quotas that cannot be read are told, and the entries of ACLs read all the same. */
export async function readExisting(
  access: PolicyAccess,
  signal: AbortSignal,
): Promise<Pick<Existing, 'bindings' | 'accounts'> & { readonly unread: readonly string[] }> {
  const unread: string[] = []
  const orNone = async <Item>(what: string, read: Promise<readonly Item[]>) => {
    try {
      return await read
    } catch (error) {
      if (signal.aborted || !isFault(error)) throw error
      unread.push(`${what}, which could not be read: ${describeError(error)}`)
      return []
    }
  }
  const [bindings, users, quotas] = await Promise.all([
    readBindings(access, signal),
    orNone('users', readUsers(access, signal)),
    orNone('quotas', readQuotas(access, signal)),
  ])
  return { bindings, accounts: { users, quotas }, unread }
}

export function readBindings(access: RegionAccess, signal: AbortSignal): Promise<readonly AclBinding[]> {
  return callBounded(access, 'DescribeAcls', signal, (signal) => access.cluster.describeAcls({}, signal))
}
