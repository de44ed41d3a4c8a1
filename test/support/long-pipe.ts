import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** A way between two regions, as a TCP connection meets it. */
export interface PipeOptions {
  /** Each way; the round trip is twice that. */
  readonly delayMs: number
  /** Over all connections, in each direction. */
  readonly bytesPerSecond: number
  /** Bytes that a connection has under way and not confirmed, in each direction: TCP's window. */
  readonly windowBytes: number
}

/**
 * A TCP proxy that is as long and as thin as it is told: bytes leave at the pipe's rate, arrive after the delay, and
 * count for the window until their confirmation could be back. It stands in for `tc netem`, which needs a kernel module
 * and rights that test machines rarely have.
 */
export class LongPipe implements AsyncDisposable {
  /** False: connections that are made from now on are as short as they can be, as for preparing a trial. */
  isLong = true
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(options: PipeOptions & { readonly targetPort: number }) {
    const there = new Lane(options.bytesPerSecond)
    const back = new Lane(options.bytesPerSecond)
    this.#server = createServer((client) => {
      const target = createConnection({ port: options.targetPort, host: '127.0.0.1' })
      this.#keep(client, target)
      if (this.isLong) {
        carry(client, target, there, options)
        carry(target, client, back, options)
      } else {
        client.pipe(target)
        target.pipe(client)
      }
    })
  }

  static async start(options: PipeOptions & { readonly listenPort: number; readonly targetPort: number }) {
    const pipe = new LongPipe(options)
    await new Promise<void>((resolve, reject) => {
      pipe.#server.once('error', reject)
      pipe.#server.listen(options.listenPort, '127.0.0.1', resolve)
    })
    return pipe
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #keep(client: Socket, target: Socket): void {
    for (const socket of [client, target]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      const end = () => {
        this.#sockets.delete(socket)
        client.destroy()
        target.destroy()
      }
      socket.on('error', end)
      socket.on('close', end)
    }
  }
}

/** One direction of the pipe: what all connections share. */
class Lane {
  readonly #bytesPerSecond: number
  #freeAtMs = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
  }

  /** When the last of the bytes has left. */
  leave(bytes: number): number {
    this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + (bytes * 1_000) / this.#bytesPerSecond
    return this.#freeAtMs
  }
}

function carry(from: Socket, to: Socket, lane: Lane, { delayMs, windowBytes }: PipeOptions): void {
  let underWay = 0
  // Timers of the same millisecond fire in any order; what arrives is always the oldest.
  const chunks: Buffer[] = []
  from.on('data', (chunk) => {
    underWay += chunk.length
    if (underWay >= windowBytes) from.pause()
    const arrivesInMs = lane.leave(chunk.length) - performance.now() + delayMs
    chunks.push(chunk)
    setTimeout(() => {
      const oldest = chunks.shift()
      if (oldest !== undefined && !to.destroyed) to.write(oldest)
    }, arrivesInMs)
    setTimeout(() => {
      underWay -= chunk.length
      if (underWay < windowBytes) from.resume()
    }, arrivesInMs + delayMs)
  })
}

/** Bytes a second of a plain TCP stream through a pipe: the most that anybody can reach on it. */
export async function measurePlainStream(
  options: PipeOptions & { readonly listenPort: number; readonly bytes: number },
): Promise<number> {
  let received = 0
  let startedMs = 0
  const done = Promise.withResolvers<number>()
  const sink = createServer((socket) => {
    socket.on('error', done.reject)
    socket.on('data', (chunk) => {
      if (received === 0) startedMs = performance.now()
      received += chunk.length
      if (received >= options.bytes) done.resolve((received * 1_000) / (performance.now() - startedMs))
    })
  })
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const address = sink.address()
  const targetPort = typeof address === 'object' && address !== null ? address.port : 0
  await using _pipe = await LongPipe.start({ ...options, targetPort })
  const sender = createConnection({ port: options.listenPort, host: '127.0.0.1' })
  try {
    const chunk = Buffer.alloc(64 * 1024)
    const send = () => {
      while (sender.write(chunk));
    }
    sender.on('drain', send).on('connect', send).on('error', done.reject)
    return await done.promise
  } finally {
    sender.destroy()
    sink.close()
  }
}
