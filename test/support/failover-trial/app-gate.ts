import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Applications of the trials have client ids that begin so. */
export const APP_PREFIX = 'app-'
/** Size, API key, version and correlation id of a request stand before its client id. */
const ID_AT = 12
const DELAY_POLL_MS = 5

interface Link {
  readonly client: Socket
  readonly broker: Socket
  isApp: boolean
  /** What is still on its way to the client. */
  sent: Promise<unknown>
}

/** What closes a gate: the region's fence command, or the agent beside it. It is open while neither does. */
export type Closer = 'fence' | 'gate'

/**
 * A TCP proxy in front of a broker without an authorizer, which an operator's programs close: connections of
 * applications, told by the client id of their first request, are cut and refused while it is closed. Those of Isthmus
 * pass, as they would on a listener of their own.
 */
export class AppGate implements AsyncDisposable {
  /** What the broker says reaches Isthmus so much later: a long way, or a busy one. */
  delayMs = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #closedBy = new Set<Closer>()
  #isHeld = false

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#accept(client, targetPort))
  }

  static async start(ports: { readonly listenPort: number; readonly targetPort: number }): Promise<AppGate> {
    const gate = new AppGate(ports.targetPort)
    await new Promise<void>((resolve, reject) => {
      gate.#server.once('error', reject)
      gate.#server.listen(ports.listenPort, '127.0.0.1', resolve)
    })
    return gate
  }

  get isOpen(): boolean {
    return this.#closedBy.size === 0
  }

  isClosedBy(closer: Closer): boolean {
    return this.#closedBy.has(closer)
  }

  open(closer: Closer): void {
    this.#closedBy.delete(closer)
  }

  /** The machine has started again, and nothing of what was set on it outlives that. */
  forget(): void {
    this.#closedBy.clear()
  }

  close(closer: Closer): void {
    this.#closedBy.add(closer)
    for (const { client, isApp } of this.#links) if (isApp) client.destroy()
  }

  /** Isthmus gets nothing from the broker any more, and no connection ends: a link that has got stuck. */
  hold(): void {
    this.#isHeld = true
    for (const { broker, isApp } of this.#links) if (!isApp) broker.pause()
  }

  release(): void {
    this.#isHeld = false
    for (const { broker } of this.#links) broker.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#links) client.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(client: Socket, port: number): void {
    const broker = createConnection({ port, host: '127.0.0.1' })
    const link: Link = { client, broker, isApp: false, sent: Promise.resolve() }
    this.#links.add(link)
    const end = () => {
      this.#links.delete(link)
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) socket.setNoDelay(true).on('error', end).on('close', end)
    let head = Buffer.alloc(0)
    const onHead = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      const id = clientIdOf(head)
      if (id === undefined) return
      client.off('data', onHead).pause()
      link.isApp = id.startsWith(APP_PREFIX)
      if (link.isApp && !this.isOpen) return end()
      if (!link.isApp && this.#isHeld) broker.pause()
      broker.write(head)
      client.pipe(broker)
      if (link.isApp) broker.pipe(client)
      else broker.on('data', (chunk) => this.#later(link, chunk))
    }
    client.on('data', onHead)
  }

  #later(link: Link, chunk: Buffer): void {
    const sinceMs = performance.now()
    const send = async () => {
      // Once the way is short again, what is on it arrives.
      while (!link.client.destroyed && performance.now() < sinceMs + this.delayMs) {
        await sleep(DELAY_POLL_MS, undefined, { ref: false })
      }
      if (!link.client.destroyed) link.client.write(chunk)
    }
    link.sent = link.sent.then(send)
  }
}

/** Undefined while too little of the request is there. */
function clientIdOf(head: Buffer): string | undefined {
  if (head.length < ID_AT + 2) return undefined
  const length = Math.max(0, head.readInt16BE(ID_AT))
  return head.length < ID_AT + 2 + length ? undefined : head.toString('utf8', ID_AT + 2, ID_AT + 2 + length)
}
