import type { AclBinding } from '../../kafka/index.ts'
import { bindingKey } from '../fences/fence-record.ts'
import { type ExpandedPolicy, followerOf } from './expand-policy.ts'
import { countAccountChanges } from './plan-accounts.ts'
import type { PolicyPlan, RemovalRule } from './plan-policy.ts'
import type { SecurityPolicy } from './policy-schema.ts'

/**
 * What is put right about a region unasked: pure. `enforce` puts up everything that is missing, users and quotas too.
 * Without it only entries of globs come up as their topics do, and only where somebody has applied the policy: they have agreed to the glob.
 */
export interface Correction {
  readonly why: 'enforced' | 'kept-up'
  /** What is to be planned and applied. */
  readonly desired: ExpandedPolicy
  readonly removal: RemovalRule
}

/** `plan`: with removal off. Undefined where nothing is to be done. */
export function decideCorrection(
  { enforce = false, enforceRemovals = false }: Pick<SecurityPolicy, 'enforce' | 'enforceRemovals'>,
  desired: ExpandedPolicy,
  { additions, left, isApplied, accounts }: Pick<PolicyPlan, 'additions' | 'left' | 'isApplied' | 'accounts'>,
): Correction | undefined {
  if (enforce) {
    const isExtra = enforceRemovals && left.some(({ why }) => why === 'removal-off')
    if (additions.length + countAccountChanges(accounts) === 0 && !isExtra) return undefined
    return { why: 'enforced', desired, removal: isExtra ? { kind: 'on', max: undefined } : { kind: 'off' } }
  }
  const follows = followerOf(desired)
  if (!isApplied || !additions.some(follows)) return undefined
  const others = new Set(additions.filter((binding) => !follows(binding)).map(bindingKey))
  const bindings = desired.bindings.filter((binding: AclBinding) => !others.has(bindingKey(binding)))
  const followed = { bindings, followed: desired.followed }
  return { why: 'kept-up', desired: followed, removal: { kind: 'off' } }
}
