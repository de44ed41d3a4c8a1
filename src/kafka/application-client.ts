import { isIP } from 'node:net'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { ClusterOptions, SaslOptions } from './cluster.ts'

/**
 * A kafkajs client with the same addresses and credentials as a cluster, for what an ordinary application does:
 * canaries, the workload, group membership. It logs nothing; what goes wrong reaches the caller as a rejection or
 * through kafkajs's own events.
 */
export function createKafkaJs(options: ClusterOptions): Kafka {
  const { tls, sasl } = options
  return new Kafka({
    clientId: options.clientId ?? 'isthmus',
    brokers: [...options.bootstrap],
    logLevel: logLevel.NOTHING,
    connectionTimeout: options.connectTimeoutMs ?? 5_000,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    ...(tls && {
      ssl: {
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(tls.key !== undefined && { key: tls.key }),
        ...(tls.serverName !== undefined && isIP(tls.serverName) === 0 && { servername: tls.serverName }),
      },
    }),
    ...(sasl && { sasl: loginOf(sasl) }),
  })
}

function loginOf(sasl: SaslOptions): SASLOptions {
  if (sasl.mechanism !== 'oauthbearer') return sasl
  return { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: await sasl.token() }) }
}
