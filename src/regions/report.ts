import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { isName, type RegionName, regionName } from '../core/index.ts'
import { type CopySum, decodeCopies, encodeCopies } from './copy-sum.ts'
import type { HealthLevel } from './health.ts'

/**
 * What one vantage point tells the others about all regions. Reports travel as the values of canary records: whoever
 * reads its own canary back finds the reports of the others in front of it, so whatever region two vantage points both
 * reach lets them hear each other, and nothing else is needed for it.
 */
export interface VantageReport {
  readonly vantage: string
  /** The region it runs in; null for none. */
  readonly standsIn: RegionName | null
  /** Grows with each report of a vantage point, over restarts too as long as its clock does not go back. */
  readonly sequence: number
  /** Why it does not trust itself; null where it does. */
  readonly doubt: string | null
  /** By region; one without a level yet is left out. */
  readonly sees: ReadonlyMap<RegionName, HealthLevel>
  /** By link, what it copies itself. @defaultValue nothing, as versions tell that do not know of it */
  readonly copies?: ReadonlyMap<string, CopySum>
}

/** A report, and how old it is: by the broker's clock when it was read, by the monotonic one since. */
export interface HeardReport {
  readonly report: VantageReport
  readonly ageMs: number
}

const FORMAT = 1
const REGIONS_MAX = 1_000
const TEXT_MAX = 300

const text = Type.String({ maxLength: TEXT_MAX })
const ReportRecord = Type.Object({
  format: Type.Literal(FORMAT),
  vantage: Type.String({ minLength: 1, maxLength: TEXT_MAX }),
  standsIn: Type.Union([Type.Null(), text]),
  sequence: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  doubt: Type.Union([Type.Null(), text]),
  sees: Type.Record(Type.String(), Type.Enum(['healthy', 'degraded', 'suspect', 'down']), {
    maxProperties: REGIONS_MAX,
  }),
  // Looked at by itself: what is wrong with it takes no vote away.
  copies: Type.Optional(Type.Unknown()),
})

export function encodeReport({ doubt, sees, copies, ...rest }: VantageReport): Buffer {
  const views = { sees: Object.fromEntries(sees), copies: copies && encodeCopies(copies) }
  const record = { format: FORMAT, ...rest, doubt: doubt?.slice(0, TEXT_MAX) ?? null, ...views }
  return Buffer.from(JSON.stringify(record))
}

/** Undefined for what is no report: anybody with the right to write to the topic may have written it. */
export function decodeReport(value: Buffer | null): VantageReport | undefined {
  const record = parse(value)
  if (!Value.Check(ReportRecord, record)) return undefined
  const { vantage, standsIn, sequence, doubt, sees } = record
  const names = [...Object.keys(sees), ...(standsIn === null ? [] : [standsIn])]
  if (!names.every(isName)) return undefined
  const views = Object.entries(sees).map(([name, level]) => [regionName(name), level] as const)
  const stands = standsIn === null ? null : regionName(standsIn)
  const copies = decodeCopies(record.copies)
  return { vantage, standsIn: stands, sequence, doubt, sees: new Map(views), ...(copies && { copies }) }
}

function parse(value: Buffer | null): unknown {
  try {
    return value === null ? undefined : JSON.parse(value.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
