import type { AclBinding } from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'
import { bindingKey } from '../fences/fence-record.ts'
import type { RegionAccess } from '../fences/region-access.ts'
import { settleAcls } from '../fences/settle-acls.ts'
import { type AccountAccess, applyAccounts, readAccounts } from './apply-accounts.ts'
import type { DesiredAccounts, DesiredUser } from './desired-accounts.ts'
import { type AccountPlan, planAccounts } from './plan-accounts.ts'
import { readBindings } from './read-region.ts'

/**
 * Users and entries that Isthmus itself needs before it can run, put up by an administrator. What always holds: it only
 * adds, a user that is there keeps its password, and nobody owns the entries afterwards, so that no policy takes them away.
 */
export interface GrantAccess extends RegionAccess, AccountAccess {}

export interface Grant {
  readonly users: readonly DesiredUser[]
  readonly bindings: readonly AclBinding[]
}

export interface GrantPlan {
  readonly accounts: AccountPlan
  /** Entries that are not there as they are meant. */
  readonly additions: readonly AclBinding[]
}

export async function planGrant(access: GrantAccess, grant: Grant, signal: AbortSignal): Promise<GrantPlan> {
  const desired = desiredOf(grant)
  const [bindings, sight] = await Promise.all([readBindings(access, signal), readAccounts(access, desired, signal)])
  const present = new Set(bindings.map(bindingKey))
  return {
    accounts: planAccounts(desired, sight),
    additions: grant.bindings.filter((binding) => !present.has(bindingKey(binding))),
  }
}

/** Until every broker has it in force. Faults: `GRANT_REFUSED`, `GRANT_UNSETTLED`, those of `Cluster`. */
export async function makeGrant(
  access: GrantAccess,
  { grant, plan }: { readonly grant: Grant; readonly plan: GrantPlan },
  signal: AbortSignal,
): Promise<void> {
  const { region } = access
  const made = await applyAccounts(access, { desired: desiredOf(grant), changes: plan.accounts }, signal)
  if (made.kind === 'unsettled') throw securityFaults.fault('GRANT_UNSETTLED', { region, reason: made.reason })
  const bindings = plan.additions
  if (bindings.length === 0) return
  const change = { group: 'Isthmus itself', want: 'present', bindings, seenWrong: bindings } as const
  const settled = await settleAcls(access, change, signal)
  if (settled.kind === 'refused') {
    const reason = settled.fault.message
    throw securityFaults.fault('GRANT_REFUSED', { region, reason }, settled.fault)
  }
  if (settled.kind === 'unsettled') throw securityFaults.fault('GRANT_UNSETTLED', { region, reason: settled.reason })
}

function desiredOf({ users }: Grant): DesiredAccounts {
  return { users, quotas: [] }
}
