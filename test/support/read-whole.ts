import { systemClock, systemRandom } from '../../src/core/index.ts'
import { createKafkaJs } from '../../src/kafka/index.ts'
import { withAdmin } from '../integration/local/region-clients.ts'
import { eventually } from './isthmus-process.ts'

/** A record as an ordinary consumer sees it; of headers with one name the last. */
export interface KeptRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | undefined>>
}

const LIMIT_MS = 60_000

/** Everything in a topic without transactions, up to its ends of this moment, by kafkajs. Holds it all in memory. */
export async function readWhole(
  bootstrap: readonly string[],
  topic: string,
  signal: AbortSignal,
): Promise<KeptRecord[]> {
  const kafka = createKafkaJs({ name: topic, bootstrap, context: { clock: systemClock, random: systemRandom } })
  const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic))
  const missing = new Map(ends.filter(({ high, low }) => Number(high) > Number(low)).map((end) => [end.partition, end]))
  const records: KeptRecord[] = []
  const consumer = kafka.consumer({ groupId: `read-${topic}`, maxBytesPerPartition: 16 << 20 })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message: { offset, key, value, headers } }) => {
        records.push({ partition, offset: Number(offset), key, value, headers: lastOfEach(headers ?? {}) })
        if (Number(offset) + 1 >= Number(missing.get(partition)?.high ?? 0)) missing.delete(partition)
      },
    })
    const look = async () => (missing.size === 0 ? true : undefined)
    await eventually(`${topic} is read`, look, { limitMs: LIMIT_MS, signal })
  } finally {
    await consumer.disconnect()
  }
  return records
}

function lastOfEach(headers: Readonly<Record<string, unknown>>): Record<string, Buffer | undefined> {
  const last = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value])
  return Object.fromEntries(last) as Record<string, Buffer | undefined>
}
