import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/**
 * Golden bytes: one exchange with a real broker a file, named by API and version. `input` is what our writer was
 * given, `request` and `response` are the bodies on the wire in hex, `output` is what our reader made of the answer.
 */
export interface Golden {
  readonly api: string
  readonly version: number
  readonly input: unknown
  readonly request: string
  readonly response: string
  readonly output: unknown
}

const FOLDER = new URL('../unit/kafka/wire/golden/', import.meta.url)

export function readGoldens(): Golden[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'), revive) as Golden)
}

export function writeGolden(golden: Golden): void {
  const file = new URL(`${golden.api}-v${golden.version}.json`, FOLDER)
  writeFileSync(file, `${JSON.stringify(plain(golden), null, 2)}\n`)
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (Buffer.isBuffer(value)) return { $hex: value.toString('hex') }
  if (value instanceof Map) return { $map: [...value].map(plain) }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]))
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('$bigint' in value) return BigInt(value.$bigint as string)
  if ('$hex' in value) return Buffer.from(value.$hex as string, 'hex')
  if ('$map' in value) return new Map(value.$map as [unknown, unknown][])
  return value
}
