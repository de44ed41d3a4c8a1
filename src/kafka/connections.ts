import { withSignal } from '../core/index.ts'
import type { ClusterAccess, Dial } from './access-source.ts'
import { type BrokerAddress, BrokerConnection, type ConnectionSettings } from './connection.ts'
import { kafkaFaults } from './faults.ts'

/**
 * The connections of one cluster: one shared by all control calls per broker, and any number of others that their
 * callers own. A shared one is dialled when it is first wanted and again after it broke; while it is being dialled
 * all callers wait for the same attempt, so no broker sees more than one attempt at a time.
 */
const CONTROL_INFLIGHT_MAX = 20

export class Connections {
  readonly #settings: Omit<ConnectionSettings, keyof Dial>
  readonly #access: ClusterAccess
  readonly #shared = new Map<string, Promise<BrokerConnection>>()
  readonly #open = new Set<BrokerConnection>()
  readonly #lifetime = new AbortController()

  constructor(settings: Omit<ConnectionSettings, keyof Dial>, access: ClusterAccess) {
    this.#settings = settings
    this.#access = access
  }

  /** Aborts with `KAFKA_CLOSED` when `close` is called. */
  get lifetime(): AbortSignal {
    return this.#lifetime.signal
  }

  share(address: BrokerAddress, signal: AbortSignal): Promise<BrokerConnection> {
    const key = keyOf(address)
    let dialled = this.#shared.get(key)
    if (dialled === undefined) {
      dialled = this.#dial(address, CONTROL_INFLIGHT_MAX, this.lifetime)
      this.#shared.set(key, dialled)
      const drop = () => {
        if (this.#shared.get(key) === dialled) this.#shared.delete(key)
      }
      dialled.then((connection) => connection.onClose(drop), drop)
    }
    return withSignal(dialled, signal)
  }

  /** One that the caller closes. */
  openOwn(
    address: BrokerAddress,
    inflightMax: number,
    signal: AbortSignal,
    requestTimeoutMs = this.#settings.requestTimeoutMs,
  ): Promise<BrokerConnection> {
    return this.#dial(address, inflightMax, AbortSignal.any([this.lifetime, signal]), requestTimeoutMs)
  }

  /** True where a control call would not have to dial. */
  hasOpen(address: BrokerAddress): boolean {
    return this.#shared.has(keyOf(address))
  }

  /** Ends the shared connections for which `isStale` is true, once the requests in flight on them are answered. */
  retire(isStale: (address: BrokerAddress) => boolean): void {
    for (const [key, dialled] of this.#shared) {
      void dialled.then(
        (connection) => {
          if (!isStale(connection.address)) return
          if (this.#shared.get(key) === dialled) this.#shared.delete(key)
          connection.closeWhenIdle()
        },
        () => this.#shared.delete(key),
      )
    }
  }

  async close(): Promise<void> {
    if (this.lifetime.aborted) return
    this.#lifetime.abort(kafkaFaults.fault('KAFKA_CLOSED', { cluster: this.#settings.cluster }))
    await Promise.all([...this.#open].map((connection) => connection.close()))
    await Promise.allSettled(this.#shared.values())
  }

  async #dial(
    address: BrokerAddress,
    inflightMax: number,
    signal: AbortSignal,
    requestTimeoutMs = this.#settings.requestTimeoutMs,
  ): Promise<BrokerConnection> {
    const connection = await this.#access.open((dial) =>
      BrokerConnection.open(address, { ...this.#settings, ...dial, requestTimeoutMs }, inflightMax, signal),
    )
    this.#open.add(connection)
    connection.onClose(() => this.#open.delete(connection))
    return connection
  }
}

function keyOf({ nodeId, host, port }: BrokerAddress): string {
  return `${nodeId} ${host}:${port}`
}
