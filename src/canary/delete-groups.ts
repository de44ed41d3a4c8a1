import { type Clock, sleep } from '../core/index.ts'
import type { Cluster } from '../kafka/index.ts'

/** A position that was on its way when the group was deleted makes it anew. */
const TRIES_MOST = 5
const AGAIN_AFTER_MS = 300

/**
 * Deletes the groups of a region that are chosen by name, and lists them again: answers those that are still there.
 * Throws where some broker does not say which groups it has.
 */
export async function deleteGroupsProved(
  cluster: Pick<Cluster, 'listGroups' | 'deleteGroups'>,
  isChosen: (group: string) => boolean,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt++) {
    const left = await listChosen(cluster, isChosen, signal)
    if (left.length === 0 || attempt > TRIES_MOST) return left
    if (attempt > 1) await sleep(clock, AGAIN_AFTER_MS, signal)
    await cluster.deleteGroups(left, signal)
  }
}

async function listChosen(
  cluster: Pick<Cluster, 'listGroups'>,
  isChosen: (group: string) => boolean,
  signal: AbortSignal,
): Promise<string[]> {
  const { groups, silent } = await cluster.listGroups(signal)
  if (silent.length > 0) throw new Error(`groups are missing: ${silent.join('; ')}`)
  return groups.map(({ groupId }) => groupId).filter(isChosen)
}
