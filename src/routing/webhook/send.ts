import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { type Clock, describeError } from '../../core/index.ts'

export interface HttpCall {
  readonly url: string
  readonly method: 'POST' | 'HEAD'
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** PEM text of the authorities that sign the receiver; undefined: the system's. */
  readonly ca: string | undefined
  readonly timeoutMs: number
}

export type HttpEnd =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'none'; readonly reason: string }

/** Of what is shown of an answer. */
const BODY_BYTES_MAX = 400

/** One request on a connection of its own; redirections are not followed. */
export function sendHttp(call: HttpCall, clock: Clock, signal: AbortSignal): Promise<HttpEnd> {
  const { url, method, headers, body, ca, timeoutMs } = call
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const request = send(url, { method, headers, agent: false, ...(ca !== undefined && { ca }) })
    const timer = clock.setTimer(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs} ms`)))
    const onAbort = () => fail(new Error('stopped', { cause: signal.reason }))
    const end = (result: HttpEnd) => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      request.destroy()
      resolve(result)
    }
    const fail = (error: Error) => end({ kind: 'none', reason: describeError(error) })
    request.on('error', fail)
    request.once('response', (answer) => {
      const { statusCode: status = 0 } = answer
      let begun = Buffer.alloc(0)
      const settle = () => end({ kind: 'answer', status, body: begun.subarray(0, BODY_BYTES_MAX).toString('utf8') })
      answer.on('error', fail)
      answer.once('end', settle)
      answer.on('data', (chunk: Buffer) => {
        begun = Buffer.concat([begun, chunk])
        if (begun.length >= BODY_BYTES_MAX) settle()
      })
    })
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    request.end(body)
  })
}
