import { isName, type RegionName, regionName } from '../core/index.ts'
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
}

/** A report, and how old it is: by the broker's clock when it was read, by the monotonic one since. */
export interface HeardReport {
  readonly report: VantageReport
  readonly ageMs: number
}

const FORMAT = 1
const LEVELS: readonly HealthLevel[] = ['healthy', 'degraded', 'suspect', 'down']
const REGIONS_MAX = 1_000
const TEXT_MAX = 300

export function encodeReport({ vantage, standsIn, sequence, doubt, sees }: VantageReport): Buffer {
  const text = doubt?.slice(0, TEXT_MAX) ?? null
  return Buffer.from(
    JSON.stringify({ format: FORMAT, vantage, standsIn, sequence, doubt: text, sees: Object.fromEntries(sees) }),
  )
}

/** Undefined for what is no report: anybody with the right to write to the topic may have written it. */
export function decodeReport(value: Buffer | null): VantageReport | undefined {
  const fields = parse(value)
  if (fields === undefined || fields['format'] !== FORMAT) return undefined
  const { vantage, standsIn, sequence, doubt, sees } = fields
  if (typeof vantage !== 'string' || vantage === '' || vantage.length > TEXT_MAX) return undefined
  if (standsIn !== null && !(typeof standsIn === 'string' && isName(standsIn))) return undefined
  if (!Number.isSafeInteger(sequence) || !isRecord(sees)) return undefined
  if (doubt !== null && typeof doubt !== 'string') return undefined
  const views = Object.entries(sees)
  if (views.length > REGIONS_MAX || !views.every(([name, level]) => isName(name) && isLevel(level))) return undefined
  return {
    vantage,
    standsIn: standsIn === null ? null : regionName(standsIn),
    sequence: sequence as number,
    doubt: doubt === null ? null : doubt.slice(0, TEXT_MAX),
    sees: new Map(views.map(([name, level]) => [regionName(name), level as HealthLevel])),
  }
}

function parse(value: Buffer | null): Record<string, unknown> | undefined {
  if (value === null) return undefined
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'))
    return isRecord(parsed) ? parsed : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isLevel(value: unknown): boolean {
  return LEVELS.includes(value as HealthLevel)
}
