import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import type { LocalRegion } from '../../../src/local/index.ts'

/** For calls that are expected to be refused. */
export const NO_RETRY = { retries: 0 }

/** An application's client, with its logging turned off. */
export function clientOf(region: LocalRegion, config: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    brokers: [...region.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 5_000,
    authenticationTimeout: 5_000,
    retry: { retries: 12, initialRetryTime: 100, maxRetryTime: 2_000 },
    ...config,
  })
}

/** A client of a secured region's password listener. */
export function securedClientOf(region: LocalRegion, config: Partial<KafkaConfig> = {}): Kafka {
  const { admin, tls } = region.security ?? expectSecured()
  return clientOf(region, { ssl: { ca: [tls.ca] }, sasl: { mechanism: 'scram-sha-512', ...admin }, ...config })
}

export async function withAdmin<Result>(kafka: Kafka, work: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

export async function produce(kafka: Kafka, topic: string, values: readonly string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic, messages: values.map((value) => ({ value })), acks: -1 })
  } finally {
    await producer.disconnect()
  }
}

/** Reads from the beginning until it has `count` values. */
export async function consume(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader-${topic}-${count}` })
  const values: string[] = []
  const { promise: done, resolve, reject } = Promise.withResolvers<void>()
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) reject(payload.error)
  })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value?.toString() ?? '')
        if (values.length === count) resolve()
      },
    })
    await done
  } finally {
    await consumer.disconnect()
  }
  return values
}

function expectSecured(): never {
  throw new Error('the region is not secured')
}
