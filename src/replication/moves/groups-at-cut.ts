/**
 * Which consumer groups have read everything below the cuts, and which the target would have read again. Pure.
 *
 * A group whose position is at the cut goes on without a record twice. One that is behind may be waited for, then its
 * commits are stopped by a fence, and what it has committed by then is where it goes on.
 */
import type { GroupPositionStatus, GroupStatus } from '../status.ts'
import type { DrainStatus } from './look-at-copies.ts'
import { textOf } from './partition-text.ts'

export interface GroupsAtCut {
  /** Every position is at its cut, and the target has it. */
  readonly done: readonly string[]
  readonly behind: readonly GroupBehind[]
  /** Positions that are not on the target: the group would begin where its reset says, or read again. */
  readonly unsynced: readonly { readonly group: string; readonly reason: string }[]
}

export interface GroupBehind {
  readonly group: string
  readonly partitions: number
  /** Records up to the cuts, as the target counts them. */
  readonly records: number
}

export function judgeGroups(groups: readonly GroupStatus[], proofs: readonly DrainStatus[]): GroupsAtCut {
  const ends = new Map(proofs.map((one) => [textOf(one), one.copied?.target]))
  const done: string[] = []
  const behind: GroupBehind[] = []
  const unsynced: { group: string; reason: string }[] = []
  for (const { group, state, reason, positions } of groups) {
    const left = positions.map((position) => recordsLeft(position, ends)).filter((records) => records > 0)
    if (left.length > 0) {
      behind.push({ group, partitions: left.length, records: left.reduce((sum, records) => sum + records, 0) })
    } else if (state === 'synced') done.push(group)
    if (state !== 'synced') unsynced.push({ group, reason })
  }
  return { done, behind, unsynced }
}

/** None where there is no cut, or the position cannot be told: that is told by the group's state. */
function recordsLeft(
  { targetOffset, ...at }: GroupPositionStatus,
  ends: ReadonlyMap<string, number | undefined>,
): number {
  const end = ends.get(textOf(at))
  return end === undefined || targetOffset === null ? 0 : Math.max(0, end - targetOffset)
}
