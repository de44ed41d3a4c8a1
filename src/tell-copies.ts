import { sumCopies } from './api/index.ts'
import type { Clock } from './core/index.ts'
import type { CopySum } from './regions/index.ts'
import type { ReplicationStatus } from './replication/index.ts'

/** A report goes to every region every second or so; going over tens of thousands of flows each time is not worth it. */
const EVERY_MS = 5_000

/** What this process tells the others of its copies: summed up now and then, and as old as it is in between. */
export function createCopyTeller({
  clock,
  status,
}: {
  readonly clock: Clock
  readonly status: () => ReplicationStatus
}): () => ReadonlyMap<string, CopySum> {
  let sums: ReadonlyMap<string, CopySum> = new Map()
  let summedMs = Number.NEGATIVE_INFINITY
  return () => {
    const nowMs = clock.monotonicMs()
    if (nowMs - summedMs >= EVERY_MS) {
      sums = sumCopies(status())
      summedMs = nowMs
    }
    const seconds = (nowMs - summedMs) / 1_000
    return new Map(
      [...sums].map(([link, sum]) => {
        const { seenSecondsAgo } = sum
        return [link, { ...sum, seenSecondsAgo: seenSecondsAgo === null ? null : seenSecondsAgo + seconds }]
      }),
    )
  }
}
