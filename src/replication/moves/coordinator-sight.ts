/**
 * Whether a transaction of which no coordinator tells is one that no coordinator has. ListTransactions is silent about
 * three things: ids that may not be described, partitions of `__transaction_state` without a leader, and those that a
 * broker has been given and does not load yet. So one id of each of these partitions is asked about, which nobody uses:
 * only a coordinator that has loaded the partition says that it does not know it, and only to who may describe it. Ids
 * with ACLs of their own are asked about too.
 */
import { describeError, isFault } from '../../core/index.ts'
import { type AclBinding, type Cluster, coordinatorPartition, errorName, TRANSACTION_LOG } from '../../kafka/index.ts'
import { eachOf } from './each-of.ts'

/** `complete`: all is told; equal texts mean that no partition had another leader in between. */
export type CoordinatorSight = { readonly complete: string } | { readonly gap: string }

const CALLS_AT_ONCE = 8
const TRIES_EACH = 1_000
const SECURITY_DISABLED = 54
const ANY_NAME = '*'
const NAMED_MAX = 500

export async function readSight(cluster: Cluster, signal: AbortSignal): Promise<CoordinatorSight> {
  try {
    const { topics } = await cluster.metadata([TRANSACTION_LOG], signal)
    const { errorCode = -1, partitions = [] } = topics[0] ?? {}
    if (errorCode !== 0) return { gap: `${TRANSACTION_LOG} is not told: ${errorName(errorCode)}` }
    const dark = partitions.filter(({ leaderId }) => leaderId < 0).length
    if (dark > 0) return { gap: `${dark} of ${partitions.length} partitions of ${TRANSACTION_LOG} have no leader` }
    const acls = await readAcls(cluster, signal)
    if (acls.some(({ permission }) => permission === 'deny'))
      return { gap: 'an ACL denies something about transactional ids' }
    const named = namedIds(acls)
    if (named.length > NAMED_MAX) return { gap: `${named.length} ids have ACLs of their own` }
    const ids = idsOfEach(partitions.length)
    if (ids.length < partitions.length) return { gap: `no id is known for some partitions of ${TRANSACTION_LOG}` }
    await eachOf([...ids, ...named], CALLS_AT_ONCE, async (id) => {
      await cluster.describeTransaction(id, signal)
    })
    const leaders = partitions.map(({ partition, leaderId, leaderEpoch }) => `${partition} ${leaderId} ${leaderEpoch}`)
    return { complete: leaders.sort().join() }
  } catch (error) {
    signal.throwIfAborted()
    return { gap: describeError(error) }
  }
}

async function readAcls(cluster: Cluster, signal: AbortSignal): Promise<readonly AclBinding[]> {
  try {
    return await cluster.describeAcls({ resource: 'transactional-id' }, signal)
  } catch (error) {
    if (isFault(error) && error.facts['code'] === SECURITY_DISABLED) return []
    throw error
  }
}

/** Pure: where what has no ACL is allowed to everyone, one that allows somebody else's id keeps it from everyone else. */
export function namedIds(acls: readonly Pick<AclBinding, 'name'>[]): string[] {
  return [...new Set(acls.map(({ name }) => name))].filter((name) => name !== ANY_NAME)
}

/** Pure: an id for each partition of the coordinators' topic. */
export function idsOfEach(partitions: number): string[] {
  const found = new Map<number, string>()
  for (let at = 0; found.size < partitions && at < TRIES_EACH * partitions; at++) {
    const id = `?nobody ${at}`
    const partition = coordinatorPartition(id, partitions)
    if (!found.has(partition)) found.set(partition, id)
  }
  return [...found.values()]
}
