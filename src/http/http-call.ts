import { type Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { type Clock, describeError } from '../core/index.ts'

export interface HttpCall {
  readonly url: URL
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Holds connections. */
  readonly agent: Agent
  /** Certificates of both sides. */
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  readonly connectTimeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** No answer came. Where nothing was sent, nothing was done either. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly wasSent: boolean

  constructor(wasSent: boolean, cause: unknown) {
    super(describeError(cause), { cause })
    this.wasSent = wasSent
  }
}

/** Sends one request, and gives the answer once its head has come. Throws `NoAnswer`. */
export function send(call: HttpCall): Promise<IncomingMessage> {
  const { url, method, body, agent, tls, connectTimeoutMs, clock, signal } = call
  return new Promise((resolve, reject) => {
    let wasSent = false
    const isTls = url.protocol === 'https:'
    const request = (isTls ? httpsRequest : httpRequest)(url, { method, agent, headers: call.headers, ...tls })
    const onAbort = () => request.destroy(reasonOf(signal))
    const timer = clock.setTimer(connectTimeoutMs, () => {
      if (!wasSent) request.destroy(new Error(`no connection within ${connectTimeoutMs} ms`))
    })
    const onConnected = () => {
      wasSent = true
      timer.cancel()
    }
    request.once('socket', (socket) => {
      if (request.reusedSocket) onConnected()
      else socket.once(isTls ? 'secureConnect' : 'connect', onConnected)
    })
    request.once('response', (answer) => {
      answer.once('close', () => signal.removeEventListener('abort', onAbort))
      resolve(answer)
    })
    request.once('error', (error) => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      reject(new NoAnswer(wasSent, error))
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    request.end(body)
  })
}

/** The whole body. Throws `NoAnswer` where it breaks off, or is longer than an answer can be. */
export async function readBody(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`)
      parts.push(part)
    }
  } catch (error) {
    throw new NoAnswer(true, error)
  }
  return Buffer.concat(parts).toString('utf8')
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason })
}
