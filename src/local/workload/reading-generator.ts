/**
 * The readings of one site, one after the other, from a seed: the same seed, times and options give the same records.
 *
 * A device measures one kind. Some readings come late (an event time before that of an earlier one), some lie outside
 * of their limits, and now and then a broken copy of a reading follows it. A broken copy is `checked` where the site
 * looks at what it sends and keeps it from the topic, and unchecked where an old gateway lets it through, so that a
 * reader meets it. Broken copies take no sequence number.
 */
import { randomBelow, type Random, seededRandom } from '../../core/index.ts'
import { SENSOR_KINDS, type SensorKind, type SensorReading } from './schemas.ts'
import { sampleSignal, seedFor, SIGNALS } from './signals.ts'

export interface ReadingGeneratorOptions {
  readonly seed: number
  readonly site: string
  readonly devices: number
  /** Sequence number of the first reading of every device. */
  readonly firstSequence: number
  /** Share of readings followed by a broken copy, 0 to 1. */
  readonly malformedShare: number
  /** Share of readings beyond their limits, 0 to 1. */
  readonly anomalyShare: number
  /** Share of readings with an event time in the past, 0 to 1. */
  readonly lateShare: number
  /** The most a late reading is late, milliseconds. */
  readonly lateMostMs: number
  /** A device sends schema version 2 after this many readings in version 1; undefined for never. */
  readonly growAfterReadings: number | undefined
}

export type GeneratedRecord =
  | { readonly kind: 'reading'; readonly reading: SensorReading; readonly version: number }
  | {
      readonly kind: 'malformed'
      readonly deviceId: string
      readonly value: string
      readonly version: number
      readonly isChecked: boolean
    }

export interface ReadingGenerator {
  /** The next reading of the next device in turn, measured at `atMs`, and what follows it. */
  next(atMs: number): GeneratedRecord[]
}

interface Device {
  readonly deviceId: string
  readonly kind: SensorKind
  sent: number
}

export function createReadingGenerator(options: ReadingGeneratorOptions): ReadingGenerator {
  const { site } = options
  const random = seededRandom(seedFor(options.seed, site))
  const devices = Array.from({ length: options.devices }, (_, index): Device => {
    const kind = SENSOR_KINDS[index % SENSOR_KINDS.length] ?? 'temperature'
    return { deviceId: `${site}-${kind}-${index + 1}`, kind, sent: 0 }
  })
  let turn = 0

  return {
    next(atMs) {
      const device = devices[turn++ % devices.length]
      if (device === undefined) return []
      const { reading, version } = nextReading(device, atMs, options, random)
      const records: GeneratedRecord[] = [{ kind: 'reading', reading, version }]
      if (random.next() < options.malformedShare) {
        const isChecked = random.next() < 0.5
        const value = breakReading(reading, randomBelow(random, 4))
        records.push({ kind: 'malformed', deviceId: device.deviceId, value, version, isChecked })
      }
      return records
    },
  }
}

function nextReading(device: Device, atMs: number, options: ReadingGeneratorOptions, random: Random) {
  const { deviceId, kind } = device
  const isLate = random.next() < options.lateShare
  const at = isLate ? Math.max(0, atMs - 1 - randomBelow(random, options.lateMostMs)) : atMs
  const value = sampleSignal(SIGNALS[kind], at, random, random.next() < options.anomalyShare)
  const version = options.growAfterReadings !== undefined && device.sent >= options.growAfterReadings ? 2 : 1
  const sequence = options.firstSequence + device.sent++
  const base = { deviceId, site: options.site, kind, value, unit: SIGNALS[kind].unit, at, sequence }
  // An optional field is sometimes absent: every fifth reading of version 2 comes without it.
  const reading: SensorReading = version === 2 && sequence % 5 !== 0 ? { ...base, battery: batteryOf(device) } : base
  return { reading, version }
}

/** A battery that drains by a point every 500 readings and is changed at 20. */
function batteryOf({ sent }: Device): number {
  return 100 - (Math.floor(sent / 500) % 80)
}

function breakReading(reading: SensorReading, way: number): string {
  switch (way) {
    case 0: {
      const { at: _, ...withoutTime } = reading
      return JSON.stringify(withoutTime)
    }
    case 1:
      return JSON.stringify({ ...reading, value: `${reading.value} ${reading.unit}` })
    case 2:
      return JSON.stringify({ ...reading, kind: 'radiation' })
    default:
      return JSON.stringify(reading).slice(0, -12)
  }
}
