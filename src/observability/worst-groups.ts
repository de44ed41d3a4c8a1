import type { GroupStatus } from '../replication/index.ts'

/** Groups of one link that have series of their own: a cluster may have thousands. */
export const GROUP_SERIES_MAX = 100

/** All of them while they are few; else those in the worst state, then those that would read the most again. */
export function worstGroups(groups: readonly GroupStatus[]): readonly GroupStatus[] {
  if (groups.length <= GROUP_SERIES_MAX) return groups
  const rank = ({ state }: GroupStatus) =>
    state === 'failed' ? 0 : state === 'not-copied' ? 1 : state === 'synced' ? 2 : 3
  const reread = ({ rereadRecords }: GroupStatus) => rereadRecords ?? Number.POSITIVE_INFINITY
  const compare = (a: GroupStatus, b: GroupStatus) =>
    rank(a) - rank(b) || Math.sign(reread(b) - reread(a)) || (a.syncedAtMs ?? 0) - (b.syncedAtMs ?? 0)
  return groups.toSorted((a, b) => compare(a, b) || (a.group < b.group ? -1 : 1)).slice(0, GROUP_SERIES_MAX)
}
