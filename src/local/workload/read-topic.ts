/** Reads topics of the workload to their present end, for tests, trials and reports. */
import type { IHeaders, Kafka } from 'kafkajs'
import { type Clock, describeError, type Random, systemClock, systemRandom } from '../../core/index.ts'
import type { AggregateRecord } from './aggregates.ts'
import { type DeadLetter, parseDeadLetter } from './dead-letters.ts'
import { workloadFaults } from './faults.ts'
import { headerText } from './records.ts'
import { readingRecords, SCHEMA_VERSION_HEADER, type SensorReading } from './schemas.ts'
import { TOPICS } from './topics.ts'

export interface TopicRecord {
  readonly partition: number
  readonly offset: bigint
  readonly key: string | null
  readonly value: Buffer | null
  readonly headers: IHeaders
  readonly timestampMs: number
}

export interface ReadTopicOptions {
  /** @defaultValue 30000 */
  readonly timeoutMs?: number
  readonly clock?: Clock
  readonly random?: Random
  readonly signal?: AbortSignal
}

/**
 * Every committed record up to the end that the partitions had at the call, by partition in the order of the log. It
 * reads in a group of its own that never commits a position, and keeps all records in memory.
 *
 * @throws `WORKLOAD_READ_TIMED_OUT`
 */
export async function readTopic(kafka: Kafka, topic: string, options: ReadTopicOptions = {}): Promise<TopicRecord[]> {
  const { clock = systemClock, random = systemRandom, timeoutMs = 30_000 } = options
  const open = await fetchOpenEnds(kafka, topic)
  const records: TopicRecord[] = []
  if (open.size === 0) return records
  const groupId = `workload-reader.${random.next().toString(36).slice(2, 12)}`
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 200 })
  const ended = Promise.withResolvers<void>()
  const timer = clock.setTimer(timeoutMs, () =>
    ended.reject(workloadFaults.fault('WORKLOAD_READ_TIMED_OUT', { topic, timeoutMs })),
  )
  const onAbort = () =>
    ended.reject(new Error(`stopped while reading ${topic}: ${describeError(options.signal?.reason)}`))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  // This event also tells of batches that hold only control records, which `eachBatch` never sees.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const end = open.get(payload.partition)
    if (end !== undefined && BigInt(payload.lastOffset) + 1n >= end) open.delete(payload.partition)
    if (open.size === 0) ended.resolve()
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        for (const { offset, key, value, headers, timestamp } of batch.messages) {
          if (!open.has(batch.partition)) break
          records.push({
            partition: batch.partition,
            offset: BigInt(offset),
            key: key === null ? null : key.toString(),
            value,
            headers: headers ?? {},
            timestampMs: Number(timestamp),
          })
        }
        return Promise.resolve()
      },
    })
    await ended.promise
  } finally {
    timer.cancel()
    options.signal?.removeEventListener('abort', onAbort)
    await consumer.disconnect()
  }
  return records.sort((one, other) => one.partition - other.partition || Number(one.offset - other.offset))
}

export async function readAggregates(kafka: Kafka, options?: ReadTopicOptions): Promise<AggregateRecord[]> {
  const records = await readTopic(kafka, TOPICS.aggregates, options)
  return records.flatMap(({ value }) => (value === null ? [] : (JSON.parse(value.toString()) as AggregateRecord)))
}

export async function readDeadLetters(kafka: Kafka, options?: ReadTopicOptions): Promise<DeadLetter[]> {
  const records = await readTopic(kafka, TOPICS.deadLetter, options)
  return records.flatMap((record) => parseDeadLetter(record) ?? [])
}

/** The well-formed readings, of both schema versions, by partition in the order of the log. */
export async function readReadings(kafka: Kafka, options?: ReadTopicOptions): Promise<SensorReading[]> {
  const records = await readTopic(kafka, TOPICS.readings, options)
  return records.flatMap(({ value, headers }) => {
    const checked = readingRecords.checkBytes(value, headerText(headers, SCHEMA_VERSION_HEADER))
    return checked.ok ? checked.value : []
  })
}

async function fetchOpenEnds(kafka: Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    const open = offsets.filter(({ low, high }) => BigInt(low) < BigInt(high))
    return new Map(open.map(({ partition, high }) => [partition, BigInt(high)]))
  } finally {
    await admin.disconnect()
  }
}
