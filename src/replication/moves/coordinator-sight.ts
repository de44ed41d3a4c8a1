/**
 * Whether a transaction of which no coordinator tells is one that no coordinator has. ListTransactions is silent about
 * three things: ids that may not be described, partitions of `__transaction_state` without a leader, and those that a
 * broker has been given and does not load yet. So one id of each of these partitions is asked about, which nobody uses:
 * only a coordinator that has loaded the partition says that it does not know it, and only to who may describe any id.
 */
import { describeError, isFault } from '../../core/index.ts'
import { type Cluster, errorName } from '../../kafka/index.ts'
import { eachOf } from './each-of.ts'

/** `complete`: all is told; equal texts mean that no partition had another leader in between. */
export type CoordinatorSight = { readonly complete: string } | { readonly gap: string }

const TRANSACTIONS = '__transaction_state'
const CALLS_AT_ONCE = 8
const TRIES_EACH = 1_000
const SECURITY_DISABLED = 54

export async function readSight(cluster: Cluster, signal: AbortSignal): Promise<CoordinatorSight> {
  try {
    const { topics } = await cluster.metadata([TRANSACTIONS], signal)
    const { errorCode = -1, partitions = [] } = topics[0] ?? {}
    if (errorCode !== 0) return { gap: `${TRANSACTIONS} is not told: ${errorName(errorCode)}` }
    const dark = partitions.filter(({ leaderId }) => leaderId < 0).length
    if (dark > 0) return { gap: `${dark} of ${partitions.length} partitions of ${TRANSACTIONS} have no leader` }
    if (await hasDenied(cluster, signal)) return { gap: 'an ACL denies something about transactional ids' }
    const ids = idsOfEach(partitions.length)
    if (ids.length < partitions.length) return { gap: `no id is known for some partitions of ${TRANSACTIONS}` }
    await eachOf(ids, CALLS_AT_ONCE, async (id) => {
      await cluster.describeTransaction(id, signal)
    })
    const leaders = partitions.map(({ partition, leaderId, leaderEpoch }) => `${partition} ${leaderId} ${leaderEpoch}`)
    return { complete: leaders.sort().join() }
  } catch (error) {
    signal.throwIfAborted()
    return { gap: describeError(error) }
  }
}

async function hasDenied(cluster: Cluster, signal: AbortSignal): Promise<boolean> {
  try {
    return (await cluster.describeAcls({ resource: 'transactional-id', permission: 'deny' }, signal)).length > 0
  } catch (error) {
    if (isFault(error) && error.facts['code'] === SECURITY_DISABLED) return false
    throw error
  }
}

/** Pure: an id for each partition of the coordinators' topic; brokers place an id by the hash of Java's strings. */
export function idsOfEach(partitions: number): string[] {
  const found = new Map<number, string>()
  for (let at = 0; found.size < partitions && at < TRIES_EACH * partitions; at++) {
    const id = `?nobody ${at}`
    const partition = Math.abs(hashOf(id)) % partitions
    if (!found.has(partition)) found.set(partition, id)
  }
  return [...found.values()]
}

function hashOf(text: string): number {
  let hash = 0
  for (const character of text) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0
  return hash
}
