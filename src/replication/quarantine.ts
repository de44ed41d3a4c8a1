/**
 * The topic on a target that keeps what the target refused elsewhere. One record each: key and value as they were, the
 * headers with the origin behind them, and the time of the refusal as its timestamp, since the record's own may be what
 * was refused. A damaged batch is kept as it is, bytes and all, since its records cannot be told apart.
 *
 * It is written before the map says that the record was left out. A crash in between keeps the record twice; the origin
 * in its headers tells.
 */
import { type Clock, sleep } from '../core/index.ts'
import { type Cluster, decodeRecords, encodeBatch, errorName, isRetriableCode, readBatch } from '../kafka/index.ts'
import { replicationFaults } from './faults.ts'
import type { RefusedRecord } from './flows/plan-rules.ts'
import { ensureOwnTopic, KEPT_FOR_EVER, ownTopic } from './shards/own-topic.ts'
import { TargetLog } from './shards/target-log.ts'

export const QUARANTINE_TOPIC = '__isthmus.quarantine'

/** Where a refused record comes from, as its headers say. */
export interface Origin {
  readonly link: string
  readonly region: string
  readonly topic: string
  readonly partition: number
}

const WRITE_TIMEOUT_MS = 10_000
const WRITE_DEADLINE_MS = 60_000
const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }

export class Quarantine implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #clock: Clock
  readonly #log: TargetLog
  #topicId: string | undefined

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster
    this.#clock = clock
    this.#log = new TargetLog(cluster, clock)
  }

  /** Resolves when every one of them is acknowledged. Faults: QUARANTINE_REFUSED, TARGET_NOT_READY. */
  async keep(origin: Origin, records: readonly RefusedRecord[], signal: AbortSignal): Promise<void> {
    for (const record of records) await this.#keepOne(origin, record, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]()
  }

  async #keepOne(origin: Origin, record: RefusedRecord, signal: AbortSignal): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    const batch = encodeQuarantined(origin, record, this.#clock.nowMs())
    let reason: string
    do {
      const topicId = (this.#topicId ??= (await this.#ensure(signal)).topicId)
      const place = { topic: QUARANTINE_TOPIC, topicId, partition: 0, batch }
      const outcome = await this.#log.append(place, WRITE_TIMEOUT_MS, signal)
      if (outcome.kind === 'answered' && outcome.errorCode === 0) return
      reason = outcome.kind === 'unknown' ? outcome.reason : errorName(outcome.errorCode)
      if (outcome.kind === 'answered' && !isRetriableCode(outcome.errorCode)) {
        throw refused(origin, record, { error: reason, detail: outcome.message ?? '' })
      }
      // It may have been deleted and made again.
      this.#topicId = undefined
      await sleep(this.#clock, 200, signal)
    } while (this.#clock.monotonicMs() - startedMs < WRITE_DEADLINE_MS)
    throw replicationFaults.fault('TARGET_NOT_READY', { what: QUARANTINE_TOPIC, target: this.#cluster.name, reason })
  }

  #ensure(signal: AbortSignal) {
    return ensureOwnTopic(this.#cluster, { make: quarantineTopicOf, clock: this.#clock }, signal)
  }
}

/** What was refused is nowhere else on the target. */
function quarantineTopicOf(brokers: number) {
  return ownTopic({ topic: QUARANTINE_TOPIC, partitions: 1, brokers, configs: KEPT_FOR_EVER })
}

function encodeQuarantined(origin: Origin, record: RefusedRecord, nowMs: number): Buffer {
  const { fromOffset, toOffset, error, detail } = record
  const header = readBatch(record.batch, 0)
  const [own] = record.isReadable && header !== undefined ? decodeRecords(record.batch, header) : []
  const facts = {
    link: origin.link,
    'source-region': origin.region,
    topic: origin.topic,
    partition: origin.partition,
    offset: fromOffset,
    ...(own === undefined ? { 'next-offset': toOffset } : { timestamp: own.timestamp }),
    reason: `${error} ${detail}`.trim(),
  }
  const headers = Object.entries(facts).map(([name, value]) => [`isthmus.${name}`, Buffer.from(String(value))] as const)
  return encodeBatch({
    ...NOBODY,
    codec: 'none',
    records: [
      {
        timestamp: nowMs,
        key: own?.key ?? null,
        value: own === undefined ? record.batch : own.value,
        headers: [...(own?.headers ?? []), ...headers],
      },
    ],
  })
}

function refused(origin: Origin, { fromOffset }: RefusedRecord, answer: { error: string; detail: string }): Error {
  const { topic, partition } = origin
  const facts = { quarantine: QUARANTINE_TOPIC, origin: `${topic}-${partition}`, offset: fromOffset, ...answer }
  return replicationFaults.fault('QUARANTINE_REFUSED', facts)
}
