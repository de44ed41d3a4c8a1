/**
 * The way from one partition to another along the maps of closed copies. Pure.
 *
 * A closed copy ties two partitions together up to where it ended, for good and exactly. So whatever region becomes
 * active, its partition and that of any standby are joined by a chain of such copies: one link of it where the roles were
 * exchanged, two where a third region goes on from another source, more where a standby was away for some moves. Where a
 * link of the chain is missing there is no path, and the standby has to be copied again: nothing is guessed.
 *
 * What a partition holds by now is told by the copy that ended there last, whichever way it went. Topics are known by
 * their ids, which are the same in every process and never come twice.
 */
import type { RegionName } from '../../core/index.ts'
import type { Closing, CopiedFlow } from '../offset-map/index.ts'

/** A copy and the region whose offset map has it: that of its target. */
export interface KnownCopy {
  readonly region: RegionName
  readonly flow: CopiedFlow
}

/** A closed copy, seen from one of its ends. */
export interface Hop extends KnownCopy {
  readonly closedAt: Closing
  /** `forward`: from the copy's source to its target. */
  readonly direction: 'forward' | 'backward'
  readonly fromTopicId: string
  readonly toTopicId: string
}

export interface TopicPartitionId {
  readonly topicId: string
  readonly partition: number
}

const HOPS_MAX = 8

/** Every closed copy from or into a partition, the one that ended there last first. */
export function hopsAt({ topicId, partition }: TopicPartitionId, copies: readonly KnownCopy[]): Hop[] {
  const hops: Hop[] = []
  for (const { region, flow } of copies) {
    const { closedAt, key, sourceTopicId, targetTopicId } = flow
    if (closedAt === undefined || key.partition !== partition) continue
    const copy = { region, flow, closedAt }
    if (sourceTopicId === topicId) {
      hops.push({ ...copy, direction: 'forward', fromTopicId: sourceTopicId, toTopicId: targetTopicId })
    }
    if (targetTopicId === topicId) {
      hops.push({ ...copy, direction: 'backward', fromTopicId: targetTopicId, toTopicId: sourceTopicId })
    }
  }
  return hops.sort(byEnd)
}

/** Where the copy ended in the partition it is seen from. */
export function endAt({ closedAt, direction }: Hop): number {
  return direction === 'forward' ? closedAt.source : closedAt.target
}

/** A copy from a partition comes after the one that made it active, also where nothing was written in between. */
function byEnd(one: Hop, other: Hop): number {
  const difference = endAt(other) - endAt(one)
  if (difference !== 0) return difference
  return (one.direction === 'forward' ? 0 : 1) - (other.direction === 'forward' ? 0 : 1)
}

/** Whether the partition belongs to the active region, as far as the copies that ended there tell. */
export function isActive(at: TopicPartitionId, copies: readonly KnownCopy[]): boolean {
  const [last] = hopsAt(at, copies)
  return last?.direction === 'backward' && last.closedAt.isPromoted
}

/** Whether what the partition holds is explained by copies that have ended, so that another one may go on there. */
export function canTurn(at: TopicPartitionId, copies: readonly KnownCopy[]): boolean {
  return hopsAt(at, copies).length > 0 && !isActive(at, copies)
}

/** How to get from the target of a new copy to its source. */
export interface Path {
  readonly hops: readonly Hop[]
  /** Where the copies that ended in the target explain it up to, and where that is at the source. */
  readonly target: number
  readonly source: number
}

/** A reason where there is none. */
export type PathOrGap = Path | { readonly gap: string }

/**
 * The shortest way from a partition to another topic. It begins with a copy that ended there last, and every further one
 * has to reach as far as what was found before it. `pass` tells where an offset is on the other side of a hop.
 */
export async function findPath(
  at: TopicPartitionId,
  toTopicId: string,
  copies: readonly KnownCopy[],
  pass: (hop: Hop, offset: number) => Promise<number>,
): Promise<PathOrGap> {
  const { partition } = at
  const [last] = hopsAt(at, copies)
  if (last === undefined) return { gap: 'no copy has ended there' }
  const target = endAt(last)
  const seen = new Set([at.topicId])
  let reached: Reached[] = [{ topicId: at.topicId, offset: target, hops: [] }]
  let gap = 'the chain of copies between them has a gap'
  for (let hops = 0; hops < HOPS_MAX && reached.length > 0; hops++) {
    const further: Reached[] = []
    const steps = reached.flatMap((from) =>
      hopsAt({ topicId: from.topicId, partition }, copies).map((hop) => ({ from, hop })),
    )
    for (const { from, hop } of steps) {
      if (seen.has(hop.toTopicId)) continue
      if (endAt(hop) < from.offset) {
        if (hop.toTopicId === toTopicId) gap = explainShort(hop, from.offset)
        continue
      }
      seen.add(hop.toTopicId)
      const step = { topicId: hop.toTopicId, offset: await pass(hop, from.offset), hops: [...from.hops, hop] }
      if (hop.toTopicId === toTopicId) return { hops: step.hops, target, source: step.offset }
      further.push(step)
    }
    reached = further
  }
  return { gap }
}

interface Reached {
  readonly topicId: string
  readonly offset: number
  readonly hops: readonly Hop[]
}

function explainShort(hop: Hop, offset: number): string {
  const { source, topic, targetTopic } = hop.flow.key
  const copy = `the copy of ${topic} from ${source} into ${targetTopic} on ${hop.region}`
  return `it goes up to offset ${offset}, ${copy} knows it up to ${endAt(hop)} only`
}
