import type { Kafka } from 'kafkajs'
import { type AnalyticsStats, SensorAnalytics, type SensorAnalyticsOptions } from './analytics.ts'
import type { OutgoingRecord, ReadBatch } from './records.ts'
import type { SourceStats } from './record-source.ts'
import { SensorFleet, type SensorFleetOptions } from './sensor-fleet.ts'
import { WeatherStream, type WeatherStreamOptions } from './weather-stream.ts'
import { WeatherWatch, type WeatherWatchStats } from './weather-watch.ts'

export interface SensorWorkloadOptions {
  readonly fleet?: SensorFleetOptions
  readonly weather?: WeatherStreamOptions
  readonly analytics?: SensorAnalyticsOptions
  /** Told of each batch that a consumer is about to process. */
  onRead?(batch: ReadBatch): void
  /** Told of what the consumers have made of it, once it is in the region: aggregates, alerts, dead letters. */
  onCommitted?(records: readonly OutgoingRecord[]): void
}

export interface WorkloadStats {
  readonly fleet: SourceStats
  readonly weather: SourceStats
  readonly analytics: AnalyticsStats
  readonly watch: WeatherWatchStats
}

/** The whole workload: producers and consumers that run against one region at a time. */
export class SensorWorkload implements AsyncDisposable {
  readonly fleet: SensorFleet
  readonly weather: WeatherStream
  readonly analytics: SensorAnalytics
  readonly watch: WeatherWatch

  constructor(options: SensorWorkloadOptions = {}) {
    this.fleet = new SensorFleet(options.fleet)
    this.weather = new WeatherStream(options.weather)
    const { clock } = options.analytics ?? {}
    const onRead = (batch: ReadBatch) => options.onRead?.(batch)
    const onCommitted = (records: readonly OutgoingRecord[]) => options.onCommitted?.(records)
    this.analytics = new SensorAnalytics({ ...options.analytics, onRead, onCommitted })
    this.watch = new WeatherWatch({ ...(clock !== undefined && { clock }), onRead, onCommitted })
  }

  get stats(): WorkloadStats {
    return {
      fleet: this.fleet.stats,
      weather: this.weather.stats,
      analytics: this.analytics.stats,
      watch: this.watch.stats,
    }
  }

  /** The topics must exist. @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  async start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    const parts = [this.analytics, this.watch, this.fleet, this.weather]
    const started = await Promise.allSettled(parts.map((part) => part.start(kafka, signal)))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed === undefined) return
    await this.stop()
    throw failed.reason
  }

  /** Producers first. */
  async stop(): Promise<void> {
    await Promise.all([this.fleet.stop(), this.weather.stop()])
    await Promise.all([this.analytics.stop(), this.watch.stop()])
  }

  /** Moves every client to another region: `stop`, then `start`. */
  async moveTo(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    await this.stop()
    await this.start(kafka, signal)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
