import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type BatchHeader, type DecodedRecord, readBatches } from '../../../../src/kafka/records/index.ts'

/** A record as the Java consumer read it; bytes in base64, long values as `sha256:` and a digest. */
export interface GoldenRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

/** A partition's log segments as the broker wrote them, and what the Java consumer read from it. */
export interface Golden {
  readonly log: Buffer
  readonly batches: readonly BatchHeader[]
  /** Read uncommitted. */
  readonly records: readonly GoldenRecord[]
  readonly committed: readonly GoldenRecord[]
}

/** Made by golden/WriteGolden.java. */
export function readGolden(name: string): Golden {
  const json = JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8'))
  const log = Buffer.from(json.log, 'base64')
  return { log, batches: [...readBatches(log)], records: json.records, committed: json.committed }
}

export function describeRecord(record: DecodedRecord): GoldenRecord {
  const { offset, timestamp, key, value, headers } = record
  const isLong = value !== null && value.length > 200
  return {
    offset,
    timestamp,
    key: toBase64(key),
    value: isLong ? `sha256:${createHash('sha256').update(value).digest('hex')}` : toBase64(value),
    headers: headers.map(([name, content]) => [name.toString(), toBase64(content)]),
  }
}

function toBase64(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64')
}
