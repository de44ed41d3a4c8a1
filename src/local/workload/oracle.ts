/**
 * What the analytics must come to: the aggregates recomputed from the readings alone, with arithmetic of its own (sort,
 * group, reduce), and the comparison with what was published.
 */
import { type AggregateRecord, aggregateKey } from './aggregates.ts'
import type { SensorReading } from './schemas.ts'
import type { WindowOptions } from './windows.ts'

/** A window of a device, or of all devices of a site and kind. */
export interface WindowTotals {
  /** `device:<id>:<start>` or `site:<site>/<kind>:<start>`. */
  readonly key: string
  readonly count: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly last: number
}

/**
 * @param readings - every reading the analytics can meet, in any order, repeats allowed
 */
export function computeAggregates(readings: readonly SensorReading[], options: WindowOptions): WindowTotals[] {
  const windows = new Map<string, SensorReading[]>()
  const add = (key: string, reading: SensorReading) => {
    const members = windows.get(key)
    if (members === undefined) windows.set(key, [reading])
    else members.push(reading)
  }
  for (const sequence of groupByDevice(readings).values()) {
    for (const reading of dropLate(sequence, options)) {
      const start = reading.at - (reading.at % options.windowMs)
      add(`device:${reading.deviceId}:${start}`, reading)
      add(`site:${reading.site}/${reading.kind}:${start}`, reading)
    }
  }
  return [...windows].map(([key, members]) => totalsOf(key, members)).sort(byKey)
}

/** Reads published aggregates, in the order of their log, down to the last state of each window, sites put together. */
export function foldAggregates(records: readonly AggregateRecord[]): WindowTotals[] {
  const lastByKey = new Map<string, AggregateRecord>()
  for (const record of records) lastByKey.set(aggregateKey(record), record)
  const parts = new Map<string, AggregateRecord[]>()
  for (const record of lastByKey.values()) {
    const key = `${record.scope}:${record.subject}:${record.windowStart}`
    parts.set(key, [...(parts.get(key) ?? []), record])
  }
  return [...parts].map(([key, members]) => foldParts(key, members)).sort(byKey)
}

export interface AggregateDifference {
  readonly key: string
  readonly field: 'count' | 'min' | 'max' | 'mean' | 'last' | 'missing' | 'unexpected'
  readonly actual: number | undefined
  readonly expected: number | undefined
}

export interface AggregateComparison {
  readonly isEqual: boolean
  /** Windows that are the same on both sides. */
  readonly equal: number
  readonly differences: readonly AggregateDifference[]
  /** One sentence, with the first difference. */
  readonly reason: string
}

/** Compares what was published with what the oracle expects, window by window and exactly. */
export function compareAggregates(
  actual: readonly AggregateRecord[],
  expected: readonly WindowTotals[],
): AggregateComparison {
  const found = new Map(foldAggregates(actual).map((totals) => [totals.key, totals]))
  const differences: AggregateDifference[] = []
  let equal = 0
  for (const totals of expected) {
    const different = differencesOf(found.get(totals.key), totals)
    found.delete(totals.key)
    differences.push(...different)
    if (different.length === 0) equal++
  }
  for (const { key, count } of found.values()) {
    differences.push({ key, field: 'unexpected', actual: count, expected: undefined })
  }
  return { isEqual: differences.length === 0, equal, differences, reason: describeDifferences(equal, differences) }
}

function describeDifferences(equal: number, differences: readonly AggregateDifference[]): string {
  const [first] = differences
  if (first === undefined) return `all ${equal} windows are equal`
  const { key, field, actual, expected } = first
  return `${equal} windows are equal, ${differences.length} differences; first: ${key} ${field} is ${actual}, expected ${expected}`
}

function differencesOf(actual: WindowTotals | undefined, expected: WindowTotals): AggregateDifference[] {
  const { key } = expected
  if (actual === undefined) return [{ key, field: 'missing', actual: undefined, expected: expected.count }]
  return (['count', 'min', 'max', 'mean', 'last'] as const)
    .filter((field) => actual[field] !== expected[field])
    .map((field) => ({ key, field, actual: actual[field], expected: expected[field] }))
}

function groupByDevice(readings: readonly SensorReading[]): Map<string, SensorReading[]> {
  const devices = new Map<string, Map<number, SensorReading>>()
  for (const reading of readings) {
    const device = devices.get(reading.deviceId) ?? new Map<number, SensorReading>()
    devices.set(reading.deviceId, device.set(reading.sequence, reading))
  }
  return new Map(
    [...devices].map(([id, device]) => [id, [...device.values()].sort((one, other) => one.sequence - other.sequence)]),
  )
}

/** A reading is late when its window ended longer than the grace period before an earlier reading of the device. */
function dropLate(sequence: readonly SensorReading[], { windowMs, graceMs }: WindowOptions): SensorReading[] {
  let latest = 0
  return sequence.filter(({ at }) => {
    latest = Math.max(latest, at)
    const end = at - (at % windowMs) + windowMs
    return end + graceMs > latest
  })
}

function totalsOf(key: string, members: readonly SensorReading[]): WindowTotals {
  const values = members.map((reading) => reading.value)
  const sum = values.reduce((total, value) => total + Math.round(value * 1000), 0)
  const [last] = members.toSorted(
    (one, other) => other.at - one.at || compareText(other.deviceId, one.deviceId) || other.sequence - one.sequence,
  )
  return {
    key,
    count: members.length,
    min: values.reduce((least, value) => Math.min(least, value)),
    max: values.reduce((most, value) => Math.max(most, value)),
    mean: sum / members.length / 1000,
    last: last?.value ?? Number.NaN,
  }
}

function foldParts(key: string, parts: readonly AggregateRecord[]): WindowTotals {
  const count = parts.reduce((total, part) => total + part.count, 0)
  const [latest] = parts.toSorted(
    (one, other) => other.last.at - one.last.at || compareText(other.last.deviceId, one.last.deviceId),
  )
  return {
    key,
    count,
    min: Math.min(...parts.map((part) => part.min)),
    max: Math.max(...parts.map((part) => part.max)),
    mean: parts.reduce((total, part) => total + part.sumThousandths, 0) / count / 1000,
    last: latest?.last.value ?? Number.NaN,
  }
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function byKey(one: WindowTotals, other: WindowTotals): number {
  return compareText(one.key, other.key)
}
