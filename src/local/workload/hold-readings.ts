/**
 * A transaction on every partition of the readings that nobody ends, as a stuck application leaves it. Until its
 * coordinator gives up on it, readers of committed records, and copies, get nothing that stands behind it.
 */
import { type Kafka, Partitioners } from 'kafkajs'
import { GROUPS, TOPICS, WORKLOAD_TOPICS } from './topics.ts'

/**
 * After this long its coordinator may abort it, milliseconds. Not while a region restarts: Kafka 4.3.1 drops the markers
 * of partitions whose leaders it does not know yet, and then nothing ever ends the transaction there.
 */
const GIVEN_UP_AFTER_MS = 300_000

/** Resolves once the partitions are held. Disposal leaves the transaction as it is. */
export async function holdReadings(kafka: Kafka): Promise<AsyncDisposable> {
  const partitions = WORKLOAD_TOPICS.find(({ topic }) => topic === TOPICS.readings)?.partitions ?? 0
  const producer = kafka.producer({
    transactionalId: `${GROUPS.analytics}-stuck`,
    transactionTimeout: GIVEN_UP_AFTER_MS,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  try {
    const transaction = await producer.transaction()
    const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value: 'stuck' }))
    await transaction.send({ topic: TOPICS.readings, messages, acks: -1 })
  } catch (error) {
    await producer.disconnect()
    throw error
  }
  return { [Symbol.asyncDispose]: () => producer.disconnect() }
}
