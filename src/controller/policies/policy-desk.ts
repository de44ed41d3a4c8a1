import type { DriftLook, PlannedPolicies, PolicyOrder, PolicyTrouble, PolicyWish } from '../../api/index.ts'
import type { PolicyConfig } from '../../config/index.ts'
import { describeError, isFault, type RegionName } from '../../core/index.ts'
import { failoverFaults } from '../../failover/index.ts'
import {
  accountsOf,
  type AppliedPolicy,
  applyPolicy,
  type ExpandedPolicy,
  expandPolicy,
  findDrift,
  type Imported,
  importPolicy,
  planForRegion,
  type PolicyAccess,
  type PolicyPlan,
  readExisting,
  type RemovalRule,
  securityFaults,
  type SecurityPolicy,
} from '../../security/index.ts'

export interface PolicyDeskOptions {
  readonly policies: readonly PolicyConfig[]
  readonly regions: ReadonlyMap<RegionName, PolicyAccess>
  /** Why this process must not change anything now; undefined where it may. */
  readonly hold: () => string | undefined
}

/** A policy in one of its regions. */
export interface PolicyPlace {
  readonly policy: SecurityPolicy
  readonly access: PolicyAccess
  readonly desired: ExpandedPolicy
}

export interface PlannedPlace extends PolicyPlace {
  readonly plan: PolicyPlan
}

/**
 * The policies of the configuration, in their regions: what planning, applying and the watch go through. Regions stand
 * side by side and each fails alone. In one region there is one change at a time; what is planned is read anew each time.
 */
export class PolicyDesk {
  readonly #options: PolicyDeskOptions
  readonly #turns = new Map<RegionName, Promise<unknown>>()

  constructor(options: PolicyDeskOptions) {
    this.#options = options
  }

  /** Faults: `POLICY_UNKNOWN`, `POLICY_REGION_UNKNOWN`; of single regions, as troubles. */
  async plan({ removal, ...which }: PolicyWish, signal: AbortSignal): Promise<PlannedPolicies> {
    const { planned, troubles } = await this.look({ ...which, removal }, signal)
    return { plans: planned.map(({ plan }) => plan), troubles }
  }

  async drift(which: Omit<PolicyWish, 'removal'>, signal: AbortSignal): Promise<DriftLook> {
    const { planned, troubles } = await this.look({ ...which, removal: { kind: 'off' } }, signal)
    const drifts = planned.map(({ desired, plan }) => {
      return { owner: plan.owner, region: plan.region, ...findDrift(desired, plan) }
    })
    return { drifts, troubles }
  }

  /** Faults: those of `applyPolicy`, `NOT_LEADING`, and as `plan`. */
  async apply({ owner, region, hash, removal }: PolicyOrder, signal: AbortSignal): Promise<AppliedPolicy> {
    const [config] = this.#select({ owner, region })
    const access = this.#accessOf(region)
    if (config === undefined || access === undefined) {
      throw securityFaults.fault('POLICY_UNKNOWN', { owner, known: this.#owners() })
    }
    const desired = await this.#expand(config, signal)
    return await this.change({ policy: config.policy, access, desired }, { hash, removal }, signal)
  }

  /** The same for a policy as it was expanded; in turn with other changes of the region. */
  async change(
    { policy, access, desired }: PolicyPlace,
    { hash, removal }: { readonly hash: string; readonly removal: RemovalRule },
    signal: AbortSignal,
  ): Promise<AppliedPolicy> {
    return await this.#inTurn(access.region, async () => {
      const reason = this.#options.hold()
      if (reason !== undefined) throw failoverFaults.fault('NOT_LEADING', { reason })
      signal.throwIfAborted()
      return await applyPolicy(access, { policy, desired, removal, hash }, signal)
    })
  }

  /** What applying would do to one place, read anew: not while a change is under way, which would be seen half done. */
  async replan(
    { policy, access, desired }: PolicyPlace,
    removal: RemovalRule,
    signal: AbortSignal,
  ): Promise<PolicyPlan> {
    return await this.#inTurn(access.region, () => planForRegion(access, { policy, desired, removal }, signal))
  }

  /** Every policy that was asked for, in each of its regions that answers. */
  async look(
    { owner, region, removal }: PolicyWish,
    signal: AbortSignal,
  ): Promise<{ readonly planned: readonly PlannedPlace[]; readonly troubles: readonly PolicyTrouble[] }> {
    const looks = this.#select({ owner, region }).map(async (config) => {
      const { policy, regions } = config
      const desired = await this.#expand(config, signal)
      const meant = regions.filter((name) => region === undefined || name === region)
      return await Promise.all(meant.map((name) => this.#planOne(policy, { name, desired, removal }, signal)))
    })
    const found = (await Promise.all(looks)).flat()
    return {
      planned: found.flatMap((one) => ('plan' in one ? [one] : [])),
      troubles: found.flatMap((one) => ('plan' in one ? [] : [one])),
    }
  }

  /** A policy that asks for what stands in a region. Fault: `POLICY_REGION_UNKNOWN`. */
  async import(
    { region, owner, group }: { readonly region: string; readonly owner: string; readonly group?: string | undefined },
    signal: AbortSignal,
  ): Promise<Imported> {
    const access = this.#accessOf(region)
    if (access === undefined) {
      const known = [...this.#options.regions.keys()].join(', ')
      throw securityFaults.fault('POLICY_REGION_UNKNOWN', { region, known })
    }
    const applies = group === undefined ? { regions: [region] } : { failoverGroup: group }
    const { unread, ...existing } = await readExisting(access, signal)
    const { policy, leftOut } = importPolicy({ owner, applies, ...existing })
    return { policy, leftOut: [...unread, ...leftOut] }
  }

  async #planOne(
    policy: SecurityPolicy,
    {
      name,
      desired,
      removal,
    }: { readonly name: RegionName } & Pick<PlannedPlace, 'desired'> & Pick<PolicyWish, 'removal'>,
    signal: AbortSignal,
  ): Promise<PlannedPlace | PolicyTrouble> {
    const access = this.#accessOf(name)
    try {
      if (access === undefined) throw new TypeError(`the configuration has no region ${name}`)
      const plan = await this.replan({ policy, access, desired }, removal, signal)
      return { policy, access, desired, plan }
    } catch (error) {
      if (signal.aborted || !isFault(error)) throw error
      return { owner: policy.owner, region: name, reason: describeError(error), remedy: error.remedy }
    }
  }

  /** What a list of topics lacks because a region did not answer, stays as it is: see `expandPolicy`. */
  async #expand({ policy, regions, passwords }: PolicyConfig, signal: AbortSignal): Promise<ExpandedPolicy> {
    const accounts = accountsOf(policy, passwords)
    const alone = { ...expandPolicy(policy, []), accounts }
    if (alone.followed.length === 0) return alone
    const lists = await Promise.allSettled(
      regions.map(async (name) => await this.#accessOf(name)?.cluster.metadata('all', signal)),
    )
    signal.throwIfAborted()
    const topics = lists.flatMap((list) => (list.status === 'fulfilled' ? (list.value?.topics ?? []) : []))
    return { ...expandPolicy(policy, [...new Set(topics.map(({ name }) => name))]), accounts }
  }

  #select({ owner, region }: Pick<PolicyWish, 'owner' | 'region'>): readonly PolicyConfig[] {
    const { policies } = this.#options
    const ofOwner = policies.filter(({ policy }) => owner === undefined || policy.owner === owner)
    if (owner !== undefined && ofOwner.length === 0) {
      throw securityFaults.fault('POLICY_UNKNOWN', { owner, known: this.#owners() })
    }
    const there = ofOwner.filter(({ regions }) => region === undefined || regions.some((name) => name === region))
    if (region !== undefined && there.length === 0) {
      const known = [...new Set(ofOwner.flatMap(({ regions }) => regions))].join(', ') || 'none: there is no policy'
      throw securityFaults.fault('POLICY_REGION_UNKNOWN', { region, known })
    }
    return there
  }

  #owners(): string {
    return this.#options.policies.map(({ policy }) => policy.owner).join(', ') || 'none: there is no policy'
  }

  #accessOf(region: string): PolicyAccess | undefined {
    return this.#options.regions.get(region as RegionName)
  }

  async #inTurn<Result>(region: RegionName, step: () => Promise<Result>): Promise<Result> {
    const before = this.#turns.get(region) ?? Promise.resolve()
    const own = before.then(step)
    const settled = own.catch(() => undefined)
    this.#turns.set(region, settled)
    return await own
  }
}
