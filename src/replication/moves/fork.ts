/**
 * Up to where two partitions are tied together by copies that have ended. Pure.
 *
 * A standby that goes on in another region needs all that it holds to be explained (`copy-path.ts`). A region that was
 * lost, or is ahead, holds more than that: what is asked of it is where the part begins that the active region knows
 * nothing of. Where several ways lead there, such as one through a survivor from which the active region has caught up,
 * the one that reaches furthest tells.
 */
import { endAt, type Hop, hopsAt, type KnownCopy, type TopicPartitionId } from './copy-path.ts'

export interface Fork {
  readonly hops: readonly Hop[]
  /** First offset of the partition that the other one knows nothing of, and the same place there. */
  readonly at: number
  readonly there: number
}

type Pass = (hop: Hop, offset: number) => Promise<number>

const HOPS_MAX = 8
const WAYS_MAX = 64

/** Undefined where nothing ties them together. `pass` tells where an offset is on the other side of a hop. */
export async function findFork(
  at: TopicPartitionId,
  toTopicId: string,
  copies: readonly KnownCopy[],
  pass: Pass,
): Promise<Fork | undefined> {
  let best: Fork | undefined
  for (const way of waysTo(at, toTopicId, copies)) {
    const fork = await followWay(way, pass)
    if (best === undefined || fork.at > best.at) best = fork
  }
  return best
}

/** The shortest first; between two topics the copy that ended last, whose map holds those before it. */
function waysTo(at: TopicPartitionId, toTopicId: string, copies: readonly KnownCopy[]): (readonly Hop[])[] {
  const { partition } = at
  const found: (readonly Hop[])[] = []
  let open: (readonly Hop[])[] = [[]]
  while (open.length > 0 && found.length < WAYS_MAX) {
    const longer: (readonly Hop[])[] = []
    for (const way of open) {
      const topicId = way.at(-1)?.toTopicId ?? at.topicId
      const seen = new Set([at.topicId, ...way.map((hop) => hop.toTopicId)])
      for (const hop of hopsAt({ topicId, partition }, copies)) {
        if (seen.has(hop.toTopicId)) continue
        seen.add(hop.toTopicId)
        if (hop.toTopicId === toTopicId) found.push([...way, hop])
        else if (way.length + 1 < HOPS_MAX) longer.push([...way, hop])
      }
    }
    open = longer.slice(0, WAYS_MAX)
  }
  return found
}

async function followWay(hops: readonly Hop[], pass: Pass): Promise<Fork> {
  let at = Number.POSITIVE_INFINITY
  for (const hop of hops.toReversed()) {
    const back = turned(hop)
    at = at >= endAt(back) ? endAt(hop) : await pass(back, at)
  }
  let there = at
  for (const hop of hops) there = await pass(hop, Math.min(there, endAt(hop)))
  return { hops, at, there }
}

function turned(hop: Hop): Hop {
  const { fromTopicId, toTopicId, direction } = hop
  const back = direction === 'forward' ? 'backward' : 'forward'
  return { ...hop, direction: back, fromTopicId: toTopicId, toTopicId: fromTopicId }
}
