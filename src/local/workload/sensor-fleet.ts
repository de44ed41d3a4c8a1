import type { Kafka } from 'kafkajs'
import { type Clock, type Random, systemClock, systemRandom } from '../../core/index.ts'
import { toDeadLetter } from './dead-letters.ts'
import { createReadingGenerator, type GeneratedRecord } from './reading-generator.ts'
import { RecordSource, type SourceItem, type SourceStats } from './record-source.ts'
import { readingRecords, SCHEMA_VERSION_HEADER, type SensorReading } from './schemas.ts'
import { sumStats } from './stats.ts'
import { TOPICS } from './topics.ts'

export interface SensorFleetOptions {
  /** The same seed gives the same values. @defaultValue 1 */
  readonly seed?: number
  /** Every site is a source with a producer of its own. @defaultValue three sites */
  readonly sites?: readonly string[]
  /** @defaultValue 12 */
  readonly devicesPerSite?: number
  /** Readings a second of the whole fleet. @defaultValue 60 */
  readonly ratePerSecond?: number
  /** Pause between two sends of a site, milliseconds. @defaultValue 100 */
  readonly lingerMs?: number
  /** Most records of one send. @defaultValue 500 */
  readonly batchMax?: number
  /** Most records a site keeps while its region does not answer. @defaultValue 20000 */
  readonly bufferMax?: number
  /** Share of readings followed by a broken copy. @defaultValue 0.005 */
  readonly malformedShare?: number
  /** @defaultValue 0.003 */
  readonly anomalyShare?: number
  /** @defaultValue 0.02 */
  readonly lateShare?: number
  /** @defaultValue 12000 */
  readonly lateMostMs?: number
  /** Readings of a device in schema version 1 before it sends version 2; undefined for never. @defaultValue 50 */
  readonly growAfterReadings?: number | undefined
  /**
   * First sequence number of every device. Sequence numbers must rise over restarts of the process, or the analytics
   * takes new readings for repeated ones. @defaultValue the time of construction, milliseconds since 1970
   */
  readonly firstSequence?: number
  readonly clock?: Clock
  readonly random?: Random
  /** The well-formed readings of each acknowledged send, in order, for an oracle. */
  onAcknowledged?(readings: readonly SensorReading[]): void
}

interface FleetItem extends SourceItem {
  /** Undefined for a malformed record. */
  readonly reading: SensorReading | undefined
}

/**
 * A fleet of devices at several sites that sends readings to `sensors.readings`, keyed by device. A move to another
 * region is `stop`, then `start` with that region's client: sequence numbers and unacknowledged readings go along.
 */
export class SensorFleet implements AsyncDisposable {
  readonly #sources: readonly RecordSource<FleetItem>[]

  constructor(options: SensorFleetOptions = {}) {
    const sites = options.sites ?? ['harbour', 'mill', 'quarry']
    const clock = options.clock ?? systemClock
    const firstSequence = options.firstSequence ?? clock.nowMs()
    this.#sources = sites.map((site) => createSiteSource(site, sites.length, { ...options, clock, firstSequence }))
  }

  get stats(): SourceStats {
    return sumStats(this.#sources.map((source) => source.stats))
  }

  /** @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  async start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    const started = await Promise.allSettled(this.#sources.map((source) => source.start(kafka, signal)))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    await this.stop()
    throw failed.reason
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.stop()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

type SiteOptions = SensorFleetOptions & { readonly clock: Clock; readonly firstSequence: number }

function createSiteSource(site: string, sites: number, options: SiteOptions): RecordSource<FleetItem> {
  const generator = createReadingGenerator({
    seed: options.seed ?? 1,
    site,
    devices: options.devicesPerSite ?? 12,
    firstSequence: options.firstSequence,
    malformedShare: options.malformedShare ?? 0.005,
    anomalyShare: options.anomalyShare ?? 0.003,
    lateShare: options.lateShare ?? 0.02,
    lateMostMs: options.lateMostMs ?? 12_000,
    growAfterReadings: 'growAfterReadings' in options ? options.growAfterReadings : 50,
  })
  const source = `sensor-fleet/${site}`
  return new RecordSource<FleetItem>({
    name: source,
    ratePerSecond: (options.ratePerSecond ?? 60) / sites,
    lingerMs: options.lingerMs ?? 100,
    batchMax: options.batchMax ?? 500,
    bufferMax: options.bufferMax ?? 20_000,
    clock: options.clock,
    random: options.random ?? systemRandom,
    generate: (atMs) => generator.next(atMs).map((record) => toFleetItem(record, source)),
    onAcknowledged: (items) => {
      const readings = items.flatMap((item) => item.reading ?? [])
      if (readings.length > 0) options.onAcknowledged?.(readings)
    },
  })
}

/** Checks a record against its schema, and sends it to the dead letters where it fails. */
export function toFleetItem(record: GeneratedRecord, source: string): FleetItem {
  const headers = { [SCHEMA_VERSION_HEADER]: String(record.version) }
  const key = record.kind === 'reading' ? record.reading.deviceId : record.deviceId
  const value = record.kind === 'reading' ? JSON.stringify(record.reading) : record.value
  const reading = record.kind === 'reading' ? record.reading : undefined
  const message = { topic: TOPICS.readings, key, value, headers }
  if (record.kind === 'malformed' && !record.isChecked) return { record: message, isDeadLetter: false, reading }
  const checked = readingRecords.checkBytes(Buffer.from(value), String(record.version))
  if (checked.ok) return { record: message, isDeadLetter: false, reading }
  return {
    record: toDeadLetter(message, checked.refusal, { kind: 'source', source }),
    isDeadLetter: true,
    reading: undefined,
  }
}
