import type { ReadNote, WriteNote } from './app-notes.ts'

/** What FailoverApps.java calls the one that writes to every region. */
const PROBER = 'probe'

/**
 * Judges what is on a region after moves by what its writers were told: every record that was acknowledged (in a
 * transaction: committed) is there exactly once, in the order in which it was sent, and nothing that was aborted or
 * refused is. A record whose fate the writer does not know may be there once.
 *
 * Each topic has one writer, which waits for every answer: within a partition, the order of sending is the order of
 * the log. Of the probers, which write to every region at once, that holds for each by itself.
 */
export interface StoredRecord {
  readonly id: string
  readonly key: string
  readonly offset: number
}

/** By partition (`topic/partition`), in offset order. */
export type StoredLog = ReadonlyMap<string, readonly StoredRecord[]>

export interface LogVerdict {
  compared: number
  lost: number
  repeated: number
  reordered: number
  /** Aborted or refused, and there all the same; or of nobody's making. */
  unwritten: number
}

export function judgeLog(
  writes: readonly WriteNote[],
  log: StoredLog,
  isCompacted: (topic: string) => boolean,
): LogVerdict {
  const total: LogVerdict = { compared: 0, lost: 0, repeated: 0, reordered: 0, unwritten: 0 }
  const written = byPartition(writes)
  for (const partition of new Set([...written.keys(), ...log.keys()])) {
    const own = written.get(partition) ?? []
    const stored = log.get(partition) ?? []
    judgePartition(own, stored, total)
    total.lost += findLost(own, stored, isCompacted(topicOf(partition))).length
  }
  return total
}

function judgePartition(written: readonly WriteNote[], stored: readonly StoredRecord[], total: LogVerdict): void {
  const places = new Map(written.map((note, at) => [note.id, { note, at }]))
  const seen = new Set<string>()
  const last = new Map<string, number>()
  for (const { id } of stored) {
    const place = places.get(id)
    total.compared++
    if (place === undefined || place.note.verdict === 'aborted' || place.note.verdict === 'refused') total.unwritten++
    if (seen.has(id)) {
      total.repeated++
      continue
    }
    seen.add(id)
    if (place === undefined) continue
    const sender = senderOf(place.note)
    if (place.at < (last.get(sender) ?? -1)) total.reordered++
    last.set(sender, place.at)
  }
}

function senderOf({ writer, region }: WriteNote): string {
  return writer === PROBER ? `${writer} ${region}` : writer
}

/** Acknowledged records of one partition that are not there. */
function findLost(
  written: readonly WriteNote[],
  stored: readonly StoredRecord[],
  isCompacted: boolean,
): readonly WriteNote[] {
  if (isCompacted) return findLostBehindCompaction(written, stored)
  const there = new Set(stored.map(({ id }) => id))
  return written.filter(({ verdict, id }) => verdict === 'kept' && !there.has(id))
}

/** Compaction may take a record once a later one with its key is there. */
function findLostBehindCompaction(written: readonly WriteNote[], stored: readonly StoredRecord[]): WriteNote[] {
  const places = new Map(written.map(({ id }, at) => [id, at]))
  const latest = new Map<string, number>()
  for (const { id, key } of stored) latest.set(key, Math.max(latest.get(key) ?? -1, places.get(id) ?? -1))
  return written.filter(({ verdict, key }, at) => verdict === 'kept' && (latest.get(key) ?? -1) < at)
}

/** Acknowledged records that are not in a log, of all partitions. */
export function findAllLost(
  writes: readonly WriteNote[],
  log: StoredLog,
  isCompacted: (topic: string) => boolean,
): WriteNote[] {
  return [...byPartition(writes)].flatMap(([partition, own]) => {
    return findLost(own, log.get(partition) ?? [], isCompacted(topicOf(partition)))
  })
}

function topicOf(partition: string): string {
  return partition.slice(0, partition.lastIndexOf('/'))
}

/** Records that stand in a region's log more often than their writer sent them: copied again, on top of what was there. */
export function countCopiedAgain(log: StoredLog): number {
  let again = 0
  for (const stored of log.values()) again += stored.length - new Set(stored.map(({ id }) => id)).size
  return again
}

/** Partitions whose records stand at the same offsets in all regions. */
export function countIdentical(logs: readonly StoredLog[]): { equal: number; total: number } {
  const [first, ...others] = logs
  if (first === undefined) return { equal: 0, total: 0 }
  const textOf = (stored: readonly StoredRecord[] = []) => stored.map(({ id, offset }) => `${offset} ${id}`).join('\n')
  const equal = [...first].filter(([partition, stored]) => {
    return others.every((other) => textOf(other.get(partition)) === textOf(stored))
  })
  return { equal: equal.length, total: first.size }
}

export interface ReadVerdict {
  read: number
  /** Read again by a group that had committed a position behind it. */
  reread: number
  /** Acknowledged and never read by a group that reads its topic. */
  skipped: number
}

export function judgeReads(options: {
  readonly writes: readonly WriteNote[]
  readonly reads: readonly ReadNote[]
  /** By group. */
  readonly topics: ReadonlyMap<string, readonly string[]>
  readonly isCompacted: (topic: string) => boolean
}): ReadVerdict {
  const { writes, reads, topics, isCompacted } = options
  const verdict: ReadVerdict = { read: 0, reread: 0, skipped: 0 }
  for (const [group, own] of topics) {
    const known = new Set<string>()
    const maybe = new Set<string>()
    for (const note of reads) {
      if (note.group !== group) continue
      if (note.verdict === 'unclear') {
        maybe.add(note.id)
        continue
      }
      verdict.read++
      if (known.has(note.id)) verdict.reread++
      known.add(note.id)
    }
    // What compaction took before a group came to it cannot be told from what a move made it skip.
    const isDue = ({ verdict: said, topic }: WriteNote) => said === 'kept' && own.includes(topic) && !isCompacted(topic)
    verdict.skipped += writes.filter((note) => isDue(note) && !known.has(note.id) && !maybe.has(note.id)).length
  }
  return verdict
}

function byPartition(writes: readonly WriteNote[]): Map<string, WriteNote[]> {
  const partitions = new Map<string, WriteNote[]>()
  for (const note of writes) {
    const name = `${note.topic}/${note.partition}`
    const known = partitions.get(name)
    if (known === undefined) partitions.set(name, [note])
    else known.push(note)
  }
  return partitions
}
