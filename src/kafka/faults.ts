import { defineFaults } from '../core/index.ts'

/** The faults of this room. `cluster` in every message is the name of the region. */
export const kafkaFaults = defineFaults({
  KAFKA_UNREACHABLE: {
    message: '{cluster}: {address} cannot be reached: {reason}',
    remedy:
      'Check that the broker runs, that its host name resolves here, and that the port is open from here. Brokers are reached at the addresses they advertise (advertised.listeners), not only at the bootstrap addresses.',
    retriable: true,
    status: 503,
  },
  KAFKA_CONNECTION_LOST: {
    message: '{cluster}: the connection to {address} was lost before {api} was answered: {reason}',
    remedy:
      'Whether the request was carried out is unknown. Isthmus connects again by itself; if this repeats, look at the log of the broker and at what sits between.',
    retriable: true,
    status: 503,
  },
  KAFKA_REQUEST_TIMED_OUT: {
    message: '{cluster}: {address} did not answer {api} within {timeoutMs} ms; the connection was closed',
    remedy: 'Check the load of the broker and the network. The request is tried again on a new connection.',
    retriable: true,
    status: 504,
  },
  KAFKA_AUTHENTICATION_FAILED: {
    message: '{cluster}: {address} refused the credentials: {reason}',
    remedy:
      'Check mechanism, username and password of the region against the users of the cluster, and that the listener offers this mechanism.',
    retriable: false,
    status: 502,
  },
  KAFKA_TLS_FAILED: {
    message: '{cluster}: no TLS connection with {address}: {reason}',
    remedy: 'Compare the tls section of the region with the listener of the broker. {remedy}',
    retriable: false,
    status: 502,
  },
  KAFKA_NOT_AUTHORIZED: {
    message: '{cluster}: {api} was refused with {name} ({code}){detail}',
    remedy: 'Grant the principal of the region what `isthmus security rights` lists.',
    retriable: false,
    status: 502,
  },
  KAFKA_PRODUCER_FENCED: {
    message: '{cluster}: {api} was refused with {name} ({code}){meaning}{detail}',
    remedy:
      'Another process has taken over this transactional id. This one must stop writing; it may start again only when the partition is assigned to it anew.',
    retriable: false,
    status: 409,
  },
  KAFKA_NOT_READY: {
    message: '{cluster}: {api} cannot be served now: {name} ({code}){meaning}{detail}',
    remedy: 'This passes by itself. If it stays, look for offline partitions and for brokers that are down.',
    retriable: true,
    status: 503,
  },
  KAFKA_REQUEST_FAILED: {
    message: '{cluster}: {api} was refused with {name} ({code}){meaning}{detail}',
    remedy: 'The code says what the broker objects to; its log may say more.',
    retriable: false,
    status: 502,
  },
  KAFKA_VERSION_UNSUPPORTED: {
    message: '{cluster}: {address} does not speak {api} in a version from {min} to {max}',
    remedy:
      'Isthmus copies from brokers of 3.1 or newer to brokers of 3.6 or newer, with topic ids (inter.broker.protocol.version or metadata.version from 3.1 on).',
    retriable: false,
    status: 502,
  },
  KAFKA_UNSAFE_INTEGER: {
    message: 'a broker answered {field} = {value}, which is beyond 2^53 and cannot be held exactly',
    remedy: 'Offsets of this size do not occur in a sound log. Check the partition on the broker.',
    retriable: false,
    status: 502,
  },
  KAFKA_RESPONSE_UNREADABLE: {
    message: '{cluster}: the answer of {address} to {api} v{version} cannot be read: {reason}',
    remedy: 'Check that the address is that of a Kafka broker. If it is, report this with the version of the broker.',
    retriable: false,
    status: 502,
  },
  KAFKA_CLOSED: {
    message: '{cluster}: the client has been closed',
    remedy: 'Nothing: the process is stopping.',
    retriable: false,
    status: 503,
  },
})
