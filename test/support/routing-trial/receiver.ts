import type { IncomingHttpHeaders } from 'node:http'
import { createServer, type Server } from 'node:https'
import { createAuthority, localPorts } from '../../../src/local/index.ts'

/** What Isthmus sent. */
export interface Received {
  readonly action: string
  readonly from: string
  readonly to: string
  readonly operation: string
  readonly key: string | undefined
}

/** What is answered to one request; `reset` breaks the connection off. */
export type Reply = { readonly status: number; readonly body?: string; readonly afterMs?: number } | 'reset'

export const TOKEN = 'a-token-of-the-trial'

/** The operator's receiver of webhooks, over HTTPS with a token: a load balancer, as far as Isthmus can tell. */
export class Receiver implements AsyncDisposable {
  readonly url: string
  readonly ca: string
  readonly received: Received[] = []
  /** Requests without the token, or that were no JSON. */
  strangers = 0
  /** Where it sends clients. */
  pointsAt: string
  /** Replies to the next orders to switch; where there are none, it obeys. */
  readonly replies: Reply[] = []
  /** Before it answers an order that it obeys. */
  beforeSwitch: () => Promise<void> = async () => undefined
  onEvict: (to: string) => Promise<void> = async () => undefined
  readonly #server: Server
  readonly #port: number

  private constructor(parts: { server: Server; port: number; ca: string; pointsAt: string }) {
    this.#server = parts.server
    this.#port = parts.port
    this.url = `https://127.0.0.1:${parts.port}`
    this.ca = parts.ca
    this.pointsAt = parts.pointsAt
    this.#server.on('request', (request, response) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      request.on('end', () => {
        void this.#answer(text, request.headers, request.method === 'HEAD').then(async (reply) => {
          if (reply === 'reset') {
            request.destroy()
            return
          }
          await new Promise((settle) => setTimeout(settle, reply.afterMs ?? 0))
          response.writeHead(reply.status).end(reply.body)
        })
      })
    })
  }

  static async start(pointsAt: string): Promise<Receiver> {
    const authority = await createAuthority({ commonName: 'receiver-ca', now: new Date() })
    const { certificate: cert, privateKey: key } = await authority.issueCertificate({
      commonName: 'receiver',
      ips: ['127.0.0.1'],
    })
    const [port = 0] = await localPorts.take(1)
    const receiver = new Receiver({ server: createServer({ cert, key }), port, ca: authority.certificate, pointsAt })
    await receiver.open()
    return receiver
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
  }

  /** Connections to it are refused. */
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.close()
  }

  async #answer(text: string, headers: IncomingHttpHeaders, isProbe: boolean): Promise<Reply> {
    if (headers.authorization !== `Bearer ${TOKEN}`) {
      this.strangers += 1
      return { status: 401 }
    }
    if (isProbe) return { status: 204 }
    const order = JSON.parse(text) as Omit<Received, 'key'>
    if (order.action === 'check') return { status: order.to === this.pointsAt ? 204 : 409 }
    this.received.push({ ...order, key: headers['idempotency-key'] as string | undefined })
    if (order.action === 'evict') {
      await this.onEvict(order.to)
      return { status: 200 }
    }
    const reply = this.replies.shift()
    if (reply === 'reset' || (reply !== undefined && reply.status >= 300)) return reply
    await this.beforeSwitch()
    this.pointsAt = order.to
    return reply ?? { status: 200 }
  }
}
