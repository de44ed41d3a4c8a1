import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls'
import { Reader, Writer } from '@platformatic/kafka'
import { madeUpLogin, type TriedMechanism } from './bare-login.ts'
import type { Api } from './wire/api.ts'
import { apiVersionsApi } from './wire/api-versions.ts'
import { metadataApi } from './wire/metadata.ts'
import { API_VERSIONS, chooseVersion, headersOf } from './wire/versions.ts'

/**
 * A connection to one address that believes and refuses nothing, to find out how a listener is secured: any certificate
 * is taken and looked at, and nobody whom anybody knows logs in. One request at a time, nothing tried again; what goes
 * wrong is thrown. It never sends anybody's password and never asks for a change.
 */
export interface BareDial {
  readonly host: string
  readonly port: number
  /** Undefined: plain text. */
  readonly tls?: BareTls
}

export interface BareTls {
  /** PEM; without it the system's roots. */
  readonly ca?: string
  /** The only version that is offered. @defaultValue the newest that both sides know */
  readonly version?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
}

/** What a TLS listener has shown of itself. */
export interface SeenTls {
  readonly version: string
  /** Why the chain is not to be trusted, as OpenSSL calls it; undefined where it is. */
  readonly chainTrouble: string | undefined
  /** Why it is not a certificate of this host. */
  readonly hostTrouble: string | undefined
  /** Wall clock. */
  readonly endsMs: number
  readonly subject: string
  readonly isSelfSigned: boolean
}

export interface BareChannel {
  /** Undefined in plain text. */
  readonly tls: SeenTls | undefined
  /** Resolves where the listener answers whoever has not logged in, which every listener does with its versions. */
  speak(): Promise<void>
  /** Mechanisms that a SASL listener offers; undefined where the listener knows no login. */
  mechanisms(): Promise<readonly string[] | undefined>
  /** Whether the listener lets in a name and a secret that were made up. The connection is of no use after it. */
  letsIn(mechanism: TriedMechanism, nowMs: number): Promise<boolean>
  /** How many topics somebody sees who has not logged in. Rejects where the listener hangs up. */
  countTopics(): Promise<number>
  close(): void
}

const CLIENT_ID = 'isthmus-probe'
const SASL_HANDSHAKE = { key: 17, version: 1 }
const SASL_AUTHENTICATE = { key: 36, version: 1 }
/** A mechanism that there is not: the answer lists those that there are. */
const NO_MECHANISM = 'ISTHMUS-PROBE'
const UNSUPPORTED_MECHANISM = 33
/** An answer with more topics than this is cut off. */
const FRAME_MAX = 64 * 1024 * 1024

/** Faults: none of its own; what the system says. The signal bounds the dialling and every call. */
export async function dialBare(dial: BareDial, signal: AbortSignal): Promise<BareChannel> {
  signal.throwIfAborted()
  const socket = dial.tls === undefined ? connectTcp(dial.port, dial.host) : openTls(dial, dial.tls)
  const frames = new Frames(socket, signal)
  try {
    await frames.until(dial.tls === undefined ? 'connect' : 'secureConnect')
  } catch (error) {
    frames.close()
    throw error
  }
  return {
    tls: dial.tls === undefined ? undefined : describeTls(socket as TLSSocket, dial.host),
    speak: async () => void (await frames.ask(apiVersionsApi, API_VERSIONS.ApiVersions.max, SOFTWARE)),
    mechanisms: () => askMechanisms(frames),
    letsIn: (mechanism, nowMs) => tryMadeUp(frames, mechanism, madeUpLogin(mechanism, nowMs)),
    async countTopics() {
      const { versions } = await frames.ask(apiVersionsApi, API_VERSIONS.ApiVersions.max, SOFTWARE)
      const version = chooseVersion('Metadata', versions) ?? API_VERSIONS.Metadata.min
      return (await frames.ask(metadataApi, version, { topics: null })).topics.length
    },
    close: () => frames.close(),
  }
}

const SOFTWARE = { softwareName: 'isthmus', softwareVersion: '1' }

function openTls({ host, port }: BareDial, { ca, version }: BareTls): TLSSocket {
  const only = version === undefined ? { minVersion: 'TLSv1' as const } : { minVersion: version, maxVersion: version }
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...only,
    // Old versions have to be seen, not to be used: nothing secret is ever sent here.
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  })
}

function describeTls(socket: TLSSocket, host: string): SeenTls {
  const certificate: PeerCertificate = socket.getPeerCertificate()
  const { subject, issuer } = certificate
  const trouble = socket.authorizationError as unknown
  return {
    version: socket.getProtocol() ?? 'unknown',
    chainTrouble: socket.authorized ? undefined : trouble instanceof Error ? codeOf(trouble) : String(trouble),
    hostTrouble: checkServerIdentity(host, certificate)?.message,
    endsMs: Date.parse(certificate.valid_to),
    subject: String(subject?.CN ?? ''),
    isSelfSigned: JSON.stringify(subject) === JSON.stringify(issuer),
  }
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message
}

/** Its layout has no flexible version, and no connection uses it: see KIP-152. */
async function askMechanisms(frames: Frames): Promise<readonly string[] | undefined> {
  const { key, version } = SASL_HANDSHAKE
  const body = Writer.create().appendString(NO_MECHANISM, false)
  try {
    const reader = await frames.exchange({ key, version, isFlexible: false }, body)
    const errorCode = reader.readInt16()
    const offered = reader.readArray(() => reader.readString(false), false, false)
    return errorCode === UNSUPPORTED_MECHANISM || errorCode === 0 ? offered : undefined
  } catch (error) {
    // A listener without SASL hangs up on it, or says that it knows no such request. One that is silent has not said so.
    frames.close()
    if (frames.isOutOfTime) throw error
    return undefined
  }
}

/** Let in is who gets no error and no further question. */
async function tryMadeUp(frames: Frames, mechanism: TriedMechanism, message: Buffer): Promise<boolean> {
  try {
    const offer = Writer.create().appendString(mechanism, false)
    const offered = await frames.exchange({ ...SASL_HANDSHAKE, isFlexible: false }, offer)
    if (offered.readInt16() !== 0) return false
    const login = Writer.create().appendBytes(message, false)
    const answer = await frames.exchange({ ...SASL_AUTHENTICATE, isFlexible: false }, login)
    const errorCode = answer.readInt16()
    answer.readNullableString(false)
    return errorCode === 0 && answer.readBytes(false).length === 0
  } catch (error) {
    // Some hang up on whom they refuse. One that is silent has not refused.
    if (frames.isOutOfTime) throw error
    return false
  } finally {
    frames.close()
  }
}

/** Requests and their answers over one socket. */
class Frames {
  readonly #socket: Socket
  readonly #signal: AbortSignal
  #received = Buffer.alloc(0)
  #correlation = 0
  #ended: Error | undefined
  #wake: () => void = () => undefined

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket
    this.#signal = signal
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('the listener hung up')))
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  get isOutOfTime(): boolean {
    return this.#signal.aborted
  }

  async until(event: 'connect' | 'secureConnect'): Promise<void> {
    const seen = { isReached: false }
    this.#socket.once(event, () => {
      seen.isReached = true
      this.#wake()
    })
    while (!seen.isReached) await this.#change()
  }

  async ask<Request, Response>(api: Api<Request, Response>, version: number, request: Request): Promise<Response> {
    const body = Writer.create()
    api.write(body, request, version)
    const { key } = API_VERSIONS[api.name]
    const { request: isFlexible, response: isTagged } = headersOf(api.name)
    const reader = await this.exchange({ key, version, isFlexible, isTagged }, body)
    return api.read(reader, version)
  }

  async exchange({ key, version, isFlexible, isTagged = false }: Header, body: Writer): Promise<Reader> {
    const correlation = ++this.#correlation
    const header = Writer.create().appendInt16(key).appendInt16(version)
    header.appendInt32(correlation).appendString(CLIENT_ID, false)
    if (isFlexible) header.appendTaggedFields()
    header.append(body.buffer).prependLength()
    this.#socket.write(header.buffer)
    const frame = await this.#readFrame()
    if (frame.readInt32BE(0) !== correlation) throw new Error('the answer belongs to another request')
    return Reader.from(frame.subarray(isTagged ? 5 : 4))
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#socket.destroy()
  }

  async #readFrame(): Promise<Buffer> {
    for (;;) {
      const size = this.#received.length < 4 ? undefined : this.#received.readInt32BE(0)
      // Not a Kafka listener, or one that answers in TLS.
      if (size !== undefined && (size < 4 || size > FRAME_MAX)) throw new Error('the answer is no answer of Kafka')
      if (size !== undefined && this.#received.length >= 4 + size) {
        const frame = Buffer.from(this.#received.subarray(4, 4 + size))
        this.#received = this.#received.subarray(4 + size)
        return frame
      }
      await this.#change()
    }
  }

  async #change(): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  readonly #onAbort = () => {
    this.#end(this.#signal.reason as Error)
    this.#socket.destroy()
  }

  #end(error: Error): void {
    this.#ended ??= error
    this.#wake()
  }
}

interface Header {
  readonly key: number
  readonly version: number
  readonly isFlexible: boolean
  readonly isTagged?: boolean
}
