import { createConnection, createServer, type Server, type Socket } from 'node:net'

/** What clients meet behind an address. */
export type DoorState =
  | 'open'
  /** Connections end, and there is nothing that listens. */
  | 'refused'
  /** Connections are reset, new ones at once. */
  | 'reset'
  /** Connections stay, and whatever is sent is swallowed, as by a network that drops packets. */
  | 'swallowed'

interface Pair {
  readonly client: Socket
  readonly behind: Socket
}

/**
 * A TCP proxy in front of the client listener of a region, whose advertised address it is; or, with a target that is
 * switched, the name that clients are given: like a load balancer it leads new connections elsewhere and leaves those
 * that are there.
 */
export class Door implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Connections that were let in by a swallowing door. */
  readonly #void = new Set<Socket>()
  #targetPort: number
  #state: DoorState = 'open'

  private constructor(port: number, targetPort: number) {
    this.port = port
    this.#targetPort = targetPort
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start({ port, targetPort }: { readonly port: number; readonly targetPort: number }): Promise<Door> {
    const door = new Door(port, targetPort)
    await door.#listen()
    return door
  }

  get state(): DoorState {
    return this.#state
  }

  lead(targetPort: number): void {
    this.#targetPort = targetPort
  }

  async set(state: DoorState): Promise<void> {
    const wasListening = this.#state !== 'refused'
    this.#state = state
    if (state === 'refused' && wasListening) this.#server.close()
    if (state === 'swallowed') this.#swallow()
    else this.#end(state)
    if (state !== 'refused' && !wasListening) await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end('refused')
    if (this.#state !== 'refused') await new Promise((resolve) => this.#server.close(resolve))
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.port, '127.0.0.1', resolve)
    })
  }

  #swallow(): void {
    for (const { client, behind } of this.#pairs) {
      client.unpipe(behind).resume()
      behind.unpipe(client).resume()
    }
  }

  /** What was swallowed is not there any more when a door opens again. */
  #end(state: Exclude<DoorState, 'swallowed'>): void {
    for (const socket of this.#void) socket.destroy()
    for (const { client } of this.#pairs) {
      if (state === 'reset') client.resetAndDestroy()
      else client.destroy()
    }
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined).setNoDelay(true)
    if (this.#state === 'reset') return void client.resetAndDestroy()
    if (this.#state === 'swallowed') {
      this.#void.add(client)
      client.on('close', () => this.#void.delete(client)).resume()
      return
    }
    const behind = createConnection({ port: this.#targetPort, host: '127.0.0.1' })
    const pair = { client, behind }
    this.#pairs.add(pair)
    behind.on('error', () => undefined).setNoDelay(true)
    client.on('close', () => {
      this.#pairs.delete(pair)
      behind.destroy()
    })
    behind.on('close', () => {
      if (this.#state !== 'swallowed') client.destroy()
    })
    client.pipe(behind)
    behind.pipe(client)
  }
}
