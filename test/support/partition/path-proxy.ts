import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { FrameCutter } from '../faults/request-frame.ts'

export interface PathOptions {
  readonly targetPort: number
  /** What a broker tells clients to connect to: told as the port of this way instead. @defaultValue nothing is told */
  readonly advertisedPort?: number
}

interface Link {
  readonly client: Socket
  readonly target: Socket
}

const HOST = Buffer.from('127.0.0.1')

/**
 * The way of one process to one server. Cut, it swallows what is sent, in one direction or both, and ends no connection:
 * as a network does that drops packets. What was held goes on its way when it is mended.
 *
 * A broker tells every client the same address, so the address in its answers is replaced by that of this way: both have
 * the same length, and stand as host and port behind each other in every answer that has them. Plain text only.
 */
export class PathProxy implements AsyncDisposable {
  readonly #options: PathOptions
  readonly #server: Server
  readonly #links = new Set<Link>()
  #isCut = { to: false, from: false }

  private constructor(options: PathOptions) {
    this.#options = options
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start(options: PathOptions): Promise<PathProxy> {
    const path = new PathProxy(options)
    await new Promise<void>((resolve) => path.#server.listen(0, '127.0.0.1', resolve))
    return path
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** `to`: what the process sends does not arrive. `from`: what it is answered does not. */
  cut(how: { readonly to: boolean; readonly from: boolean } = { to: true, from: true }): void {
    this.#isCut = how
    for (const link of this.#links) this.#obey(link)
  }

  mend(): void {
    this.cut({ to: false, from: false })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, target } of this.#links) {
      client.destroy()
      target.destroy()
    }
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket): void {
    const target = createConnection({ port: this.#options.targetPort, host: '127.0.0.1' })
    const link = { client, target }
    this.#links.add(link)
    const end = () => {
      this.#links.delete(link)
      client.destroy()
      target.destroy()
    }
    for (const socket of [client, target]) socket.setNoDelay(true).on('error', end).on('close', end)
    client.on('data', (chunk) => target.write(chunk))
    const { advertisedPort } = this.#options
    if (advertisedPort === undefined) {
      target.on('data', (chunk) => client.write(chunk))
    } else {
      const cutter = new FrameCutter()
      const [theirs, ours] = [addressOf(advertisedPort), addressOf(this.port)]
      target.on('data', (chunk) => {
        for (const frame of cutter.take(chunk)) client.write(replaceAll(frame, theirs, ours))
      })
    }
    this.#obey(link)
  }

  #obey({ client, target }: Link): void {
    if (this.#isCut.to) client.pause()
    else client.resume()
    if (this.#isCut.from) target.pause()
    else target.resume()
  }
}

/** A host and its port as Kafka writes them. */
function addressOf(port: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(port)
  return Buffer.concat([HOST, bytes])
}

function replaceAll(frame: Buffer, theirs: Buffer, ours: Buffer): Buffer {
  for (let at = frame.indexOf(theirs); at >= 0; at = frame.indexOf(theirs, at + ours.length)) ours.copy(frame, at)
  return frame
}
