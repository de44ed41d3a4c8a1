import { request as ask, type RequestOptions } from 'node:https'
import { request as askOpenly } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** PEM texts. */
export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** `fetch` with authorities and a certificate of its own, which that of the platform cannot be given. */
export function createFetch(tls: TlsMaterial): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const options: RequestOptions = {
      ...tls,
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(init.signal && { signal: init.signal }),
    }
    const call = url.protocol === 'https:' ? ask(url, options) : askOpenly(url, options)
    call.end(init.body)
    const [answer] = (await once(call, 'response')) as [IncomingMessage]
    const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    )
    const status = answer.statusCode ?? 0
    const hasBody = status !== 204 && status !== 304
    return new Response(hasBody ? (Readable.toWeb(answer) as ReadableStream) : null, { status, headers })
  }
}
