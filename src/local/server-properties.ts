/**
 * The configuration of one broker, as data. Every broker is also a controller (KRaft combined mode).
 *
 * Listeners: CLIENT for applications; MTLS (secured regions only) for applications that identify themselves by a
 * certificate; INTERNAL between brokers; CONTROLLER for the quorum. Only CLIENT and MTLS need to be reachable from
 * outside the machine or container that the broker runs in.
 */
export interface BrokerAddress {
  readonly nodeId: number
  /** Where listeners bind: 127.0.0.1 for a process, 0.0.0.0 inside a container. */
  readonly bindHost: string
  /** Name under which the other brokers of the region reach this one. */
  readonly internalHost: string
  readonly clientPort: number
  /** Port that clients are told to connect to, where it is not `clientPort`: a proxy in front of the broker. */
  readonly advertisedPort?: number | undefined
  readonly mtlsPort: number
  /** Of extra listeners, in their order. */
  readonly extraPorts: readonly number[]
  readonly internalPort: number
  readonly controllerPort: number
}

/** A user of a secured region; known to SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN alike. */
export interface LocalUser {
  readonly username: string
  readonly password: string
}

/** A listener on a port of its own. */
export interface ExtraListener {
  /** Upper-case letters and digits. */
  readonly name: string
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /** PEM of its private key and certificate. @defaultValue those of the broker */
  readonly keystore?: string
  /** Settings of this listener, without its prefix. */
  readonly config?: Readonly<Record<string, string>>
}

export interface SecurityLayout {
  /** PEM file: the broker's private key, then its certificate and the authority's. */
  readonly keystorePath: string
  /** PEM file: the authority's certificate. */
  readonly truststorePath: string
  /** Principals that may do everything, such as `User:admin`. */
  readonly superUsers: readonly string[]
  readonly users: readonly LocalUser[]
}

export interface BrokerLayout {
  /** Of Kafka: a broker is not given settings that it does not know. */
  readonly major: 3 | 4
  readonly broker: BrokerAddress
  /** All brokers of the region, this one included. */
  readonly brokers: readonly BrokerAddress[]
  readonly dataPath: string
  readonly security: SecurityLayout | undefined
  readonly listeners: readonly ExtraListener[]
  /** Settings of the caller; they win over all others. */
  readonly overrides: Readonly<Record<string, string>>
}

/** Host that clients are told to connect to, whichever engine runs the broker. */
export const ADVERTISED_HOST = '127.0.0.1'

export function brokerProperties(layout: BrokerLayout): Record<string, string> {
  const { broker, brokers, security } = layout
  return {
    'process.roles': 'broker,controller',
    'node.id': String(broker.nodeId),
    'log.dirs': layout.dataPath,
    'controller.quorum.voters': brokers
      .map((each) => `${each.nodeId}@${each.internalHost}:${each.controllerPort}`)
      .join(','),
    ...listenerProperties(broker, layout.listeners, security !== undefined),
    ...replicationProperties(brokers.length),
    ...(layout.major < 4 ? {} : shareGroupProperties(brokers.length)),
    ...(security === undefined ? {} : securityProperties(security)),
    ...extraProperties(layout.listeners),
    ...SMALL_BROKER,
    ...layout.overrides,
  }
}

/** As Java reads it: backslashes doubled, because values may hold Windows paths or JAAS quotes. */
export function renderProperties(properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`)
  return `${lines.join('\n')}\n`
}

/** Quick to start and small: one machine runs several regions beside their clients. */
const SMALL_BROKER: Readonly<Record<string, string>> = {
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': '0',
  'broker.heartbeat.interval.ms': '500',
  'offsets.topic.num.partitions': '8',
  'transaction.state.log.num.partitions': '8',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  // The default of 128 MiB is allocated at once and does not fit the small heap.
  'log.cleaner.dedupe.buffer.size': '16777216',
}

function listenerProperties(
  broker: BrokerAddress,
  extra: readonly ExtraListener[],
  secured: boolean,
): Record<string, string> {
  const { bindHost, internalHost } = broker
  const listeners = [`CLIENT://${bindHost}:${broker.clientPort}`, `INTERNAL://${bindHost}:${broker.internalPort}`]
  const advertised = [
    `CLIENT://${ADVERTISED_HOST}:${broker.advertisedPort ?? broker.clientPort}`,
    `INTERNAL://${internalHost}:${broker.internalPort}`,
  ]
  if (secured) {
    listeners.push(`MTLS://${bindHost}:${broker.mtlsPort}`)
    advertised.push(`MTLS://${ADVERTISED_HOST}:${broker.mtlsPort}`)
  }
  const usual = secured
    ? 'CLIENT:SASL_SSL,MTLS:SSL,INTERNAL:SSL,CONTROLLER:SSL'
    : 'CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT'
  const protocols = [usual, ...extra.map(({ name, protocol }) => `${name}:${protocol}`)].join(',')
  for (const [at, { name }] of extra.entries()) {
    listeners.push(`${name}://${bindHost}:${broker.extraPorts[at]}`)
    advertised.push(`${name}://${ADVERTISED_HOST}:${broker.extraPorts[at]}`)
  }
  return {
    listeners: [...listeners, `CONTROLLER://${bindHost}:${broker.controllerPort}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': protocols,
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
  }
}

function extraProperties(listeners: readonly ExtraListener[]): Record<string, string> {
  const entries = listeners.flatMap(({ name, config = {} }) =>
    Object.entries(config).map(([key, value]) => [`listener.name.${name.toLowerCase()}.${key}`, value] as const),
  )
  return Object.fromEntries(entries)
}

function replicationProperties(brokerCount: number): Record<string, string> {
  const replicas = String(brokerCount)
  const inSync = String(Math.max(1, brokerCount - 1))
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
  }
}

/** Share groups came with Kafka 4. */
function shareGroupProperties(brokerCount: number): Record<string, string> {
  return {
    'share.coordinator.state.topic.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': String(brokerCount),
    'share.coordinator.state.topic.min.isr': String(Math.max(1, brokerCount - 1)),
  }
}

function securityProperties(security: SecurityLayout): Record<string, string> {
  const plainUsers = security.users.map((user) => `user_${user.username}="${user.password}"`).join(' ')
  const jaas = (kind: 'plain.Plain' | 'scram.Scram', options: string) =>
    `org.apache.kafka.common.security.${kind}LoginModule required${options};`
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': security.keystorePath,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': security.truststorePath,
    // Brokers and controllers know each other by their certificate.
    'listener.name.internal.ssl.client.auth': 'required',
    'listener.name.controller.ssl.client.auth': 'required',
    'listener.name.mtls.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN',
    'listener.name.client.scram-sha-512.sasl.jaas.config': jaas('scram.Scram', ''),
    'listener.name.client.scram-sha-256.sasl.jaas.config': jaas('scram.Scram', ''),
    'listener.name.client.plain.sasl.jaas.config': jaas('plain.Plain', ` ${plainUsers}`),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': security.superUsers.join(';'),
  }
}
