import type { GroupClients } from '../../failover/index.ts'
import type { Cluster, GroupDescription, GroupListing } from '../../kafka/index.ts'
import { type ReaderScope, SHARE } from './readers.ts'

type GroupsCluster = Pick<Cluster, 'listGroups' | 'describeGroups'>

/** States in which a group has no members, so that nobody has to be asked. */
const MEMBERLESS = new Set(['Empty', 'Dead'])

/**
 * The selected groups that have members in a region and read topics of the failover group: by what is assigned to them,
 * else by the positions they have. Throws where some broker's groups are missing.
 */
export async function findMembers(
  cluster: GroupsCluster & Pick<Cluster, 'fetchGroupOffsets'>,
  { isTopic, isGroup }: ReaderScope,
  signal: AbortSignal,
): Promise<GroupClients[]> {
  const all = await describeInhabited(cluster, ({ groupId }) => isGroup(groupId), signal)
  const isReading = ({ members }: GroupDescription) =>
    members.some((one) => one.assigned.some((it) => isTopic(it.topic)))
  const unclear = all.filter((group) => !isReading(group)).map(({ groupId }) => groupId)
  const offsets = unclear.length === 0 ? [] : await cluster.fetchGroupOffsets(unclear, signal)
  const failed = offsets.find(({ errorCode }) => errorCode !== 0)
  if (failed !== undefined) throw new Error(`the positions of ${failed.groupId} are not told (${failed.errorCode})`)
  const readers = offsets.filter(({ positions }) => positions.some(({ topic }) => isTopic(topic)))
  const positioned = new Set(readers.map(({ groupId }) => groupId))
  return all
    .filter((group) => isReading(group) || positioned.has(group.groupId))
    .map((group) => clientsOf(group, isTopic))
}

/** Of these groups, those that have members in a region. */
export async function findMembersOf(
  cluster: GroupsCluster,
  groups: readonly Pick<GroupListing, 'groupId'>[],
  signal: AbortSignal,
): Promise<GroupClients[]> {
  const wanted = new Set(groups.map(({ groupId }) => groupId))
  const found = await describeInhabited(cluster, ({ groupId }) => wanted.has(groupId), signal)
  return found.map((group) => clientsOf(group, () => true))
}

async function describeInhabited(
  cluster: GroupsCluster,
  isWanted: (group: GroupListing) => boolean,
  signal: AbortSignal,
): Promise<GroupDescription[]> {
  const { groups, silent } = await cluster.listGroups(signal)
  if (silent.length > 0) throw new Error(`groups are missing: ${silent.join('; ')}`)
  const ids = groups
    .filter((group) => group.type !== SHARE && !MEMBERLESS.has(group.state) && isWanted(group))
    .map(({ groupId }) => groupId)
  const described = ids.length === 0 ? [] : await cluster.describeGroups(ids, signal)
  const failed = described.find(({ errorCode }) => errorCode !== 0)
  if (failed !== undefined) throw new Error(`the members of ${failed.groupId} are not told (${failed.errorCode})`)
  return described.filter(({ members }) => members.length > 0)
}

function clientsOf(
  { groupId: group, protocol, members }: GroupDescription,
  isTopic: ReaderScope['isTopic'],
): GroupClients {
  const clients = members.map(({ clientId, host, assigned }) => {
    const partitions = assigned.filter(({ topic }) => isTopic(topic)).length
    return { clientId, host: host.replace(/^\//, ''), partitions }
  })
  return { group, protocol: protocol === 'consumer' ? protocol : 'classic', members: clients }
}
