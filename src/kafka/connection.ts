import { createSecureContext, type ConnectionOptions as NodeTlsOptions, getCACertificates, TLSSocket } from 'node:tls'
import { isIP } from 'node:net'
import { once } from 'node:events'
import { Connection, Reader, Writer } from '@platformatic/kafka'
import { type Clock, describeError, isFault, type Timer, withSignal } from '../core/index.ts'
import type { SaslOptions, TlsOptions } from './cluster.ts'
import { callFault, type ConnectionFacts, dialFault, TlsAlertError } from './connection-faults.ts'
import { kafkaFaults } from './faults.ts'
import { librarySasl } from './sasl-login.ts'
import type { Api } from './wire/api.ts'
import { apiVersionsApi } from './wire/api-versions.ts'
import { API_VERSIONS, type ApiName, type BrokerVersions, chooseVersion, headersOf } from './wire/versions.ts'

/**
 * One TCP connection to one broker: TLS, SASL and framing by the client library, versions negotiated, errors turned
 * into faults. Always holds: a request that times out ends the connection; nothing is left behind by `close`; no
 * event of the library goes unheard. Does not reconnect.
 */
export interface BrokerAddress {
  /** -1 for a bootstrap address: which broker answers there is unknown. */
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface ConnectionSettings {
  readonly cluster: string
  readonly clientId: string
  readonly requestTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly tls: NodeTlsOptions | undefined
  /** Overrides the host of the address in the check of the broker's certificate. */
  readonly tlsServerName: string | undefined
  readonly sasl: LoginSettings | undefined
  readonly clock: Clock
}

export interface LoginSettings {
  readonly mechanism: SaslOptions['mechanism']
  /** What the connection is opened with. */
  readonly first: SaslOptions
  /** What it logs in again with before its session ends, as it stands then. */
  again(): Promise<SaslOptions>
}

/** So much of a session has gone by when it is renewed: the requests that are under way have to be answered first. */
const RENEW_AT = 0.8
const SOFTWARE = { softwareName: 'isthmus', softwareVersion: '1' }
/** How long a broker may take to read what was written before `close` cuts the connection. */
const CLOSE_GRACE_MS = 1_000

export class BrokerConnection {
  readonly address: BrokerAddress
  readonly #connection: Connection
  readonly #settings: ConnectionSettings
  readonly #facts: ConnectionFacts
  readonly #closeListeners: (() => void)[] = []
  #versions: BrokerVersions = new Map([[API_VERSIONS.ApiVersions.key, API_VERSIONS.ApiVersions]])
  #lastError: Error | undefined
  #tlsAlert: TlsAlertError | undefined
  #isClosed = false
  #inflight = 0
  #closesWhenIdle = false
  #session: Timer | undefined
  #login: SaslOptions | undefined
  /** Set while it logs in again: a broker takes no other request between the two of a login. */
  #loggingIn: Promise<void> | undefined

  private constructor(address: BrokerAddress, settings: ConnectionSettings, inflightMax: number) {
    this.address = address
    this.#settings = settings
    this.#facts = {
      cluster: settings.cluster,
      address: `${address.host}:${address.port}`,
      timeoutMs: settings.requestTimeoutMs,
      usesTls: settings.tls !== undefined,
      usesSasl: settings.sasl !== undefined,
    }
    this.#connection = new Connection(settings.clientId, {
      connectTimeout: settings.connectTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      maxInflights: inflightMax,
      ...(settings.tls && { tls: { ...settings.tls, ...serverName(settings, address.host) } }),
      ...(settings.sasl && { sasl: this.#saslOf(settings.sasl) }),
    })
    // An error comes before the close that it causes and is not in what pending requests are rejected with.
    this.#connection.on('error', (error) => (this.#lastError = error))
    this.#connection.on('close', () => this.#onClosed())
  }

  /** Connects, authenticates and negotiates within the connect timeout. */
  static async open(
    address: BrokerAddress,
    settings: ConnectionSettings,
    inflightMax: number,
    signal: AbortSignal,
  ): Promise<BrokerConnection> {
    signal.throwIfAborted()
    const opened = new BrokerConnection(address, settings, inflightMax)
    const tooLate = new AbortController()
    const timer = settings.clock.setTimer(settings.connectTimeoutMs, () => {
      tooLate.abort(new Error(`no answer within ${settings.connectTimeoutMs} ms`))
    })
    try {
      await withSignal(withSignal(opened.#establish(), tooLate.signal), signal)
      return opened
    } catch (error) {
      opened.#destroy()
      signal.throwIfAborted()
      throw dialFault(opened.#withCauses(error), opened.#facts)
    } finally {
      timer.cancel()
    }
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  /** As this broker has told them. */
  get versions(): BrokerVersions {
    return this.#versions
  }

  /** When the certificate of the broker ends, wall clock; undefined without TLS. */
  get certificateEndsMs(): number | undefined {
    const { socket } = this.#connection
    if (!(socket instanceof TLSSocket)) return undefined
    const endsMs = Date.parse(socket.getPeerCertificate().valid_to)
    return Number.isNaN(endsMs) ? undefined : endsMs
  }

  /** The version that `call` would use; undefined where the broker does not serve the API to us. */
  versionOf(name: ApiName): number | undefined {
    return chooseVersion(name, this.#versions)
  }

  /** Called once when the connection is gone, after the requests in flight were rejected. */
  onClose(listener: () => void): void {
    if (this.#isClosed) setImmediate(listener)
    else this.#closeListeners.push(listener)
  }

  async call<Request, Response>(api: Api<Request, Response>, request: Request): Promise<Response> {
    const version = this.versionOf(api.name)
    const { key, min, max } = API_VERSIONS[api.name]
    if (version === undefined) {
      throw kafkaFaults.fault('KAFKA_VERSION_UNSUPPORTED', { ...this.#facts, api: api.name, min, max })
    }
    const tagged = headersOf(api.name)
    this.#inflight++
    try {
      if (this.#loggingIn !== undefined) await this.#loggingIn
      return await new Promise<Response>((resolve, reject) => {
        this.#connection.send<Response>(
          key,
          version,
          () => {
            const writer = Writer.create()
            api.write(writer, request, version)
            return writer
          },
          (_correlationId, _key, _version, reader) => this.#read(api, reader, version),
          tagged.request,
          tagged.response,
          (error, response) => {
            if (error === null) resolve(response as Response)
            else reject(callFault(this.#withCauses(error), this.#facts, api.name))
          },
        )
      })
    } finally {
      this.#inflight--
      if (this.#closesWhenIdle && this.#inflight === 0) this.#destroy()
    }
  }

  /** Lets the requests in flight finish. */
  closeWhenIdle(): void {
    this.#closesWhenIdle = true
    if (this.#inflight === 0) this.#destroy()
  }

  /** At once: what is in flight is rejected. */
  destroy(): void {
    this.#destroy()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    const timer = this.#settings.clock.setTimer(CLOSE_GRACE_MS, () => this.#destroy())
    try {
      await this.#connection.close()
    } finally {
      timer.cancel()
      this.#destroy()
    }
  }

  #saslOf({ mechanism, first }: LoginSettings): ReturnType<typeof librarySasl> {
    this.#login = first
    return librarySasl({
      mechanism,
      current: () => this.#login ?? first,
      onSession: (lifetimeMs) => {
        this.#session?.cancel()
        if (lifetimeMs <= 0 || this.#isClosed) return
        const renew = () => void this.#logInAgain()
        this.#session = this.#settings.clock.setTimer(lifetimeMs * RENEW_AT, renew, { keepAlive: false })
      },
    })
  }

  /** KIP-368. What was sent before is answered before, since a broker answers in order; what comes meanwhile waits. */
  async #logInAgain(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const gone = new AbortController()
    this.onClose(() => gone.abort())
    try {
      this.#login = await this.#settings.sasl?.again()
      if (this.#isClosed) return
      this.#loggingIn = promise
      const extended = once(this.#connection, 'sasl:authentication:extended', { signal: gone.signal })
      this.#connection.reauthenticate()
      await extended
    } catch (error) {
      if (error instanceof Error && !this.#isClosed) this.#lastError = error
      this.#destroy()
    } finally {
      this.#loggingIn = undefined
      resolve()
    }
  }

  async #establish(): Promise<void> {
    const connected = this.#connection.connect(this.address.host, this.address.port)
    if (this.#settings.tls === undefined) {
      // The library tells this to the request in flight only, and during SASL that is one it does not report.
      this.#connection.socket.once('data', (chunk: Buffer) => {
        if (TlsAlertError.isAlert(chunk)) this.#tlsAlert = new TlsAlertError()
      })
    }
    await connected
    const answer = await this.call(apiVersionsApi, SOFTWARE)
    const { min, max } = API_VERSIONS.ApiVersions
    if (answer.errorCode !== 0) {
      throw kafkaFaults.fault('KAFKA_VERSION_UNSUPPORTED', { ...this.#facts, api: 'ApiVersions', min, max })
    }
    this.#versions = answer.versions
  }

  /** A response may have come in many pieces; joined once, its parts can be views. */
  #read<Response>(api: Api<never, Response>, reader: Reader, version: number): Response {
    const frame = Reader.from(reader.buffer.slice(reader.position, reader.length))
    try {
      return api.read(frame, version)
    } catch (error) {
      if (isFault(error)) throw error
      const reason = describeError(error)
      throw kafkaFaults.fault('KAFKA_RESPONSE_UNREADABLE', { ...this.#facts, api: api.name, version, reason }, error)
    }
  }

  /** Adds what was heard on the connection and is not in what a request or the dialling was rejected with. */
  #withCauses(error: unknown): unknown {
    const heard = [this.#tlsAlert, this.#lastError].filter((cause) => cause !== undefined && cause !== error)
    return heard.length === 0 ? error : new AggregateError([error, ...heard], describeError(error))
  }

  #destroy(): void {
    // Stops the library's own timers; answers at once unless the connection is open.
    void this.#connection.close()
    const { socket } = this.#connection as { socket: Connection['socket'] | undefined }
    // The library listens for one last error only.
    socket?.on('error', (error) => (this.#lastError = error)).destroy()
    this.#onClosed()
  }

  #onClosed(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#session?.cancel()
    void this.#connection.close()
    setImmediate(() => {
      for (const listener of this.#closeListeners.splice(0)) listener()
    })
  }
}

/** Reads the PEM texts once; fault `KAFKA_TLS_FAILED` where they cannot be used. */
export function readTls(cluster: string, tls: TlsOptions): NodeTlsOptions {
  const ca = tls.ca ?? [...getCACertificates('default'), ...getCACertificates('system')]
  try {
    return { secureContext: createSecureContext({ ca, cert: tls.cert, key: tls.key }) }
  } catch (error) {
    const reason = `the certificate or key of the region cannot be read: ${String(error)}`
    const remedy = 'Check that caFile, certFile and keyFile are PEM and that the key belongs to the certificate.'
    throw kafkaFaults.fault('KAFKA_TLS_FAILED', { cluster, address: 'any broker', reason, remedy }, error)
  }
}

function serverName({ tlsServerName }: ConnectionSettings, host: string): { servername?: string } {
  if (tlsServerName !== undefined) return { servername: tlsServerName }
  return isIP(host) === 0 ? { servername: host } : {}
}
