import type { AclBinding } from '../../kafka/index.ts'
import type { ExpandedPolicy } from './expand-policy.ts'
import { bindingKey } from '../fences/fence-record.ts'
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
}

export function findDrift(
  { bindings }: Pick<ExpandedPolicy, 'bindings'>,
  { additions, removals, left, foreign }: PolicyPlan,
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
  }
}

function rightKey(binding: AclBinding): string {
  return bindingKey({ ...binding, host: '*', permission: 'allow' })
}
