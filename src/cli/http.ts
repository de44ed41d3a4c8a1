import { describeError, Fault, sleep } from '../core/index.ts'
import type { ProblemBody } from '../api/contract/index.ts'
import { cliFaults } from './faults.ts'
import type { CliIo } from './io.ts'

const TIMEOUT_MS = 15_000
const ATTEMPTS_MAX = 5
const AGAIN_AFTER_MS = 1_000

/** GET of the API. @throws the API's own fault, `CLI_API_UNREACHABLE`, `CLI_API_TIMED_OUT`, `CLI_NOT_ISTHMUS` */
export function getJson<Body>(
  io: CliIo,
  api: string,
  path: string,
  query: Query = {},
  timeoutMs?: number,
): Promise<Body> {
  return exchange<Body>(io, api, withQuery(parseUrl(api, path), query), {}, timeoutMs)
}

/** A page of the API as it is; faults as `getJson`. */
export async function getText(io: CliIo, api: string, path: string, query: Query): Promise<string> {
  return await receive(io, { api, url: withQuery(parseUrl(api, path), query), read: (response) => response.text() })
}

type Query = Readonly<Record<string, string | number | undefined>>

function withQuery(url: URL, query: Query): URL {
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value))
  return url
}

/** A GET whose answer is read as it comes, for as long as nobody ends it; faults as `getJson`. */
export async function openStream(
  io: CliIo,
  api: string,
  path: string,
  query: Query,
): Promise<ReadableStream<Uint8Array>> {
  const url = withQuery(parseUrl(api, path), query)
  const deadline = new AbortController()
  const timer = io.clock.setTimer(TIMEOUT_MS, () => deadline.abort())
  try {
    const response = await io.fetch(url, { signal: AbortSignal.any([io.signal, deadline.signal]) })
    if (response.ok && response.body !== null) return response.body
    throw faultOf(await response.json().catch(() => undefined), api, response.status)
  } catch (error) {
    throw explain(error, { api, isLate: deadline.signal.aborted, timeoutMs: TIMEOUT_MS })
  } finally {
    timer.cancel()
  }
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

/** A request that changes something; faults as `getJson`. */
export function sendJson<Body>(
  io: CliIo,
  api: string,
  method: 'POST' | 'DELETE',
  path: string,
  body?: object,
  { headers = {}, timeoutMs }: SendOptions = {},
): Promise<Body> {
  const content =
    body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
  return exchange<Body>(io, api, parseUrl(api, path), { method, ...content }, timeoutMs)
}

async function exchange<Body>(
  io: CliIo,
  api: string,
  url: URL,
  request: RequestInit,
  timeoutMs = TIMEOUT_MS,
): Promise<Body> {
  const read = (response: Response) => response.json().catch(() => undefined) as Promise<Body | undefined>
  return await receive(io, { api, url, request, timeoutMs, read })
}

interface Exchange<Body> {
  readonly api: string
  readonly url: URL
  readonly request?: RequestInit
  readonly timeoutMs?: number
  /** Of an answer that is none of Isthmus it makes undefined. */
  readonly read: (response: Response) => Promise<Body | undefined>
}

async function receive<Body>(
  io: CliIo,
  { api, url, request = {}, timeoutMs = TIMEOUT_MS, read }: Exchange<Body>,
): Promise<Body> {
  const deadline = new AbortController()
  const timer = io.clock.setTimer(timeoutMs, () => deadline.abort())
  try {
    const response = await ask(io, url, { ...request, signal: AbortSignal.any([io.signal, deadline.signal]) })
    const body = response.ok ? await read(response) : undefined
    if (body !== undefined) return body
    throw faultOf(response.ok ? undefined : await response.json().catch(() => undefined), api, response.status)
  } catch (error) {
    throw explain(error, { api, isLate: deadline.signal.aborted, timeoutMs })
  } finally {
    timer.cancel()
  }
}

function explain(
  error: unknown,
  { api, isLate, timeoutMs }: { readonly api: string; readonly isLate: boolean; readonly timeoutMs: number },
): Fault {
  if (error instanceof Fault) return error
  if (isLate) return cliFaults.fault('CLI_API_TIMED_OUT', { api, seconds: timeoutMs / 1_000 }, error)
  return cliFaults.fault('CLI_API_UNREACHABLE', { api, reason: describeError(error) }, error)
}

/** What was refused because there were too many was not done, and is asked for again. */
async function ask(io: CliIo, url: URL, request: RequestInit & { readonly signal: AbortSignal }): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const response = await io.fetch(url, request)
    if (response.status !== 429 || attempt === ATTEMPTS_MAX) return response
    await response.body?.cancel()
    await sleep(io.clock, AGAIN_AFTER_MS, request.signal)
  }
}

function parseUrl(api: string, path: string): URL {
  const whole = `${api.replace(/\/+$/, '')}${path}`
  if (!/^https?:\/\//.test(whole) || !URL.canParse(whole)) {
    throw cliFaults.fault('CLI_API_URL_INVALID', { api })
  }
  return new URL(whole)
}

function faultOf(body: unknown, api: string, status: number): Fault {
  const problem = body as Partial<ProblemBody> | undefined
  if (typeof problem?.code !== 'string' || typeof problem.title !== 'string') {
    return cliFaults.fault('CLI_NOT_ISTHMUS', { api, status })
  }
  const { title, code, remedy = '' } = problem
  return new Fault(code, { message: title, remedy, retriable: status === 429 || status === 503, status }, {})
}
