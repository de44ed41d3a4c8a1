import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Records by partition (`topic/partition`), in offset order, as the Java reader and producers write them down. */
export type RecordLog = ReadonlyMap<string, LoggedRecord[]>

export interface LoggedRecord {
  readonly offset: number
  readonly timestamp: number
  /** Of key, value and headers. */
  readonly digest: string
}

/** Lines `topic partition offset timestamp digest` of a reader. */
export function loadReading(file: string): Promise<RecordLog> {
  return load(file, ([, , offset, timestamp, digest]) => ({ offset, timestamp, digest }))
}

/** Lines `topic partition offset digest timestamp` of a producer; several files make one log. */
export async function loadProduced(files: readonly string[]): Promise<RecordLog> {
  const all = new Map<string, LoggedRecord[]>()
  for (const file of files) {
    const one = await load(file, ([, , offset, digest, timestamp]) => ({ offset, timestamp, digest }))
    for (const [partition, records] of one) all.set(partition, [...(all.get(partition) ?? []), ...records])
  }
  for (const records of all.values()) records.sort((a, b) => a.offset - b.offset)
  return all
}

type Fields = { offset: string | undefined; timestamp: string | undefined; digest: string | undefined }

async function load(file: string, pick: (words: string[]) => Fields): Promise<RecordLog> {
  const log = new Map<string, LoggedRecord[]>()
  if (!existsSync(file)) throw new Error(`${file} was not written`)
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const words = line.split(' ')
    const { offset, timestamp, digest } = pick(words)
    if (offset === undefined || timestamp === undefined || digest === undefined) throw new Error(`bad line: ${line}`)
    const partition = `${words[0]}/${words[1]}`
    const records = log.get(partition)
    const record = { offset: Number(offset), timestamp: Number(timestamp), digest }
    if (records === undefined) log.set(partition, [record])
    else records.push(record)
  }
  return log
}

export interface Comparison {
  compared: number
  lost: number
  repeated: number
  reordered: number
  different: number
}

/**
 * Compares two logs record by record; offsets are left out, everything a reader sees is not.
 *
 * `lost`: in the source more often than in the target. `repeated`: in the target more often. `different`: in the target
 * and not in the source at all. `reordered`: pairs of neighbours in the target that stand the other way in the source.
 */
export function compareLogs(source: RecordLog, target: RecordLog): Comparison {
  const total: Comparison = { compared: 0, lost: 0, repeated: 0, reordered: 0, different: 0 }
  for (const partition of new Set([...source.keys(), ...target.keys()])) {
    const one = compareSequences(source.get(partition) ?? [], target.get(partition) ?? [])
    for (const name of Object.keys(total) as (keyof Comparison)[]) total[name] += one[name]
  }
  return total
}

function compareSequences(source: readonly LoggedRecord[], target: readonly LoggedRecord[]): Comparison {
  const result: Comparison = {
    compared: Math.min(source.length, target.length),
    lost: 0,
    repeated: 0,
    reordered: 0,
    different: 0,
  }
  const isEqual =
    source.length === target.length && source.every((record, at) => identity(record) === identity(target[at]))
  if (isEqual) return result

  const places = new Map<string, number[]>()
  for (const [at, record] of source.entries()) {
    const known = places.get(identity(record))
    if (known === undefined) places.set(identity(record), [at])
    else known.push(at)
  }
  const used = new Map<string, number>()
  let previous = -1
  for (const record of target) {
    const id = identity(record)
    const known = places.get(id)
    if (known === undefined) {
      result.different++
      continue
    }
    const nth = used.get(id) ?? 0
    used.set(id, nth + 1)
    const at = known[nth]
    if (at === undefined) {
      result.repeated++
      continue
    }
    if (at < previous) result.reordered++
    previous = at
  }
  for (const [id, known] of places) result.lost += Math.max(0, known.length - (used.get(id) ?? 0))
  return result
}

function identity(record: LoggedRecord | undefined): string {
  return record === undefined ? '' : `${record.timestamp} ${record.digest}`
}

export function countRecords(log: RecordLog): number {
  let count = 0
  for (const records of log.values()) count += records.length
  return count
}
