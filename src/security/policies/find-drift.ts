import type { AclBinding, ScramMechanism } from '../../kafka/index.ts'
import type { ExpandedPolicy } from './expand-policy.ts'
import { bindingKey } from '../fences/fence-record.ts'
import type { LeftUser, QuotaChange } from './plan-accounts.ts'
import type { PolicyPlan } from './plan-policy.ts'

/** How a region differs from a policy: pure, from a plan of it. */
export interface PolicyDrift {
  readonly missing: readonly AclBinding[]
  /** Put up for this owner and no longer declared. */
  readonly extraOwned: readonly AclBinding[]
  /** Put up by others for principals of the policy. */
  readonly extraForeign: readonly AclBinding[]
  /** Declared for the same right, but from another address, or allowed where it is to be denied. */
  readonly changed: readonly { readonly declared: AclBinding; readonly found: AclBinding }[]
  /** That are not there, or not as declared. */
  readonly users: readonly DriftedUser[]
  /** That are not there, or another amount. */
  readonly quotas: readonly QuotaChange[]
}

export interface DriftedUser {
  readonly user: string
  readonly mechanism: ScramMechanism
  readonly why: LeftUser['why'] | 'missing'
  readonly reason: string
}

/** All that differs. */
export function countDrift({ missing, extraOwned, extraForeign, changed, users, quotas }: PolicyDrift): number {
  return [missing, extraOwned, extraForeign, changed, users, quotas].reduce((sum, { length }) => sum + length, 0)
}

export function findDrift(
  { bindings }: Pick<ExpandedPolicy, 'bindings'>,
  { additions, removals, left, foreign, accounts }: PolicyPlan,
): PolicyDrift {
  const principals = new Set(bindings.map(({ principal }) => principal))
  const near = foreign.filter(({ principal }) => principals.has(principal))
  const found = new Map(near.map((binding) => [rightKey(binding), binding]))
  const changed = additions.flatMap((declared) => {
    const other = found.get(rightKey(declared))
    return other === undefined ? [] : [{ declared, found: other }]
  })
  const isChanged = new Set(changed.flatMap(({ declared, found }) => [declared, found]))
  return {
    missing: additions.filter((binding) => !isChanged.has(binding)),
    extraOwned: [...removals, ...left.flatMap(({ binding, why }) => (why === 'removal-off' ? [binding] : []))],
    extraForeign: near.filter((binding) => !isChanged.has(binding)),
    changed,
    users: [
      ...accounts.users.map(({ user, mechanism }) => {
        return { user, mechanism, why: 'missing', reason: 'it is not there' } as const
      }),
      ...accounts.usersLeft,
    ],
    quotas: accounts.quotas,
  }
}

function rightKey(binding: AclBinding): string {
  return bindingKey({ ...binding, host: '*', permission: 'allow' })
}
