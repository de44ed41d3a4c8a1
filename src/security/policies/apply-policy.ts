import type { AclBinding } from '../../kafka/index.ts'
import { securityFaults } from '../faults.ts'
import { makeAcknowledgedChange } from '../fences/acknowledged-change.ts'
import { settleAcls } from '../fences/settle-acls.ts'
import { applyAccounts, readAccounts } from './apply-accounts.ts'
import type { ExpandedPolicy } from './expand-policy.ts'
import { countAccountChanges, digestOfChanges } from './plan-accounts.ts'
import {
  hashOfPending,
  planPolicy,
  type PolicyPlan,
  type PolicyQuestion,
  type RemovalRule,
  stagesOf,
} from './plan-policy.ts'
import { claimedBy, digestOf, type PolicyRecord } from './policy-record.ts'
import type { SecurityPolicy } from './policy-schema.ts'
import { type PolicyAccess, readBindings, readRegion } from './read-region.ts'

/**
 * A plan carried out: what it adds first, seen in force on every broker, then what it takes away. The region is read
 * again, and anything that is not as it was planned refuses the whole. What is to be added is on record before the first
 * call, so that a crash leaves no entry that nobody may take away; the same hash then goes on where it ended.
 *
 * Two processes that apply for the same owner at once do no harm to others, but may lose claims to each other.
 */
export interface PolicyRequest {
  readonly policy: Pick<SecurityPolicy, 'owner' | 'baseline'>
  readonly desired: ExpandedPolicy
  readonly removal: RemovalRule
}

export interface AppliedPolicy {
  readonly added: number
  readonly removed: number
  /** Users that were made. */
  readonly users: number
  /** Quotas that were set. */
  readonly quotas: number
  /** Whether an earlier call with the same hash had begun it. */
  readonly isResumed: boolean
  /** What there is to do now, as read back: nothing, unless somebody else changes entries at the same time. */
  readonly after: PolicyPlan
}

type Changes = Pick<PolicyPlan, 'additions' | 'removals' | 'accounts'>

/** Small enough for one call, which has a bound. */
const ENTRIES_PER_CALL = 500

export async function planForRegion(
  access: PolicyAccess,
  request: PolicyRequest,
  signal: AbortSignal,
): Promise<PolicyPlan> {
  return planPolicy(await ask(access, request, signal))
}

/** Faults: `POLICY_PLAN_STALE`, `POLICY_PLAN_REFUSED`, `POLICY_UNSETTLED`, those of fences and of `Cluster`. */
export async function applyPolicy(
  access: PolicyAccess,
  { hash, ...request }: PolicyRequest & { readonly hash: string },
  signal: AbortSignal,
): Promise<AppliedPolicy> {
  const { region, records, clock } = access
  const { owner } = request.policy
  const question = await ask(access, request, signal)
  const before = question.sight.records.find((record) => record.owner === owner)
  const { changes, begun } = agree(question, before, hash)
  const hasEntries = changes.additions.length + changes.removals.length > 0
  const hasChanges = hasEntries || countAccountChanges(changes.accounts) > 0
  const pending = {
    hash,
    additions: changes.additions.map(digestOf),
    removals: changes.removals.map(digestOf),
    accounts: digestOfChanges(changes.accounts),
  }
  const mayHaveLost = before?.mayLandLate === true
  const fresh = { format: 1, region, owner, claims: [...claimedBy(before)], pending } as const
  const record: PolicyRecord = { ...(begun ?? fresh), mayLandLate: mayHaveLost, atMs: clock.nowMs() }
  if (hasChanges) await records.put({ ...record, mayLandLate: hasEntries || mayHaveLost }, signal)
  await makeAccounts(access, { question, changes }, signal)
  const hasLost = hasEntries
    ? await makeChanges(access, { question, changes, mayHaveLost }, signal)
    : mayHaveLost && (await makeAcknowledgedChange(access, signal)).kind !== 'done'
  if (hasChanges || before !== undefined) {
    const found = new Set((await readBindings(access, signal)).map(digestOf))
    const claims = [...claimedBy(record)].filter((digest) => found.has(digest) || hasLost)
    await records.put({ ...record, claims, pending: null, mayLandLate: hasLost }, signal)
  }
  const after = await planForRegion(access, request, signal)
  const [added, removed] = [changes.additions.length, changes.removals.length]
  const { users, quotas } = changes.accounts
  return { added, removed, users: users.length, quotas: quotas.length, isResumed: begun !== undefined, after }
}

async function ask(access: PolicyAccess, request: PolicyRequest, signal: AbortSignal): Promise<PolicyQuestion> {
  const { policy, desired, removal } = request
  const { sight, guards } = await readRegion(access, policy, signal)
  const accounts = await readAccounts(access, desired.accounts, signal)
  return { region: access.region, owner: policy.owner, desired, sight: { ...sight, accounts }, removal, guards }
}

/** What the hash stands for, if it can still be done. `begun`: the record of the call that began it. */
function agree(
  question: PolicyQuestion,
  before: PolicyRecord | undefined,
  hash: string,
): { readonly changes: Changes; readonly begun: PolicyRecord | undefined } {
  const { region, owner } = question
  const plan = planPolicy(question)
  if (plan.hash !== hash) {
    const isBegun = before !== undefined && hashOfPending(question, before) === hash
    if (!isBegun) throw securityFaults.fault('POLICY_PLAN_STALE', { region, owner })
    return { changes: { ...restOf(question, before), accounts: plan.accounts }, begun: before }
  }
  const [obstacle] = plan.obstacles
  if (obstacle === undefined) return { changes: plan, begun: undefined }
  const { reason, remedy } = obstacle
  throw securityFaults.fault('POLICY_PLAN_REFUSED', { region, owner, reason, remedy })
}

/** It was judged as a whole when it began, and nothing else has changed since. */
function restOf({ desired, sight }: PolicyQuestion, { pending }: PolicyRecord): Omit<Changes, 'accounts'> {
  const present = new Set(sight.bindings.map(digestOf))
  const going = new Set(pending?.removals)
  return {
    additions: desired.bindings.filter((binding) => !present.has(digestOf(binding))),
    removals: sight.bindings.filter((binding) => going.has(digestOf(binding))),
  }
}

async function makeAccounts(
  access: PolicyAccess,
  { question, changes }: { readonly question: PolicyQuestion; readonly changes: Changes },
  signal: AbortSignal,
): Promise<void> {
  const { region, owner, desired } = question
  const made = await applyAccounts(access, { desired: desired.accounts, changes: changes.accounts }, signal)
  if (made.kind === 'unsettled') throw securityFaults.fault('POLICY_UNSETTLED', { region, owner, reason: made.reason })
}

/** Resolves with whether some call got no answer. */
async function makeChanges(
  access: PolicyAccess,
  {
    question: { region, owner, guards },
    changes,
    mayHaveLost,
  }: { readonly question: PolicyQuestion; readonly changes: Changes; readonly mayHaveLost: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const group = `the policy of ${owner}`
  // What was lost before is overtaken.
  const through = mayHaveLost ? 'every' : 'any'
  let hasLost = false
  for (const { want, bindings } of stagesOf(changes, guards)) {
    for (const part of inParts(bindings)) {
      const settled = await settleAcls(access, { group, want, bindings: part, seenWrong: part, through }, signal)
      if (settled.kind === 'refused') throw settled.fault
      if (settled.kind === 'unsettled') {
        throw securityFaults.fault('POLICY_UNSETTLED', { region, owner, reason: settled.reason })
      }
      hasLost ||= settled.mayLandLate
    }
  }
  return hasLost
}

function* inParts(bindings: readonly AclBinding[]): Iterable<readonly AclBinding[]> {
  for (let at = 0; at < bindings.length; at += ENTRIES_PER_CALL) yield bindings.slice(at, at + ENTRIES_PER_CALL)
}
