/**
 * A TCP proxy in front of one broker that reads the requests passing through it and has scripted faults happen to them.
 * Plain text only. Clients are led to it by the broker's advertised port (see `advertisedPorts` of a local region).
 *
 * What always holds: each direction of a connection is one stream, forwarded frame by frame and in order, so a request
 * that is delayed or held delays what is behind it, as TCP would.
 */
import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultScript } from './fault-script.ts'
import { apiNameOf, FrameCutter, layAnswer, readAnswerId, readRequestHead } from './request-frame.ts'
import { TokenBucket } from './token-bucket.ts'

export interface FaultProxyOptions {
  readonly listenPort: number
  readonly brokerPort: number
  /** Counted from 0; rules may be for one broker only. @defaultValue 0 */
  readonly broker?: number
  readonly script: FaultScript
  /** Each way, all connections together. @defaultValue no limit */
  readonly bytesPerSecond?: number
}

interface Link {
  readonly client: Socket
  readonly broker: Socket
  readonly ended: AbortController
  /** Correlation ids of answers that the client is not to get. */
  readonly lost: Set<number>
  /** The client is gone; what it sent last is still on its way. */
  isLate: boolean
}

const SLICE_BYTES = 16_384

export class FaultProxy implements AsyncDisposable {
  readonly #options: FaultProxyOptions
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #up: TokenBucket
  readonly #down: TokenBucket
  #gate = openGate()

  private constructor(options: FaultProxyOptions) {
    this.#options = options
    const { bytesPerSecond = Number.POSITIVE_INFINITY } = options
    this.#up = new TokenBucket(bytesPerSecond)
    this.#down = new TokenBucket(bytesPerSecond)
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options)
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject)
      proxy.#server.listen(options.listenPort, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get connectionCount(): number {
    return this.#links.size
  }

  /** Ends every connection now. */
  cut(): void {
    for (const link of this.#links) end(link)
  }

  /** Nothing passes either way until `release`, and no connection ends. */
  hold(): void {
    if (this.#gate.isOpen) this.#gate = { isOpen: false, ...Promise.withResolvers<void>() }
  }

  release(): void {
    this.#gate.resolve()
    this.#gate = openGate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const broker = createConnection({ port: this.#options.brokerPort, host: '127.0.0.1' })
    const link: Link = { client, broker, ended: new AbortController(), lost: new Set(), isLate: false }
    this.#links.add(link)
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      // A reset is told by `close` too; there is nobody here to tell the reason to.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        if (socket === client && link.isLate) return
        this.#links.delete(link)
        end(link)
      })
    }
    void pump(link, client, (frame) => this.#request(link, frame))
    void pump(link, broker, (frame) => this.#answer(link, frame))
  }

  async #request(link: Link, frame: Buffer): Promise<void> {
    const head = readRequestHead(frame)
    const verdict = this.#options.script.decide(head, this.#options.broker ?? 0)
    const forward = () => this.#send(link, link.broker, frame, this.#up)
    switch (verdict?.action.kind) {
      case undefined:
        return forward()
      case 'close':
        return end(link)
      case 'drop':
        return
      case 'lose-answer':
        link.lost.add(head.correlationId)
        return forward()
      case 'cut':
        await this.#send(link, link.broker, frame.subarray(0, Math.floor(frame.length * verdict.action.part)), this.#up)
        await new Promise<void>((flushed) => link.broker.end(flushed))
        return end(link)
      case 'delay':
        await sleep(verdict.action.ms, undefined, { signal: link.ended.signal })
        return forward()
      case 'late':
        link.isLate = true
        link.lost.add(head.correlationId)
        link.client.destroy()
        await sleep(verdict.action.ms, undefined, { signal: link.ended.signal })
        await forward()
        // The link ends with the answer, which nobody gets.
        return untilAborted(link.ended.signal)
      case 'hold':
        await Promise.race([verdict.released, untilAborted(link.ended.signal)])
        return forward()
      case 'answer': {
        const body = verdict.action.body(frame, head)
        return this.#send(link, link.client, layAnswer(head.correlationId, apiNameOf(head), body), this.#down)
      }
    }
  }

  async #answer(link: Link, frame: Buffer): Promise<void> {
    if (link.lost.has(readAnswerId(frame))) return end(link)
    await this.#send(link, link.client, frame, this.#down)
  }

  async #send(link: Link, to: Socket, frame: Buffer, bucket: TokenBucket): Promise<void> {
    const { signal } = link.ended
    for (let at = 0; at < frame.length; at += SLICE_BYTES) {
      const slice = frame.subarray(at, at + SLICE_BYTES)
      const waitMs = bucket.take(slice.length, performance.now())
      if (waitMs > 0) await sleep(waitMs, undefined, { signal })
      if (!this.#gate.isOpen) await Promise.race([this.#gate.promise, untilAborted(signal)])
      signal.throwIfAborted()
      if (!to.write(slice)) await once(to, 'drain', { signal })
    }
  }
}

/** Hands over each frame and waits for it; a slow receiver slows the sender down. */
async function pump(link: Link, from: Socket, handle: (frame: Buffer) => Promise<void>): Promise<void> {
  const cutter = new FrameCutter()
  try {
    for await (const chunk of from) {
      for (const frame of cutter.take(chunk as Buffer)) await handle(frame)
    }
  } catch (error) {
    if (error instanceof RangeError) throw error
    // Anything else is the end of one of the sockets.
  }
  end(link)
}

function end({ client, broker, ended }: Link): void {
  ended.abort()
  client.destroy()
  broker.destroy()
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

function openGate() {
  return { isOpen: true, promise: Promise.resolve(), resolve: () => undefined as void }
}
