import {
  type AppliedPolicy,
  countAccountChanges,
  countDrift,
  type PolicyDrift,
  type PolicyPlan,
  type ProbeRound,
  type RemovalRule,
} from '../security/index.ts'
import type {
  PolicyDriftBody,
  PolicyPlanBody,
  QuotaBody,
  SecurityApplyBody,
  SecurityDriftBody,
  SecurityPlanBody,
  SecurityPlanRequest,
  SecurityProbeBody,
  SecurityRightsBody,
} from './contract/index.ts'
import type { DriftLook, PlannedPolicies, RegionRights } from './ports.ts'

/** From what the policies say to the bodies of the API. Pure. */
export function removalOf({ remove = false, maxRemovals: max }: SecurityPlanRequest): RemovalRule {
  return remove ? { kind: 'on', max } : { kind: 'off' }
}

export function viewPlans(
  { remove = false, maxRemovals = null }: { readonly remove?: boolean; readonly maxRemovals?: number | null },
  { plans, troubles }: PlannedPolicies,
): SecurityPlanBody {
  return { remove, maxRemovals, plans: plans.map(viewPlan), troubles: [...troubles] }
}

function viewPlan(given: PolicyPlan): PolicyPlanBody {
  const { additions, removals, left, foreign, lints, obstacles, accounts, isApplied: applied, ...plan } = given
  return {
    ...plan,
    applied,
    additions: [...additions],
    removals: [...removals],
    left: left.map(({ binding: entry, why, reason }) => ({ entry, why, reason })),
    foreign: [...foreign],
    lints: lints.map(({ binding: entry, ...lint }) => ({ ...lint, entry })),
    users: accounts.users.map((one) => ({ ...one })),
    usersLeft: accounts.usersLeft.map((one) => ({ ...one })),
    quotas: accounts.quotas.map(viewQuota),
    obstacles: obstacles.map((one) => ({ ...one })),
  }
}

function viewQuota({ entity, ...quota }: PolicyDrift['quotas'][number]): QuotaBody {
  return { ...quota, entity: entity.map((part) => ({ ...part })) }
}

export function viewApplied(
  { owner, region }: Pick<SecurityApplyBody, 'owner' | 'region'>,
  { added, removed, users, quotas, isResumed, after }: AppliedPolicy,
): SecurityApplyBody {
  const remaining = after.additions.length + after.removals.length + countAccountChanges(after.accounts)
  return { owner, region, added, removed, users, quotas, resumed: isResumed, remaining }
}

export function viewDrift({ drifts, troubles }: DriftLook): SecurityDriftBody {
  const entries = drifts.reduce((sum, drift) => sum + countDrift(drift), 0)
  return { drifts: drifts.map(viewDriftOf), entries, troubles: [...troubles] }
}

function viewDriftOf(drift: DriftLook['drifts'][number]) {
  const { missing, extraOwned, extraForeign, changed, users, quotas, ...place } = drift
  const pairs = changed.map((pair) => ({ ...pair }))
  const body: PolicyDriftBody = {
    ...place,
    missing: [...missing],
    extraOwned: [...extraOwned],
    extraForeign: [...extraForeign],
    changed: pairs,
    users: users.map((one) => ({ ...one })),
    quotas: quotas.map(viewQuota),
  }
  return body
}

export function viewRounds(rounds: readonly ProbeRound[]): SecurityProbeBody {
  return {
    rounds: rounds.map(({ region, atMs, isDeclared: declared, findings, listeners }) => ({
      region,
      at: new Date(atMs).toISOString(),
      declared,
      findings: findings.map((one) => ({ ...one })),
      listeners: listeners.map(({ broker, name: listener, host, port, speaks = null, tls, mechanisms = [] }) => ({
        broker: broker < 0 ? null : broker,
        listener,
        address: `${host}:${port}`,
        speaks,
        tlsVersion: tls?.version ?? null,
        certificateEnds: tls === undefined ? null : new Date(tls.endsMs).toISOString(),
        mechanisms: [...mechanisms],
      })),
    })),
  }
}

export function viewRights(role: string, regions: readonly RegionRights[]): SecurityRightsBody {
  return {
    role,
    regions: regions.map(({ region, bootstrap, principal, rights }) => ({
      region,
      bootstrap: [...bootstrap],
      principal: principal ?? null,
      rights: rights.map(({ binding: entry, why, isOptional: optional }) => ({ entry, for: why, optional })),
    })),
  }
}
