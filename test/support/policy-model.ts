import * as fc from 'fast-check'
import { type RegionName, regionName } from '../../src/core/index.ts'
import type { AclBinding } from '../../src/kafka/index.ts'
import { isAllowed, matchesName, OPERATIONS_OF } from '../../src/security/authorizer-model.ts'
import { bindingKey } from '../../src/security/fences/fence-record.ts'
import { expandPolicy } from '../../src/security/policies/expand-policy.ts'
import type { AccessGuards } from '../../src/security/policies/guard-access.ts'
import { isOverlay } from '../../src/security/policies/overlay.ts'
import { planPolicy, type PolicyPlan, type RemovalRule, stagesOf } from '../../src/security/policies/plan-policy.ts'
import { claimedBy, digestOf, type PolicyRecord } from '../../src/security/policies/policy-record.ts'
import type { SecurityPolicy } from '../../src/security/policies/policy-schema.ts'
import {
  APPS,
  BROKER,
  entries,
  fences,
  HOSTS,
  KEPT,
  NAMES_OF,
  OWN,
  policies,
  SUPER,
  TOPICS,
} from './policy-arbitraries.ts'

/**
 * A region as a set of entries, in which one owner plans and applies policies one after the other, while fences come and
 * go and another tool does as it likes. What must hold is judged by trying every right there may be, one by one.
 */
export interface PolicyCase {
  readonly foreign: readonly AclBinding[]
  readonly otherOwner: readonly AclBinding[]
  readonly guards: AccessGuards
  readonly steps: readonly PolicyStep[]
}

export interface PolicyStep {
  readonly policy: Pick<SecurityPolicy, 'roles' | 'acls'>
  readonly removal: RemovalRule
  readonly fence: readonly AclBinding[]
  readonly topics: readonly string[]
  /** What another tool puts up right before. */
  readonly tool: readonly AclBinding[]
}

const pools = { hosts: HOSTS }

/** What Isthmus, those who are to be kept and brokers start with, so that there is something to lose. */
const STANDING: readonly AclBinding[] = [OWN, KEPT, BROKER].flatMap((principal): AclBinding[] => [
  {
    resource: 'cluster',
    name: 'kafka-cluster',
    pattern: 'literal',
    principal,
    host: '*',
    operation: 'cluster-action',
    permission: 'allow',
  },
  { resource: 'topic', name: '*', pattern: 'literal', principal, host: '*', operation: 'all', permission: 'allow' },
])

export const policyCases: fc.Arbitrary<PolicyCase> = fc.record({
  foreign: fc
    .tuple(fc.array(entries(pools), { maxLength: 5 }), fc.subarray([...STANDING]))
    .map(([random, standing]) => [...random, ...standing]),
  otherOwner: fc.array(entries(pools), { maxLength: 2 }),
  guards: fc.record({
    ownPrincipal: fc.constant(OWN),
    isExempt: fc.boolean(),
    superUsers: fc.constant([SUPER]),
    kept: fc.constantFrom([], [KEPT]),
    brokers: fc.constantFrom(undefined, [BROKER]),
    allowsWithoutAcl: fc.constantFrom('no' as const, 'no' as const, 'no' as const, 'yes' as const, 'unknown' as const),
  }),
  steps: fc.array(
    fc.record({
      policy: policies(pools),
      removal: fc.constantFrom<RemovalRule>(
        { kind: 'off' },
        { kind: 'on', max: undefined },
        { kind: 'on', max: 100 },
        { kind: 'on', max: 100 },
      ),
      fence: fences,
      topics: fc.subarray([...TOPICS]),
      tool: fc.array(entries(pools), { maxLength: 2 }),
    }),
    { minLength: 2, maxLength: 3 },
  ),
})

export interface CaseVerdict {
  plans: number
  applied: number
  refused: number
  additions: number
  removals: number
  /** Second plans that were not empty. */
  unsettled: number
  foreignTouched: number
  lockedOut: number
  /** Refused because somebody would be locked out, which nobody would have been. */
  needless: number
}

export const NO_VERDICT: CaseVerdict = {
  plans: 0,
  applied: 0,
  refused: 0,
  additions: 0,
  removals: 0,
  unsettled: 0,
  foreignTouched: 0,
  lockedOut: 0,
  needless: 0,
}

/** Whoever may do CLUSTER_ACTION counts as a broker, where nobody says who they are. */
const ANYBODY: readonly string[] = [BROKER, KEPT, OWN, ...APPS, 'User:somebody']
const REGION: RegionName = regionName('eu')
const OWNER = 'orders'

export function runCase(it: PolicyCase): CaseVerdict {
  const verdict = { ...NO_VERDICT }
  let standing = unique([...it.foreign, ...it.otherOwner])
  let own = recordOf(OWNER, [])
  // The other one has put up, at some time, part of what this owner is going to.
  const [first] = it.steps
  const shared = first === undefined ? [] : expandPolicy(first.policy, first.topics).bindings
  const other = recordOf('other', [...it.otherOwner, ...shared.filter((_, at) => at % 3 === 0)])
  /** What this owner has put up where nothing stood. */
  const mine = new Set<string>()
  for (const step of it.steps) {
    standing = unique([...standing.filter((entry) => !isOverlay(entry)), ...step.tool, ...step.fence])
    const desired = expandPolicy(step.policy, step.topics)
    const ask = (bindings: readonly AclBinding[], record: PolicyRecord) => ({
      region: REGION,
      owner: OWNER,
      desired,
      sight: { bindings, records: [record, other] },
      removal: step.removal,
      guards: it.guards,
    })
    const plan = planPolicy(ask(standing, own))
    verdict.plans++
    verdict.foreignTouched += countTouched(plan, { mine, others: claimedBy(other), fence: step.fence })
    if (plan.obstacles.length > 0) {
      verdict.refused++
      verdict.needless += isNeedless(standing, plan, it.guards) ? 1 : 0
      continue
    }
    const before = standing
    const stood = new Set(before.map(bindingKey))
    for (const key of plan.additions.map(bindingKey)) if (!stood.has(key)) mine.add(key)
    for (const key of plan.removals.map(bindingKey)) mine.delete(key)
    for (const between of statesOf(standing, plan, it.guards)) {
      verdict.lockedOut += countLost(before, between, it.guards)
      standing = between
    }
    verdict.applied++
    verdict.additions += plan.additions.length
    verdict.removals += plan.removals.length
    const present = new Set(standing.map(digestOf))
    const claims = [...claimedBy(own), ...plan.additions.map(digestOf)].filter((digest) => present.has(digest))
    own = { ...own, claims: [...new Set(claims)] }
    const second = planPolicy(ask(standing, own))
    verdict.unsettled += second.additions.length + second.removals.length > 0 ? 1 : 0
  }
  return verdict
}

function recordOf(owner: string, bindings: readonly AclBinding[]): PolicyRecord {
  const claims = bindings.map(digestOf)
  return { format: 1, region: REGION, owner, claims, pending: null, mayLandLate: false, atMs: 0 }
}

/** What was put up by others, or by a fence, and would go or come. */
function countTouched(
  { additions, removals }: PolicyPlan,
  {
    mine,
    others,
    fence,
  }: {
    readonly mine: ReadonlySet<string>
    readonly others: ReadonlySet<string>
    readonly fence: readonly AclBinding[]
  },
): number {
  const fenced = new Set(fence.map(bindingKey))
  const isFenced = (entry: AclBinding) => fenced.has(bindingKey(entry))
  const isForeign = (entry: AclBinding) => !mine.has(bindingKey(entry)) || others.has(digestOf(entry))
  return removals.filter((entry) => isForeign(entry) || isFenced(entry)).length + additions.filter(isFenced).length
}

/** Judged where the setting is known: else the plan has to expect the worst. */
function isNeedless(standing: readonly AclBinding[], plan: PolicyPlan, guards: AccessGuards): boolean {
  if (guards.allowsWithoutAcl !== 'no' || plan.obstacles.some(({ code }) => code !== 'locks-out')) return false
  return [...statesOf(standing, plan, guards)].every((state) => countLost(standing, state, guards) === 0)
}

/** After each stage, and in the middle of each but the first, whose entries come into force at once. */
function* statesOf(standing: readonly AclBinding[], plan: PolicyPlan, guards: AccessGuards): Iterable<AclBinding[]> {
  let now = [...standing]
  for (const [at, { want, bindings }] of stagesOf(plan, guards).entries()) {
    const half = bindings.slice(0, Math.ceil(bindings.length / 2))
    for (const part of at === 0 ? [bindings] : [half, bindings]) {
      const keys = new Set(part.map(bindingKey))
      now = want === 'present' ? unique([...now, ...part]) : now.filter((entry) => !keys.has(bindingKey(entry)))
      yield now
    }
  }
}

/** Rights that somebody had before who has to keep them; with the setting at its worst where it is not known. */
function countLost(before: readonly AclBinding[], after: readonly AclBinding[], guards: AccessGuards): number {
  const { ownPrincipal, isExempt, kept, brokers = ANYBODY, allowsWithoutAcl } = guards
  const superUsers = new Set([...guards.superUsers, ...(isExempt ? [OWN] : [])])
  let lost = 0
  for (const allows of allowsWithoutAcl === 'unknown' ? [true, false] : [allowsWithoutAcl === 'yes']) {
    const settings = { allowsWithoutAcl: allows, superUsers }
    const tryAll = (principal: string, resource: keyof typeof NAMES_OF, only?: string) => {
      for (const name of NAMES_OF[resource]) {
        const [had, has] = [before, after].map((side) => reaching(side, resource, name)) as [AclBinding[], AclBinding[]]
        if (had.length === has.length && had.every((entry, at) => entry === has[at])) continue
        for (const operation of OPERATIONS_OF[resource].filter((it) => only === undefined || it === only)) {
          for (const host of [undefined, ...HOSTS]) {
            const question = { principal, resource, name, operation, ...(host !== undefined && { host }) }
            if (isAllowed(had, question, settings) && !isAllowed(has, question, settings)) lost++
          }
        }
      }
    }
    for (const principal of [ownPrincipal ?? OWN, ...kept]) {
      for (const resource of Object.keys(NAMES_OF) as (keyof typeof NAMES_OF)[]) tryAll(principal, resource)
    }
    for (const principal of brokers) tryAll(principal, 'cluster', 'cluster-action')
  }
  return lost
}

function reaching(bindings: readonly AclBinding[], resource: string, name: string): AclBinding[] {
  return bindings.filter((it) => it.resource === resource && !isOverlay(it) && matchesName(it, name))
}

function unique(bindings: readonly AclBinding[]): AclBinding[] {
  return [...new Map(bindings.map((binding) => [bindingKey(binding), binding])).values()]
}

export function addVerdict(sum: CaseVerdict, one: CaseVerdict): CaseVerdict {
  const total = { ...sum }
  for (const key of Object.keys(total) as (keyof CaseVerdict)[]) total[key] += one[key]
  return total
}
