import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { FrameReader } from './delay-proxy.ts'

/** A TCP proxy in front of a broker that counts the requests that pass it. */
export class RequestCounter implements AsyncDisposable {
  readonly #targetPort: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #requests = 0
  #bytes = 0

  private constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start(options: { readonly listenPort: number; readonly targetPort: number }): Promise<RequestCounter> {
    const counter = new RequestCounter(options.targetPort)
    await new Promise<void>((resolve, reject) => {
      counter.#server.once('error', reject)
      counter.#server.listen(options.listenPort, '127.0.0.1', resolve)
    })
    return counter
  }

  /** Passed on so far, and the bytes of them and of their answers. */
  get counts(): { readonly requests: number; readonly bytes: number } {
    return { requests: this.#requests, bytes: this.#bytes }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const broker = createConnection({ port: this.#targetPort, host: '127.0.0.1' })
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    const frames = new FrameReader(() => this.#requests++)
    client.on('data', (chunk) => {
      frames.take(chunk)
      this.#bytes += chunk.length
    })
    broker.on('data', (chunk) => (this.#bytes += chunk.length))
    client.pipe(broker)
    broker.pipe(client)
  }
}
