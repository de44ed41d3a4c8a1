import { type RegionName, sleep } from '../../core/index.ts'
import type { Cluster } from '../../kafka/index.ts'
import type { GroupStatus, LinkStatus } from '../../replication/index.ts'
import { findLink, textOf } from './copies.ts'
import type { GatherParts } from './parts.ts'

export interface PositionsWish {
  readonly from: RegionName
  readonly to: RegionName
  readonly readers: readonly { readonly groupId: string }[]
  readonly target: Pick<Cluster, 'fetchGroupOffsets'>
}

const LOOK_EVERY_MS = 200
/** Several passes of a link, and less than a look may take. */
const WITHIN_MS = 3_000

/**
 * The age of the oldest positions, milliseconds; null where those of a reader were never carried over. Told by the link
 * where this process runs all of it; else by the regions: what readers have committed now has to be on the target
 * while somebody looks.
 */
export async function readPositionsAge(
  parts: GatherParts,
  wish: PositionsWish,
  signal: AbortSignal,
): Promise<number | null> {
  const { clock, rooms } = parts
  const { from, to, readers, target } = wish
  if (readers.length === 0) return 0
  const link = findLink(parts, from, to)
  const isHere = link?.flows.every(({ state }) => state !== 'elsewhere') ?? false
  if (link !== undefined && isHere) return findPositionsAge(link.groups, readers, clock.nowMs())
  const startedMs = clock.monotonicMs()
  const sync = await rooms.replicator.positionsAtCut(rooms.linkOf(from, to), signal)
  const ids = new Set(readers.map(({ groupId }) => groupId))
  const wanted = (await sync.look(signal)).filter(({ group }) => ids.has(group))
  if (wanted.some(({ state }) => state === 'failed')) return null
  let behind = wanted.filter(({ state }) => state === 'synced')
  for (;;) {
    const held = await target.fetchGroupOffsets(
      behind.map(({ group }) => group),
      signal,
    )
    const positions = new Map(held.map(({ groupId, positions: all }) => [groupId, all]))
    behind = behind.filter((group) => !hasReached(group, positions.get(group.group) ?? []))
    const ageMs = Math.round(clock.monotonicMs() - startedMs)
    if (behind.length === 0) return ageMs
    if (ageMs > WITHIN_MS) return null
    await sleep(clock, LOOK_EVERY_MS, signal)
  }
}

/** Pure: whether a group has everything on the target that it would be given now. */
export function hasReached(
  { positions }: Pick<GroupStatus, 'positions'>,
  held: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
): boolean {
  const offsets = new Map(held.map((one) => [textOf(one), one.offset]))
  return positions.every(({ targetTopic, partition, targetOffset }) => {
    return targetOffset === null || (offsets.get(textOf({ topic: targetTopic, partition })) ?? -1) >= targetOffset
  })
}

/** Pure: the age of the oldest positions; null where those of a reader were never carried over. */
export function findPositionsAge(
  groups: LinkStatus['groups'],
  readers: readonly { readonly groupId: string }[],
  nowMs: number,
): number | null {
  const synced = new Map(groups.map(({ group, state, syncedAtMs }) => [group, { state, syncedAtMs }]))
  let oldestMs = 0
  for (const { groupId } of readers) {
    const { state, syncedAtMs } = synced.get(groupId) ?? { state: 'failed', syncedAtMs: null }
    // What the target has of its own is not waited for.
    if (state !== 'synced' && state !== 'failed') continue
    if (syncedAtMs === null) return null
    oldestMs = Math.max(oldestMs, nowMs - syncedAtMs)
  }
  return oldestMs
}
