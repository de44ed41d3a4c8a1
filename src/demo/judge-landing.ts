import type { GroupPosition, TopicRecord } from '../local/index.ts'

/** What a topic holds, by topic. */
export type Logs = ReadonlyMap<string, readonly TopicRecord[]>

export interface LandingFacts {
  /** Where the groups stood in the region that was left; undefined where it did not answer. */
  readonly before: { readonly positions: readonly GroupPosition[]; readonly logs: Logs } | undefined
  /** Where they stood in the new region before they ran there. */
  readonly after: { readonly positions: readonly GroupPosition[]; readonly logs: Logs }
  /** Where each group began to read in the new region, by `keyOf`. */
  readonly firstReads: ReadonlyMap<string, bigint>
}

export interface LandingVerdict {
  /** Positions that were compared. */
  readonly positions: number
  /** Records that were below the position in the old region, or in the new one, and were read all the same. */
  readonly reread: number
  /** Records that nobody had read and that were passed over. */
  readonly skipped: number
  /** What could not be judged. */
  readonly problems: readonly string[]
}

export function keyOf({ group, topic, partition }: Pick<GroupPosition, 'group' | 'topic' | 'partition'>): string {
  return `${group} ${topic}-${partition}`
}

/**
 * Whether groups went on at the record that they had not read yet. Offsets of two regions may differ, so what counts is
 * how many records lie below a position, in the old region and in the new one: both logs hold the same ones from their
 * beginning. And where a group began to read there has to be the first record at or behind its position.
 */
export function judgeLanding({ before, after, firstReads }: LandingFacts): LandingVerdict {
  const old = new Map(before?.positions.map((position) => [keyOf(position), position]))
  const problems: string[] = []
  let reread = 0
  let skipped = 0
  for (const position of after.positions) {
    const key = keyOf(position)
    const offsets = offsetsOf(after.logs, position)
    const below = countBelow(offsets, position.offset)
    const former = old.get(key)
    if (before !== undefined && former !== undefined) {
      const ahead = below - countBelow(offsetsOf(before.logs, former), former.offset)
      if (ahead > 0) skipped += ahead
      else reread -= ahead
    }
    const first = firstReads.get(key)
    if (first === undefined) {
      if (below < offsets.length) problems.push(`${key} has not read on, at ${position.offset}`)
      continue
    }
    const readBelow = countBelow(offsets, first)
    if (readBelow > below) skipped += readBelow - below
    else reread += below - readBelow
  }
  const known = new Set(after.positions.map(keyOf))
  for (const key of old.keys()) if (!known.has(key)) problems.push(`${key} has no position in the new region`)
  return { positions: after.positions.length, reread, skipped, problems }
}

function offsetsOf(logs: Logs, { topic, partition }: GroupPosition): bigint[] {
  return (logs.get(topic) ?? []).filter((record) => record.partition === partition).map(({ offset }) => offset)
}

function countBelow(offsets: readonly bigint[], bound: bigint): number {
  return offsets.filter((offset) => offset < bound).length
}
