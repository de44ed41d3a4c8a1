import { createHash } from 'node:crypto'
import { canonicalJson, type RegionName } from '../../core/index.ts'
import type { AclBinding } from '../../kafka/index.ts'
import { type ExpandedPolicy, followerOf } from './expand-policy.ts'
import { type AccessGuards, findLostRights, type LostRight } from './guard-access.ts'
import { type Lint, lintEntries } from './lint-entries.ts'
import { isOverlay } from './overlay.ts'
import { type AccountPlan, type AccountSight, digestOfChanges, digestOfDesired, planAccounts } from './plan-accounts.ts'
import { claimedBy, digestOf, type EntryDigest, type PolicyRecord } from './policy-record.ts'

/**
 * What applying a policy to a region would change: desired minus actual, pure. What always holds:
 * - only what was put up for this owner, and nobody else has a claim to, is ever taken away;
 * - fences do not exist for a plan;
 * - nobody who has to keep a right loses it, neither in the end nor on the way (see `stagesOf`);
 * - the same hash means the same change of the same entries.
 */
export interface PolicyQuestion {
  readonly region: RegionName
  readonly owner: string
  readonly desired: ExpandedPolicy
  readonly sight: RegionSight
  readonly removal: RemovalRule
  /** As the operator and the policy have them; see guard-access.ts. */
  readonly guards: AccessGuards
}

/** What was seen of a region. */
export interface RegionSight {
  /** Every entry. */
  readonly bindings: readonly AclBinding[]
  /** Of every owner. */
  readonly records: readonly PolicyRecord[]
  /** Undefined where the policy declares neither users nor quotas. */
  readonly accounts?: AccountSight | undefined
}

export type RemovalRule =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on'
      /** How many entries the operator has agreed to; undefined: 5, and a tenth of what stands for the owner. */
      readonly max: number | undefined
    }

export interface PolicyPlan {
  readonly region: RegionName
  readonly owner: string
  /** Of what was seen, and of what is to be done. */
  readonly hash: string
  readonly additions: readonly AclBinding[]
  readonly removals: readonly AclBinding[]
  /** Put up for this owner, no longer declared, and left standing. */
  readonly left: readonly LeftEntry[]
  /** Neither declared nor put up for anybody. */
  readonly foreign: readonly AclBinding[]
  /** Whether something is on record for this owner: a plan was applied here before. */
  readonly isApplied: boolean
  /** Declared entries that stand; those that were there before this owner included. */
  readonly standing: number
  readonly accounts: AccountPlan
  readonly lints: readonly Lint[]
  /** While there is one, nothing is applied. */
  readonly obstacles: readonly PolicyObstacle[]
}

export interface LeftEntry {
  readonly binding: AclBinding
  readonly why: 'claimed-by-another' | 'topic-away' | 'removal-off'
  readonly reason: string
}

export interface PolicyObstacle {
  readonly code: 'own-principal-unknown' | 'too-many-entries' | 'too-many-removals' | 'nothing-declared' | 'locks-out'
  readonly reason: string
  readonly remedy: string
}

const REMOVALS_MAX = 5
const REMOVAL_SHARE = 0.1
/** Their digests, twice, have to fit into one record of a topic with Kafka's default limits. */
const ENTRIES_MAX = 20_000

export function planPolicy(question: PolicyQuestion): PolicyPlan {
  const { region, owner, desired, sight, removal } = question
  const declared = desired.bindings.map(withDigest)
  const wanted = new Set(declared.map(({ digest }) => digest))
  const record = sight.records.find((it) => it.owner === owner)
  const claims = claimedBy(record)
  const others = claimsOfOthers(sight.records, owner)
  const seen = sight.bindings.filter((binding) => !isOverlay(binding)).map(withDigest)
  const present = new Set(seen.map(({ digest }) => digest))
  const additions = declared.filter(({ digest }) => !present.has(digest)).map(({ binding }) => binding)
  const owned = seen.filter(({ digest }) => claims.has(digest))
  const follows = followerOf(desired)
  const extra = owned
    .filter(({ digest }) => !wanted.has(digest))
    .map(({ binding, digest }) => ({
      binding,
      left: whyLeft(binding, { removal, follows, other: others.get(digest) }),
    }))
  const removals = extra.filter(({ left }) => left === undefined).map(({ binding }) => binding)
  const foreign = seen
    .filter(({ digest }) => !wanted.has(digest) && !claims.has(digest) && !others.has(digest))
    .map(({ binding }) => binding)
  const accounts = planAccounts(desired.accounts, sight.accounts)
  const hash = hashOf({ region, owner, wanted, present, claims, additions, removals, ...digestsOf(desired, accounts) })
  return {
    region,
    owner,
    hash,
    additions,
    removals,
    left: extra.flatMap(({ left }) => left ?? []),
    foreign,
    isApplied: record !== undefined,
    standing: desired.bindings.length - additions.length,
    accounts,
    lints: [...lintEntries(desired.bindings, 'policy'), ...lintEntries(foreign, 'region')],
    obstacles: findObstacles(question, { additions, removals, owned: owned.length }),
  }
}

/**
 * The order of a change: rights first, of those that must not lose one before all others, and what is taken away last.
 * Each stage has to be in force on every broker before the next begins.
 */
export function stagesOf(
  { additions, removals }: Pick<PolicyPlan, 'additions' | 'removals'>,
  { ownPrincipal, kept, brokers }: AccessGuards,
): readonly { readonly want: 'present' | 'absent'; readonly bindings: readonly AclBinding[] }[] {
  const guarded = new Set(['User:*', ownPrincipal, ...kept, ...(brokers ?? [])])
  const isFirst = ({ permission, principal }: AclBinding) => permission === 'allow' && guarded.has(principal)
  const stages = [
    { want: 'present', bindings: additions.filter(isFirst) },
    { want: 'present', bindings: additions.filter((binding) => !isFirst(binding)) },
    { want: 'absent', bindings: removals },
  ] as const
  return stages.filter(({ bindings }) => bindings.length > 0)
}

/** The plan that a change under way was begun with, from what it has left so far: its hash, if nothing else has changed. */
export function hashOfPending(
  { region, owner, desired, sight }: Pick<PolicyQuestion, 'region' | 'owner' | 'desired' | 'sight'>,
  record: PolicyRecord,
): string | undefined {
  const { pending, claims } = record
  if (pending === null) return undefined
  const present = new Set(sight.bindings.filter((binding) => !isOverlay(binding)).map(digestOf))
  for (const digest of pending.additions) present.delete(digest)
  for (const digest of pending.removals) present.add(digest)
  const wanted = new Set(desired.bindings.map(digestOf))
  const { accounts: accountChanges = '' } = pending
  const declared = digestOfDesired(desired.accounts)
  return hashDigests({ region, owner, wanted, present, claims, ...pending, accountChanges, declaredAccounts: declared })
}

function digestsOf({ accounts }: ExpandedPolicy, changes: AccountPlan) {
  return { declaredAccounts: digestOfDesired(accounts), accountChanges: digestOfChanges(changes) }
}

function withDigest(binding: AclBinding): { readonly binding: AclBinding; readonly digest: EntryDigest } {
  return { binding, digest: digestOf(binding) }
}

function claimsOfOthers(records: readonly PolicyRecord[], owner: string): ReadonlyMap<EntryDigest, string> {
  const others = records.filter((record) => record.owner !== owner)
  return new Map(others.flatMap((record) => [...claimedBy(record)].map((digest) => [digest, record.owner])))
}

function whyLeft(
  binding: AclBinding,
  {
    removal,
    follows,
    other,
  }: {
    readonly removal: RemovalRule
    readonly follows: (it: AclBinding) => boolean
    readonly other: string | undefined
  },
): LeftEntry | undefined {
  if (other !== undefined) return { binding, why: 'claimed-by-another', reason: `it was put up for ${other} too` }
  if (follows(binding)) {
    return { binding, why: 'topic-away', reason: 'a glob of the policy means its topic, which is not there now' }
  }
  return removal.kind === 'off' ? { binding, why: 'removal-off', reason: 'removal is off' } : undefined
}

interface HashedChange {
  readonly region: RegionName
  readonly owner: string
  readonly wanted: Iterable<EntryDigest>
  readonly present: Iterable<EntryDigest>
  readonly claims: Iterable<EntryDigest>
  /** See plan-accounts.ts. */
  readonly declaredAccounts: string
  readonly accountChanges: string
}

function hashOf({ additions, removals, ...change }: HashedChange & Pick<PolicyPlan, 'additions' | 'removals'>): string {
  return hashDigests({ ...change, additions: additions.map(digestOf), removals: removals.map(digestOf) })
}

function hashDigests({
  region,
  owner,
  declaredAccounts,
  accountChanges,
  ...sets
}: HashedChange & { readonly additions: Iterable<EntryDigest>; readonly removals: Iterable<EntryDigest> }): string {
  const { wanted, present, claims, additions, removals } = sets
  const sorted = [wanted, present, claims, additions, removals].map((digests) => [...digests].sort())
  return createHash('sha256')
    .update(canonicalJson(['policy', 2, region, owner, ...sorted, declaredAccounts, accountChanges]))
    .digest('hex')
}

function findObstacles(
  { desired, sight, removal, guards }: PolicyQuestion,
  { additions, removals, owned }: Pick<PolicyPlan, 'additions' | 'removals'> & { readonly owned: number },
): PolicyObstacle[] {
  const obstacles: PolicyObstacle[] = []
  if (guards.ownPrincipal === undefined && !guards.isExempt) {
    obstacles.push({
      code: 'own-principal-unknown',
      reason: 'Isthmus is no super user here, and what the brokers call it is not known',
      remedy: 'Name it in fence.principal of the region, so that no change can lock it out.',
    })
  }
  if (desired.bindings.length > ENTRIES_MAX) {
    obstacles.push({
      code: 'too-many-entries',
      reason: `the policy comes to ${desired.bindings.length} entries, and ${ENTRIES_MAX} is the most for one owner`,
      remedy: 'Name topics by how they begin, or give part of the policy an owner of its own.',
    })
  }
  if (removals.length > 0 && desired.bindings.length === 0) {
    obstacles.push({
      code: 'nothing-declared',
      reason: `the policy declares no right, and all ${removals.length} that stand for it would go`,
      remedy: 'Declare what is to stay. Isthmus never takes away everything.',
    })
  }
  const limit = limitOf(removal, owned)
  if (removals.length > limit) {
    obstacles.push({
      code: 'too-many-removals',
      reason: `${removals.length} of ${owned} entries would go, and ${limit} may`,
      remedy: `Look at each of them, then agree to the number: --max-removals ${removals.length}.`,
    })
  }
  const before = sight.bindings
  const between = [...before, ...additions]
  const going = new Set(removals)
  const sides = removals.length === 0 ? [between] : [between, between.filter((binding) => !going.has(binding))]
  const lost = sides.map((after) => findLostRights({ before, after }, guards)).find(({ length }) => length > 0)
  if (lost !== undefined) obstacles.push(lockOut(lost))
  return obstacles
}

function limitOf(removal: RemovalRule, owned: number): number {
  if (removal.kind === 'off') return 0
  return removal.max ?? Math.max(1, Math.min(REMOVALS_MAX, Math.floor(owned * REMOVAL_SHARE)))
}

function lockOut([first, ...others]: readonly LostRight[]): PolicyObstacle {
  const more = others.length === 0 ? '' : `, and ${others.length} more`
  return {
    code: 'locks-out',
    reason: `${first === undefined ? 'somebody' : describeRight(first)}${more}`,
    remedy:
      'Isthmus, super users and brokers keep every right that they have. Give them the right by an entry of their own, or ' +
      'name them in super.users of the brokers and fence.superUsers of the region; name brokers in baseline.brokers.',
  }
}

function describeRight({ principal, operation, resource, name, host }: LostRight): string {
  const who = /^User:[^ -~]+$/.test(principal) ? 'whoever has no entry' : principal
  const on = resource === 'cluster' ? 'the cluster' : `${resource} ${name.replace(/[^ -~]+$/, '*')}`
  return `${who} would lose ${operation.toUpperCase()} on ${on}${host === '*' ? '' : ` from ${host}`}`
}
