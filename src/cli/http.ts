import { describeError, Fault } from '../core/index.ts'
import type { ProblemBody } from '../api/contract/index.ts'
import { cliFaults } from './faults.ts'
import type { CliIo } from './io.ts'

const TIMEOUT_MS = 15_000

/** GET of the API. @throws the API's own fault, `CLI_API_UNREACHABLE`, `CLI_API_TIMED_OUT`, `CLI_NOT_ISTHMUS` */
export function getJson<Body>(
  io: CliIo,
  api: string,
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<Body> {
  const url = parseUrl(api, path)
  for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value))
  return exchange<Body>(io, api, url, {})
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
  const deadline = new AbortController()
  const timer = io.clock.setTimer(timeoutMs, () => deadline.abort())
  try {
    const response = await io.fetch(url, { ...request, signal: AbortSignal.any([io.signal, deadline.signal]) })
    const body: unknown = await response.json().catch(() => undefined)
    if (response.ok && body !== undefined) return body as Body
    throw faultOf(body, api, response.status)
  } catch (error) {
    if (error instanceof Fault) throw error
    if (deadline.signal.aborted) throw cliFaults.fault('CLI_API_TIMED_OUT', { api, seconds: timeoutMs / 1_000 }, error)
    throw cliFaults.fault('CLI_API_UNREACHABLE', { api, reason: describeError(error) }, error)
  } finally {
    timer.cancel()
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
