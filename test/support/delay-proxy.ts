import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const PRODUCE = 0

export interface DelayProxyOptions {
  readonly listenPort: number
  readonly targetPort: number
  /** Each way, milliseconds: the round trip is twice that. */
  readonly delayMs: number
  /** Told of each request on its way to the broker. */
  onRequest?(apiKey: number): void
}

/**
 * A TCP proxy in front of a broker that is as far away as it is told, and that knows how many Produce requests it has
 * passed on without having seen their answers: what is in flight when a client is killed.
 */
export class DelayProxy implements AsyncDisposable {
  readonly #options: DelayProxyOptions
  readonly #server: Server
  readonly #links = new Set<Link>()

  private constructor(options: DelayProxyOptions) {
    this.#options = options
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start(options: DelayProxyOptions): Promise<DelayProxy> {
    const proxy = new DelayProxy(options)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(options.listenPort, '127.0.0.1', resolve)
    })
    return proxy
  }

  /** Produce requests that clients have sent and that are not answered yet. */
  get outstandingProduces(): number {
    return [...this.#links].reduce((sum, { outstanding }) => sum + outstanding.size, 0)
  }

  /** Ends every connection now. */
  cut(): void {
    for (const { client, broker } of this.#links) {
      client.destroy()
      broker.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const broker = createConnection({ port: this.#options.targetPort, host: '127.0.0.1' })
    const link: Link = { client, broker, outstanding: new Set() }
    this.#links.add(link)
    const end = () => {
      this.#links.delete(link)
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      socket.on('error', end)
      socket.on('close', end)
    }
    const requests = new FrameReader((frame) => {
      this.#options.onRequest?.(frame.readInt16BE(0))
      if (frame.readInt16BE(0) === PRODUCE) link.outstanding.add(frame.readInt32BE(4))
    })
    const answers = new FrameReader((frame) => link.outstanding.delete(frame.readInt32BE(0)))
    client.on('data', (chunk) => {
      requests.take(chunk)
      void this.#later(broker, chunk)
    })
    broker.on('data', (chunk) => {
      answers.take(chunk)
      void this.#later(client, chunk)
    })
  }

  /** Timers of one delay fire in the order they were set: the bytes stay in order. */
  async #later(socket: Socket, chunk: Buffer): Promise<void> {
    await sleep(this.#options.delayMs)
    if (!socket.destroyed) socket.write(chunk)
  }
}

interface Link {
  readonly client: Socket
  readonly broker: Socket
  readonly outstanding: Set<number>
}

/** Cuts a stream into Kafka's size-prefixed frames; hands over the first bytes of each. */
export class FrameReader {
  readonly #onFrame: (head: Buffer) => void
  #head = Buffer.alloc(0)
  #toSkip = 0

  constructor(onFrame: (head: Buffer) => void) {
    this.#onFrame = onFrame
  }

  take(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, rest.length)
        this.#toSkip -= skipped
        rest = rest.subarray(skipped)
        continue
      }
      const size = this.#head.length < SIZE_BYTES ? undefined : this.#head.readInt32BE(0)
      const wanted = SIZE_BYTES + (size === undefined ? 0 : Math.min(size, HEAD_BYTES))
      const needed = wanted - this.#head.length
      this.#head = Buffer.concat([this.#head, rest.subarray(0, needed)])
      rest = rest.subarray(needed)
      if (size === undefined || this.#head.length < wanted) continue
      this.#onFrame(this.#head.subarray(SIZE_BYTES))
      this.#toSkip = size + SIZE_BYTES - wanted
      this.#head = Buffer.alloc(0)
    }
  }
}

const SIZE_BYTES = 4
/** API key, version and correlation id of a request; correlation id of an answer and what follows. */
const HEAD_BYTES = 8
