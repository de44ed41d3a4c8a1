/**
 * Tumbling windows: pure arithmetic. A window starts at a multiple of its length, in event time, and holds
 * `start <= at < start + length`. Sums are kept in thousandths as whole numbers, so that the order in which readings
 * arrive never changes a mean, and aggregates of parts can be merged exactly.
 */
import type { SensorReading } from './schemas.ts'

export interface WindowOptions {
  /** Length of a window, milliseconds. */
  readonly windowMs: number
  /** How long after its end, in the event time of the device, a window still takes late readings, milliseconds. */
  readonly graceMs: number
}

/** What the state of one partition is kept by. */
export interface StateOptions extends WindowOptions {
  /** How long a window of a site takes readings, in the event time of the site and kind, milliseconds. */
  readonly siteRetentionMs: number
  readonly partition: number
}

export const DEFAULT_WINDOWS: WindowOptions = { windowMs: 10_000, graceMs: 5_000 }

export interface LastReading {
  readonly value: number
  readonly at: number
  readonly deviceId: string
  readonly sequence: number
}

export interface Aggregate {
  readonly windowStart: number
  readonly count: number
  readonly sumThousandths: number
  readonly min: number
  readonly max: number
  /** The latest by event time; device and sequence decide between equal times. */
  readonly last: LastReading
}

export function windowStartOf(at: number, windowMs: number): number {
  return Math.floor(at / windowMs) * windowMs
}

/** True where the window will take no more readings, once the device has been at `watermark`. */
export function isWindowClosed(windowStart: number, watermark: number, { windowMs, graceMs }: WindowOptions): boolean {
  return windowStart + windowMs + graceMs <= watermark
}

export function aggregateOf(reading: SensorReading, windowMs: number): Aggregate {
  const { value, at, deviceId, sequence } = reading
  return {
    windowStart: windowStartOf(at, windowMs),
    count: 1,
    sumThousandths: Math.round(value * 1000),
    min: value,
    max: value,
    last: { value, at, deviceId, sequence },
  }
}

/** Of the same window; the order does not matter. */
export function mergeAggregates(one: Aggregate, other: Aggregate): Aggregate {
  return {
    windowStart: one.windowStart,
    count: one.count + other.count,
    sumThousandths: one.sumThousandths + other.sumThousandths,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
    last: isLater(other.last, one.last) ? other.last : one.last,
  }
}

export function meanOf({ sumThousandths, count }: Aggregate): number {
  return sumThousandths / count / 1000
}

function isLater(one: LastReading, other: LastReading): boolean {
  if (one.at !== other.at) return one.at > other.at
  if (one.deviceId !== other.deviceId) return one.deviceId > other.deviceId
  return one.sequence > other.sequence
}
