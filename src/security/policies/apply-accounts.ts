import { describeError, pause } from '../../core/index.ts'
import type { ClientQuota, Cluster, NewScramCredential, ScramUser } from '../../kafka/index.ts'
import { callBounded, isUndecided, type RegionAccess } from '../fences/region-access.ts'
import { type DesiredAccounts, entityText, type QuotaValue } from './desired-accounts.ts'
import { type AccountPlan, type AccountSight, countAccountChanges, planAccounts } from './plan-accounts.ts'

/** The part of a cluster that users and quotas need. */
export type AccountCluster = Pick<
  Cluster,
  'metadata' | 'describeScramUsers' | 'describeQuotas' | 'putScramCredentials' | 'setQuotas'
>

export interface AccountAccess extends Pick<RegionAccess, 'region' | 'clock' | 'timings'> {
  readonly accounts: AccountCluster
}

export type AccountsOutcome =
  | { readonly kind: 'settled' }
  /** Some broker does not have all of it in force, or does not answer. */
  | { readonly kind: 'unsettled'; readonly reason: string }

const FIRST_LOOK_MS = 20
const MOST_LOOK_MS = 250

/** As whichever broker answers has them, or the one meant. Undefined where none are declared: nobody is asked then. */
export async function readAccounts(
  access: AccountAccess,
  desired: DesiredAccounts | undefined,
  signal: AbortSignal,
  nodeId?: number,
): Promise<AccountSight | undefined> {
  if (desired === undefined) return undefined
  const [users, quotas] = await Promise.all([
    desired.users.length === 0 ? [] : readUsers(access, signal, nodeId),
    desired.quotas.length === 0 ? [] : readQuotas(access, signal, nodeId),
  ])
  return { users, quotas }
}

export function readUsers(access: AccountAccess, signal: AbortSignal, nodeId?: number): Promise<readonly ScramUser[]> {
  const ask = (signal: AbortSignal) => access.accounts.describeScramUsers(signal, nodeId)
  return callBounded(access, 'DescribeUserScramCredentials', signal, ask, limitOf(access, nodeId))
}

export function readQuotas(
  access: AccountAccess,
  signal: AbortSignal,
  nodeId?: number,
): Promise<readonly ClientQuota[]> {
  const ask = (signal: AbortSignal) => access.accounts.describeQuotas(signal, nodeId)
  return callBounded(access, 'DescribeClientQuotas', signal, ask, limitOf(access, nodeId))
}

function limitOf({ timings }: AccountAccess, nodeId: number | undefined): number {
  return nodeId === undefined ? timings.callMs : timings.lookMs
}

/**
 * Makes what is planned, and waits until every live broker describes it: the answers come earlier. Each call says how
 * things are to be, so a crash in between, or an answer that is lost, costs a repetition and nothing else.
 */
export async function applyAccounts(
  access: AccountAccess,
  { desired, changes }: { readonly desired: DesiredAccounts | undefined; readonly changes: AccountPlan },
  signal: AbortSignal,
): Promise<AccountsOutcome> {
  if (desired === undefined || countAccountChanges(changes) === 0) return { kind: 'settled' }
  const { accounts, clock, timings } = access
  const { users, quotas } = changes
  const credentials = users.flatMap((one): NewScramCredential[] => {
    const meant = desired.users.find(({ user, mechanism }) => user === one.user && mechanism === one.mechanism)
    return meant?.password === undefined ? [] : [{ ...one, password: meant.password() }]
  })
  if (credentials.length > 0) {
    const put = (signal: AbortSignal) => accounts.putScramCredentials(credentials, signal)
    await callBounded(access, 'AlterUserScramCredentials', signal, put)
  }
  if (quotas.length > 0) {
    const set = (signal: AbortSignal) => accounts.setQuotas(groupByEntity(quotas), signal)
    await callBounded(access, 'AlterClientQuotas', signal, set)
  }
  const startedMs = clock.monotonicMs()
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(MOST_LOOK_MS, waitMs * 2)) {
    const reason = await findLate(access, desired, signal)
    if (reason === undefined) return { kind: 'settled' }
    if (clock.monotonicMs() - startedMs > timings.settleMs) return { kind: 'unsettled', reason }
    await pause(clock, waitMs, signal)
    signal.throwIfAborted()
  }
}

function groupByEntity(quotas: readonly QuotaValue[]): ClientQuota[] {
  const groups = new Map<string, ClientQuota>()
  for (const { entity, key, value } of quotas) {
    const text = entityText(entity)
    groups.set(text, { entity, values: [...(groups.get(text)?.values ?? []), { key, value }] })
  }
  return [...groups.values()]
}

/** Why not every broker has it; undefined where each has. */
async function findLate(
  access: AccountAccess,
  desired: DesiredAccounts,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const ask = (signal: AbortSignal) => access.accounts.metadata([], signal)
    const { brokers } = await callBounded(access, 'Metadata', signal, ask)
    const sights = await Promise.all(brokers.map(({ nodeId }) => readAccounts(access, desired, signal, nodeId)))
    const late = sights.filter((sight) => countAccountChanges(planAccounts(desired, sight)) > 0).length
    return late === 0 ? undefined : `${late} of ${brokers.length} brokers do not have all users and quotas yet`
  } catch (error) {
    signal.throwIfAborted()
    if (!isUndecided(error)) throw error
    return describeError(error)
  }
}
