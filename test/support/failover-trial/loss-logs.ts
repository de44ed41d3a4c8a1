import type { TrialRegion } from './trial-regions.ts'
import type { StoredLog, StoredRecord } from './oracle.ts'

/** Records of one log that another lacks, by partition; told by key and value, each as often as it is there. */
export function subtractLogs(whole: StoredLog, part: StoredLog): Map<string, StoredRecord[]> {
  const missing = new Map<string, StoredRecord[]>()
  for (const [partition, records] of whole) {
    const there = countOf(part.get(partition) ?? [])
    const left = records.filter((record) => !take(there, record))
    if (left.length > 0) missing.set(partition, left)
  }
  return missing
}

/** How many of these records stand in a log exactly once, whatever its partitions. */
export function countOnce(records: readonly StoredRecord[], log: StoredLog): number {
  const there = countOf([...log.values()].flat())
  return records.filter((record) => there.get(textOf(record)) === 1).length
}

/** What tells that a partition was copied again: the id of its topic, and where its log begins. */
export async function readOrigins(
  { admin }: TrialRegion,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { topics: found } = await admin.metadata(topics, signal)
  const ids = new Map(found.map(({ name, topicId }) => [name, topicId]))
  const partitions = found.flatMap(({ name: topic, partitions: own }) => {
    return own.map(({ partition }) => ({ topic, partition, timestamp: -2 }))
  })
  const starts = await admin.listOffsets({ isolation: 'read_uncommitted', partitions }, signal)
  return new Map(starts.map(({ topic, partition, offset }) => [`${topic}/${partition}`, `${ids.get(topic)} ${offset}`]))
}

function countOf(records: readonly StoredRecord[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const record of records) counts.set(textOf(record), (counts.get(textOf(record)) ?? 0) + 1)
  return counts
}

function take(counts: Map<string, number>, record: StoredRecord): boolean {
  const left = counts.get(textOf(record)) ?? 0
  if (left === 0) return false
  counts.set(textOf(record), left - 1)
  return true
}

function textOf({ key, id }: StoredRecord): string {
  return `${key.length} ${key} ${id}`
}
