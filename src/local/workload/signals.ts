/** Shapes of the measured values: a daily curve, noise, and now and then an anomaly. All pure, driven by a `Random`. */
import type { Random } from '../../core/index.ts'
import type { SensorKind } from './schemas.ts'

const DAY_MS = 86_400_000

/** What values of one kind look like, and the limits beyond which a value raises an alert. */
export interface Signal {
  readonly unit: string
  readonly mean: number
  /** Half the difference of the daily highest and lowest. */
  readonly swing: number
  /** Hour (UTC) of the daily highest. */
  readonly peakHour: number
  /** Largest noise in either direction. */
  readonly noise: number
  /** Least and most that a device can report. */
  readonly range: readonly [number, number]
  /** Below or above it, an alert. */
  readonly limits: readonly [number, number]
  /** What an anomaly adds. */
  readonly anomaly: number
}

export const SIGNALS: Readonly<Record<SensorKind, Signal>> = {
  temperature: {
    unit: 'C',
    mean: 19,
    swing: 7,
    peakHour: 15,
    noise: 0.8,
    range: [-60, 150],
    limits: [-20, 45],
    anomaly: 38,
  },
  humidity: { unit: '%', mean: 58, swing: 18, peakHour: 4, noise: 3, range: [0, 100], limits: [10, 92], anomaly: 60 },
  pressure: {
    unit: 'hPa',
    mean: 1013,
    swing: 3,
    peakHour: 10,
    noise: 0.6,
    range: [850, 1100],
    limits: [975, 1050],
    anomaly: -52,
  },
  vibration: {
    unit: 'mm/s',
    mean: 2.6,
    swing: 1.1,
    peakHour: 11,
    noise: 0.7,
    range: [0, 60],
    limits: [0, 11],
    anomaly: 14,
  },
}

/** The curve of the day at `atMs`, between -1 and 1. */
export function dailyCurve(atMs: number, peakHour: number): number {
  return Math.cos(((atMs % DAY_MS) / DAY_MS - peakHour / 24) * 2 * Math.PI)
}

/** A value with three decimals. Takes one number from `random`; an anomaly is the caller's choice. */
export function sampleSignal(signal: Signal, atMs: number, random: Random, isAnomaly: boolean): number {
  const noise = (random.next() * 2 - 1) * signal.noise
  const value =
    signal.mean + signal.swing * dailyCurve(atMs, signal.peakHour) + noise + (isAnomaly ? signal.anomaly : 0)
  return roundThousandths(Math.min(signal.range[1], Math.max(signal.range[0], value)))
}

export function roundThousandths(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** A seed of its own for each part of a run: FNV-1a over the name, mixed with the seed of the run. */
export function seedFor(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
