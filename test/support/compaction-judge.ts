import type { LoggedRecord, RecordLog } from './record-log.ts'

/**
 * Judges a copy that is being compacted, and whose source is too: neither side holds all records any more, and not the
 * same ones. What still holds is judged against everything that was ever acknowledged: each record of the copy is one
 * of those, once, and in their order.
 */
export interface CompactedVerdict {
  readonly compared: number
  /** In the copy more often than it was written. */
  readonly repeated: number
  /** In the copy behind a record that was written later. */
  readonly reordered: number
  /** In the copy and never acknowledged. */
  readonly unproduced: number
  /** Where the records of each partition came from, in the order of the copy. */
  readonly origins: ReadonlyMap<string, readonly Origin[]>
}

export interface Origin {
  readonly source: number
  readonly target: number
}

export function judgeCompacted(produced: RecordLog, copy: RecordLog): CompactedVerdict {
  const total = { compared: 0, repeated: 0, reordered: 0, unproduced: 0 }
  const origins = new Map<string, Origin[]>()
  for (const [partition, records] of copy) {
    const places = placesOf(produced.get(partition) ?? [])
    const found: Origin[] = []
    let last = -1
    for (const record of records) {
      total.compared++
      const left = places.get(identity(record))
      if (left === undefined) {
        total.unproduced++
        continue
      }
      // Equal records, such as tombstones of one key in one millisecond, are told apart by their order alone.
      const next = left.findIndex((offset) => offset > last)
      if (next < 0) total[left.length === 0 ? 'repeated' : 'reordered']++
      const [source] = left.splice(0, next < 0 ? 1 : next + 1).slice(-1)
      if (source === undefined || next < 0) continue
      last = source
      found.push({ source, target: record.offset })
    }
    origins.set(partition, found)
  }
  return { ...total, origins }
}

/** Whether a position and its translation stand between the same records: none is skipped, and none met again. */
export function isSamePlace(origins: readonly Origin[], { source, target }: Origin): boolean {
  return origins.every((origin) => origin.source < source === origin.target < target)
}

function placesOf(records: readonly LoggedRecord[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const record of records) {
    const known = places.get(identity(record))
    if (known === undefined) places.set(identity(record), [record.offset])
    else known.push(record.offset)
  }
  return places
}

function identity({ timestamp, digest }: LoggedRecord): string {
  return `${timestamp} ${digest}`
}
