import type { Kafka } from 'kafkajs'
import { type Clock, invariant, type Random, seededRandom, systemClock, systemRandom } from '../../core/index.ts'
import { toDeadLetter } from './dead-letters.ts'
import { RecordSource, type SourceItem, type SourceStats } from './record-source.ts'
import { SCHEMA_VERSION_HEADER, type WeatherObservation, weatherRecords } from './schemas.ts'
import { dailyCurve, roundThousandths, seedFor } from './signals.ts'
import { TOPICS } from './topics.ts'

export interface WeatherStreamOptions {
  /** @defaultValue 1 */
  readonly seed?: number
  /** @defaultValue four stations */
  readonly stations?: readonly string[]
  /** Observations a second of all stations. @defaultValue 4 */
  readonly ratePerSecond?: number
  /** @defaultValue 250 */
  readonly lingerMs?: number
  /** @defaultValue 5000 */
  readonly bufferMax?: number
  /** Share of observations of a storm, a frost or a heat wave. @defaultValue 0.01 */
  readonly anomalyShare?: number
  /** First sequence number of every station. @defaultValue the time of construction, milliseconds since 1970 */
  readonly firstSequence?: number
  readonly clock?: Clock
  readonly random?: Random
  /** The observations of each acknowledged send, in order. */
  onAcknowledged?(observations: readonly WeatherObservation[]): void
}

interface WeatherItem extends SourceItem {
  readonly observation: WeatherObservation
}

/** Weather stations that send observations to `weather.observations`, keyed by station. Moves as the fleet does. */
export class WeatherStream implements AsyncDisposable {
  readonly #source: RecordSource<WeatherItem>

  constructor(options: WeatherStreamOptions = {}) {
    const clock = options.clock ?? systemClock
    const next = createWeatherGenerator({
      seed: options.seed ?? 1,
      stations: options.stations ?? ['north-cape', 'old-town', 'river-mouth', 'high-pass'],
      anomalyShare: options.anomalyShare ?? 0.01,
      firstSequence: options.firstSequence ?? clock.nowMs(),
    })
    this.#source = new RecordSource<WeatherItem>({
      name: 'weather-stream',
      ratePerSecond: options.ratePerSecond ?? 4,
      lingerMs: options.lingerMs ?? 250,
      batchMax: 500,
      bufferMax: options.bufferMax ?? 5_000,
      clock,
      random: options.random ?? systemRandom,
      generate: (atMs) => [toWeatherItem(next(atMs))],
      onAcknowledged: (items) =>
        options.onAcknowledged?.(items.filter((item) => !item.isDeadLetter).map((item) => item.observation)),
    })
  }

  get stats(): SourceStats {
    return this.#source.stats
  }

  /** @throws `WORKLOAD_RUNNING`, `WORKLOAD_UNREACHABLE` */
  start(kafka: Kafka, signal?: AbortSignal): Promise<void> {
    return this.#source.start(kafka, signal)
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

export interface WeatherGeneratorOptions {
  readonly seed: number
  readonly stations: readonly string[]
  readonly anomalyShare: number
  readonly firstSequence: number
}

/** The next observation of the next station in turn; each station has its own climate. */
export function createWeatherGenerator(options: WeatherGeneratorOptions): (atMs: number) => WeatherObservation {
  const stations = options.stations.map((stationId) => {
    const random = seededRandom(seedFor(options.seed, stationId))
    return { stationId, random, meanCelsius: 6 + random.next() * 12, sent: 0 }
  })
  let turn = 0
  return (atMs) => {
    const station = stations[turn++ % stations.length]
    invariant(station !== undefined, 'a weather stream without stations')
    const { random, meanCelsius, stationId } = station
    const noise = (most: number) => (random.next() * 2 - 1) * most
    const curve = dailyCurve(atMs, 15)
    const anomaly = random.next() < options.anomalyShare ? Math.floor(random.next() * 3) : -1
    const clamp = (value: number, least: number, most: number) =>
      roundThousandths(Math.min(most, Math.max(least, value)))
    return {
      stationId,
      at: atMs,
      sequence: options.firstSequence + station.sent++,
      temperatureCelsius: clamp(
        meanCelsius + 5 * curve + noise(0.7) + (anomaly === 1 ? -50 : anomaly === 2 ? 33 : 0),
        -60,
        60,
      ),
      humidityPercent: clamp(65 - 18 * curve + noise(4), 5, 100),
      pressureHectopascal: clamp(1012 + noise(1.5) - (anomaly === 0 ? 32 : 0), 940, 1060),
      windMetresPerSecond: clamp(4 + 2 * curve + noise(2.5) + (anomaly === 0 ? 27 : 0), 0, 70),
    }
  }
}

function toWeatherItem(observation: WeatherObservation): WeatherItem {
  const value = JSON.stringify(observation)
  const headers = { [SCHEMA_VERSION_HEADER]: '1' }
  const record = { topic: TOPICS.weather, key: observation.stationId, value, headers }
  const checked = weatherRecords.checkValue(observation, 1)
  if (checked.ok) return { record, isDeadLetter: false, observation }
  const origin = { kind: 'source', source: 'weather-stream' } as const
  return { record: toDeadLetter(record, checked.refusal, origin), isDeadLetter: true, observation }
}
