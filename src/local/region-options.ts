import type { Authority } from './certificates.ts'
import type { ExtraListener, LocalUser } from './server-properties.ts'

export interface RegionOptions {
  /** Name of the region, for messages, directories and container names: lower-case letters, digits and dashes. */
  readonly name: string
  /** @defaultValue 1, or 3 where `secured` */
  readonly brokers?: 1 | 3
  /** `auto` takes containers where Docker answers, else Java processes. @defaultValue 'auto' */
  readonly engine?: 'auto' | 'container' | 'jvm'
  /**
   * Kafka's version, or its line: `4.3`, `3.9`. Where the engine has no image of it and can pull none, `auto` takes
   * Java processes. @defaultValue '4.3.1'
   */
  readonly kafkaVersion?: string
  /** TLS and SASL on the client listener, TLS everywhere else, an authorizer that refuses what no ACL allows. @defaultValue false */
  readonly secured?: boolean
  /** Users who may do everything, beside the administrator. Only where `secured`. @defaultValue none */
  readonly superUsers?: readonly string[]
  /** Ordinary users that there are, of `app`, `isthmus` and `canary`. Only where `secured`. @defaultValue all of them */
  readonly users?: readonly string[]
  /** Broker settings that win over the built-in ones. */
  readonly brokerConfig?: Readonly<Record<string, string>>
  /** The same for single brokers, by index. @defaultValue none */
  readonly brokerConfigs?: readonly Readonly<Record<string, string>>[]
  /** Listeners of every broker beside the usual ones. @defaultValue none */
  readonly listeners?: readonly ExtraListener[]
  /** Whether Java may speak TLS 1.1 and older, which it refuses otherwise. @defaultValue false */
  readonly oldTls?: boolean
  /** Ports that clients are told to connect to, by broker: those of proxies in front of them. @defaultValue the brokers' own */
  readonly advertisedPorts?: readonly number[]
  /** Heap of each broker, MiB. @defaultValue 320 */
  readonly heapMb?: number
  /** Where logs and data go. Data is deleted when the region stops, logs stay. @defaultValue a new directory under the system's temporary one */
  readonly dataDir?: string
  /** Ends a start that is under way; a region that has started is ended by `stop` only. */
  readonly signal?: AbortSignal
  /** Told what is being done, in sentences for a person who waits. */
  readonly onProgress?: (line: string) => void
}

/** A Kafka cluster on this machine. */
export interface LocalRegion extends AsyncDisposable {
  readonly name: string
  readonly engine: 'container' | 'jvm'
  /** `127.0.0.1:port` of each broker, by index. Stays the same when a broker is stopped and started. */
  readonly bootstrap: readonly string[]
  /** `127.0.0.1:port` of each broker, by name of an extra listener. */
  readonly extraListeners: ReadonlyMap<string, readonly string[]>
  /** Set where the region is secured. */
  readonly security: RegionSecurity | undefined
  /** Holds `broker-<n>.log` of each broker. */
  readonly logDir: string
  /** Index counts from 0. `hard` is SIGKILL; otherwise the broker shuts down in order. */
  stopBroker(index: number, options: { readonly hard: boolean }): Promise<void>
  /** Starts a stopped broker on its data and waits until clients can use it. Faults: LOCAL_BROKER_FAILED. */
  startBroker(index: number, signal?: AbortSignal): Promise<void>
  /** Freezes a broker: connections stay open, nothing is answered. */
  pauseBroker(index: number): Promise<void>
  resumeBroker(index: number): Promise<void>
  /** Kills every broker and deletes the data; may be called twice. */
  stop(): Promise<void>
}

export interface RegionSecurity {
  readonly tls: {
    /** PEM of the authority that the brokers' certificates come from. */
    readonly ca: string
    /** PEM of a client certificate and its key, for the `mtls` listener; its principal is a super user. */
    readonly cert: string
    readonly key: string
  }
  /** Issues further certificates that the brokers accept. */
  readonly authority: Authority
  /** The super user, for SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN alike. */
  readonly admin: LocalUser
  /** Ordinary users, who may do nothing until an ACL allows it, unless they were asked for as super users. */
  readonly users: readonly LocalUser[]
  /** `127.0.0.1:port` of the listeners that ask for a client certificate instead of a password. */
  readonly mtlsBootstrap: readonly string[]
}
