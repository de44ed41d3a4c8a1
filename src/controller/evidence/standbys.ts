import { regionName } from '../../core/index.ts'
import type { GroupDocument, PartitionLoss } from '../../failover/index.ts'
import { findCopying, textOf, viewCopies } from './copies.ts'
import type { GatherParts } from './parts.ts'

/** Above it a reading of all logs would cost more than it tells. */
const PARTITIONS_MOST = 2_000

/**
 * What every standby lacks of the active region, without asking that one: from the flows of this process, else from the
 * maps of the standbys and where the active region was last seen to end. Undefined for a standby of which that is not
 * known of every partition.
 */
export async function findMissing(
  parts: GatherParts,
  document: GroupDocument,
  signal: AbortSignal,
): Promise<(readonly PartitionLoss[] | undefined)[]> {
  const from = regionName(document.active)
  const standbys = Object.entries(document.regions).filter(([, { role }]) => role === 'standby')
  return await Promise.all(
    standbys.map(async ([name]) => {
      const to = regionName(name)
      const flows = findCopying(parts, from, to)?.flows
      const partitions = flows ?? parts.rates.seenIn(from).filter(({ topic }) => parts.rooms.scope.isSelected(topic))
      if (partitions.length === 0 || (flows === undefined && partitions.length > PARTITIONS_MOST)) return undefined
      const known = new Map(
        partitions.map(({ topic, partition }) => [textOf({ topic, partition }), { topic, partition }]),
      )
      const views = await viewCopies(parts, { from, to, partitions: [...known.values()] }, signal)
      const losses = views.flatMap((view) => (view.loss ? [{ partition: textOf(view), ...view.loss }] : []))
      return losses.length < views.length ? undefined : losses
    }),
  )
}
