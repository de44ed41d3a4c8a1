import { Kafka, type KafkaConfig, logLevel, type RetryOptions } from 'kafkajs'

/**
 * Retries of every consumer. kafkajs never restarts one by itself: its restart is not stopped by a `disconnect` that
 * comes while it crashes, so a consumer that was stopped because its region failed would join the group again when the
 * region returns. `SessionKeeper` restarts instead.
 */
export const CONSUMER_RETRY: RetryOptions & { restartOnFailure: (error: Error) => Promise<boolean> } = {
  retries: 3,
  initialRetryTime: 200,
  maxRetryTime: 1_000,
  restartOnFailure: () => Promise.resolve(false),
}

/**
 * A client as an application that wants to survive a failover sets it up: short time-outs and short retries, so that
 * a lost region is noticed within seconds, and no log of its own. Every default can be overridden.
 */
export function createWorkloadClient(
  bootstrap: readonly string[],
  config: Partial<Omit<KafkaConfig, 'brokers'>> = {},
): Kafka {
  return new Kafka({
    clientId: 'sensor-workload',
    connectionTimeout: 2_000,
    requestTimeout: 8_000,
    retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: logLevel.NOTHING,
    ...config,
    brokers: [...bootstrap],
  })
}
