import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { LoggedRecord } from './record-log.ts'

/** Records with their keys and values, by partition (`topic/partition`), in offset order, as the Java reader sees them. */
export type ContentLog = ReadonlyMap<string, ContentRecord[]>

export interface ContentRecord extends LoggedRecord {
  readonly key: string | null
  /** Null: a tombstone. */
  readonly value: string | null
}

/** Lines `topic partition offset timestamp digest key value`, the last two in base64. */
export async function loadContents(file: string): Promise<ContentLog> {
  const log = new Map<string, ContentRecord[]>()
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [topic, partition, offset, timestamp, digest = '', key = '-', value = '-'] = line.split(' ')
    const name = `${topic}/${partition}`
    const records = log.get(name) ?? []
    log.set(name, records)
    records.push({
      offset: Number(offset),
      timestamp: Number(timestamp),
      digest,
      key: decode(key),
      value: decode(value),
    })
  }
  return log
}

function decode(text: string): string | null {
  return text === '-' ? null : Buffer.from(text, 'base64').toString('latin1')
}

export interface LatestComparison {
  /** Keys that have a value at the source. */
  readonly keys: number
  /** Of them without a value on the target. */
  readonly missing: number
  /** Of them with another value than the latest. */
  readonly stale: number
  /** Keys that have a value on the target and none at the source. */
  readonly resurrected: number
}

/** What a reader of a compacted topic makes of it: the latest value of each key, where it is not a tombstone. */
export function compareLatest(source: ContentLog, target: ContentLog): LatestComparison {
  const wanted = latestOf(source)
  const found = latestOf(target)
  let missing = 0
  let stale = 0
  for (const [key, value] of wanted) {
    const there = found.get(key)
    if (there === undefined) missing++
    else if (there !== value) stale++
  }
  return { keys: wanted.size, missing, stale, resurrected: [...found.keys()].filter((key) => !wanted.has(key)).length }
}

function latestOf(log: ContentLog): Map<string, string> {
  const latest = new Map<string, string>()
  for (const [partition, records] of log) {
    for (const { key, value } of records) {
      const id = `${partition} ${key ?? ''}`
      if (value === null) latest.delete(id)
      else latest.set(id, value)
    }
  }
  return latest
}

/** Offsets without a record between the first and the last one. */
export function countHoles(log: ContentLog): number {
  let holes = 0
  for (const records of log.values()) {
    const [first, last] = [records[0], records.at(-1)]
    if (first !== undefined && last !== undefined) holes += last.offset - first.offset + 1 - records.length
  }
  return holes
}
