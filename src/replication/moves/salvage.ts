import type { RegionName } from '../../core/index.ts'
import { type Cluster, type DecodedRecord, type TopicMetadata, errorName } from '../../kafka/index.ts'
import { replicationFaults } from '../faults.ts'
import { logStart, stableEnd } from '../flows/log-ends.ts'
import type { PartitionRef } from '../flows/raw-reader.ts'
import { ensureOwnTopic, KEPT_FOR_EVER, ownTopic } from '../shards/own-topic.ts'
import type { TargetLog } from '../shards/target-log.ts'
import { Pace } from '../verification/pace.ts'
import { CheckedTail } from './check-export.ts'
import type { ForkedPartition } from './forked-partitions.ts'
import type { MovesOptions } from './moves-options.ts'
import { exportTopicOf, isExportTopic, originOf, withOrigin } from './origin-headers.ts'
import { type PumpSource, pumpRecords } from './pump-records.ts'
import type { LogSight } from './read-on.ts'
import { readPositions, type SalvagePositions } from './salvage-positions.ts'
import { TransactionalWriter } from './transactional-writer.ts'

/** On whose behalf records are salvaged. */
export interface SalvageOf {
  /** Of the return. */
  readonly id: string
  readonly epoch: number
  readonly region: RegionName
  readonly active: RegionName
}

export interface SalvageOptions extends Pick<MovesOptions, 'clusters' | 'atlas' | 'clock'> {
  logOf(region: RegionName): TargetLog
}

const READ_BYTES_PER_SECOND = 50_000_000
const UNKNOWN_TOPIC = 3

/**
 * What becomes of records that only a returned region has: written out to topics of their own on the active region, and
 * appended there as late records. Each exactly once, by transactions that also say how far they got.
 */
export class Salvage {
  readonly #options: SalvageOptions
  readonly #pace: Pace

  constructor(options: SalvageOptions) {
    this.#options = options
    this.#pace = new Pace(options.clock, READ_BYTES_PER_SECOND)
  }

  /**
   * Writes the tails out, to `exportTopicOf` on the active region; true once everything is there. Faults:
   * LATE_RECORDS_REFUSED, TARGET_NOT_READY.
   */
  async exportTails(
    of: SalvageOf,
    tails: readonly ForkedPartition[],
    untilMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const topics = await this.#ensureTopics(of, tails, signal)
    const sources = tails.map((tail): PumpSource => {
      const { topic, partition, fork: from, end: to } = tail
      const { region, epoch, id } = of
      const ref = refIn(topics.get(topic), partition)
      const place = (record: DecodedRecord) => {
        const { offset, timestamp } = record
        return (
          ref && { ref, record: withOrigin(record, { region, topic, partition, offset, timestamp, epoch, return: id }) }
        )
      }
      return {
        key: `${keyOf(of)}/export/${ref?.topicId}/${topic}/${partition}`,
        sight: this.#sight(region, tail),
        range: { from, to },
        place,
      }
    })
    return await this.#pump(of, sources, untilMs, signal)
  }

  /** Compares what was written out with where it came from; to be advanced. */
  async openChecks(of: SalvageOf, tails: readonly ForkedPartition[], signal: AbortSignal): Promise<CheckedTail[]> {
    const topics = await this.#ensureTopics(of, tails, signal)
    const checks: CheckedTail[] = []
    for (const tail of tails) {
      const ref = refIn(topics.get(tail.topic), tail.partition)
      if (ref === undefined) throw this.#missing(of.active, exportTopicOf(tail.topic, of.epoch), tail.partition)
      const range = await this.#rangeOf(of.active, ref, signal)
      checks.push(
        new CheckedTail({ of, tail, here: this.#sight(of.region, tail), there: this.#sight(of.active, ref), range }),
      )
    }
    return checks
  }

  /**
   * Appends what was written out to the topics it comes from, on the active region; how many are there by now, and
   * whether that is all of them. Faults: LATE_RECORDS_REFUSED, TARGET_NOT_READY.
   */
  async replay(
    of: SalvageOf,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly isDone: boolean; readonly records: number }> {
    const { topics } = await this.#cluster(of.active).metadata('all', signal)
    const byName = new Map(topics.map((topic) => [topic.name, topic]))
    const exported = topics.filter(({ name }) => isExportTopic(name, of.epoch))
    const sources: PumpSource[] = []
    for (const topic of exported) {
      for (const { partition } of topic.partitions) {
        const ref = { topic: topic.name, topicId: topic.topicId, partition }
        const range = await this.#rangeOf(of.active, ref, signal)
        const place = (record: DecodedRecord) => this.#placeLate(of, byName, record)
        sources.push({
          key: `${keyOf(of)}/replay/${topic.topicId}/${partition}`,
          sight: this.#sight(of.active, ref),
          range,
          place,
        })
      }
    }
    const isDone = await this.#pump(of, sources, untilMs, signal)
    const { known } = await this.#positions(of, 'replay', signal)
    return { isDone, records: [...known.values()].reduce((sum, { records }) => sum + records, 0) }
  }

  #placeLate({ id, epoch, active }: SalvageOf, topics: ReadonlyMap<string, TopicMetadata>, record: DecodedRecord) {
    const origin = originOf(record)
    if (origin?.return !== id || origin.epoch !== epoch) return undefined
    const ref = refIn(topics.get(origin.topic), origin.partition)
    if (ref === undefined) throw this.#missing(active, origin.topic, origin.partition)
    return { ref, record }
  }

  async #pump(of: SalvageOf, sources: readonly PumpSource[], untilMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options
    const cluster = this.#cluster(of.active)
    // First of all: from then on nobody who was before writes any more, and what they wrote is decided.
    const writer = await TransactionalWriter.open(
      { cluster, log: this.#options.logOf(of.active), clock },
      transactionalIdOf(of),
      signal,
    )
    const positions = await this.#positions(of, '', signal)
    return await pumpRecords({ writer, positions, clock }, sources, untilMs, signal)
  }

  #positions(of: SalvageOf, step: string, signal: AbortSignal): Promise<SalvagePositions> {
    const { atlas, clock } = this.#options
    const region = { cluster: this.#cluster(of.active), reader: atlas.reader(of.active), clock }
    return readPositions(region, `${keyOf(of)}/${step}`, signal)
  }

  /** By the topic that diverged. */
  async #ensureTopics(
    of: SalvageOf,
    tails: readonly ForkedPartition[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, TopicMetadata>> {
    const { clock } = this.#options
    const cluster = this.#cluster(of.active)
    const topics = new Map<string, TopicMetadata>()
    for (const [topic, partitions] of Map.groupBy(tails, (tail) => tail.topic)) {
      const name = exportTopicOf(topic, of.epoch)
      const count = Math.max(...partitions.map(({ partition }) => partition + 1))
      const make = (brokers: number) => ownTopic({ topic: name, partitions: count, brokers, configs: KEPT_FOR_EVER })
      let found = await ensureOwnTopic(cluster, { make, clock }, signal)
      if (found.partitions.length < count) {
        await cluster.createPartitions(name, count, signal)
        found = await ensureOwnTopic(cluster, { make, clock }, signal)
      }
      topics.set(topic, found)
    }
    return topics
  }

  async #rangeOf(region: RegionName, ref: PartitionRef, signal: AbortSignal) {
    const cluster = this.#cluster(region)
    return { from: await logStart(cluster, ref, signal), to: await stableEnd(cluster, ref, signal) }
  }

  #sight(region: RegionName, { topic, topicId, partition }: PartitionRef): LogSight {
    const { atlas, clock } = this.#options
    const ref = { topic, topicId, partition }
    return { cluster: this.#cluster(region), reader: atlas.reader(region), ref, clock, pace: this.#pace }
  }

  #missing(target: string, topic: string, partition: number): Error {
    return replicationFaults.fault('LATE_RECORDS_REFUSED', {
      topic,
      partition,
      target,
      error: errorName(UNKNOWN_TOPIC),
    })
  }

  #cluster(region: RegionName): Cluster {
    const cluster = this.#options.clusters.get(region)
    if (cluster === undefined) throw replicationFaults.fault('REGION_UNKNOWN', { region })
    return cluster
  }
}

function transactionalIdOf({ id }: SalvageOf): string {
  return `__isthmus.return.${id}`
}

function keyOf({ id, epoch }: SalvageOf): string {
  return `${id}/${epoch}`
}

function refIn(topic: TopicMetadata | undefined, partition: number): PartitionRef | undefined {
  if (topic === undefined || topic.errorCode !== 0 || partition >= topic.partitions.length) return undefined
  return { topic: topic.name, topicId: topic.topicId, partition }
}
