import type { Cluster, GroupListing } from '../../kafka/index.ts'

export interface ReaderScope {
  readonly isTopic: (name: string) => boolean
  readonly isGroup: (name: string) => boolean
}

/** A selected consumer group of a region and what it has read of the group's topics. */
export interface Reader extends GroupListing {
  /** As `topic-partition`. */
  readonly partitions: ReadonlySet<string>
}

export interface Readers {
  readonly readers: readonly Reader[]
  readonly shareGroups: readonly string[]
}

/** Groups of this kind commit no positions. */
export const SHARE = 'share'

/** The groups that have positions in topics of the failover group; throws where some broker's groups are missing. */
export async function findReaders(
  cluster: Pick<Cluster, 'listGroups' | 'fetchGroupOffsets'>,
  { isTopic, isGroup }: ReaderScope,
  signal: AbortSignal,
): Promise<Readers> {
  const { groups, silent } = await cluster.listGroups(signal)
  if (silent.length > 0) throw new Error(`groups are missing: ${silent.join('; ')}`)
  const selected = groups.filter(({ groupId }) => isGroup(groupId))
  const shareGroups = selected.filter(({ type }) => type === SHARE).map(({ groupId }) => groupId)
  const others = selected.filter(({ type }) => type !== SHARE)
  if (others.length === 0) return { readers: [], shareGroups }
  const ids = others.map(({ groupId }) => groupId)
  const offsets = await cluster.fetchGroupOffsets(ids, signal)
  const failed = offsets.find(({ errorCode }) => errorCode !== 0)
  if (failed !== undefined) throw new Error(`the positions of ${failed.groupId} are not told (${failed.errorCode})`)
  const positions = new Map(offsets.map((one) => [one.groupId, one.positions]))
  const readers = others.flatMap((listing) => {
    const read = (positions.get(listing.groupId) ?? []).filter(({ topic }) => isTopic(topic))
    const partitions = new Set(read.map(({ topic, partition }) => `${topic}-${partition}`))
    return partitions.size === 0 ? [] : [{ ...listing, partitions }]
  })
  return { readers, shareGroups }
}
