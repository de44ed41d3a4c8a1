import type { ProblemBody } from '../../api/contract/index.ts'
import { describeError } from '../../core/index.ts'

/** What a request was not answered for; made by the API, or here where it does not answer. */
export type Problem = Pick<ProblemBody, 'title' | 'code' | 'remedy' | 'status'>

export class ApiProblem extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

export interface Answer<Body> {
  /** Undefined where nothing has changed since the answer with the tag that was shown. */
  readonly body: Body | undefined
  readonly tag: string | null
}

export interface Ask {
  readonly token: string | undefined
  readonly signal?: AbortSignal
  /** ETag of what is already there. */
  readonly tag?: string | null
  readonly method?: 'GET' | 'POST'
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  /** @defaultValue 10000 */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
const AWAY = 'CONSOLE_API_AWAY'

/** Relative to the page, so that it works under whatever path a proxy serves it. */
export function apiUrl(path: string): string {
  return new URL(`../api/v1${path}`, document.baseURI.replace(/#.*$/, '')).href
}

/** @throws ApiProblem */
export async function askApi<Body>(path: string, ask: Ask): Promise<Answer<Body>> {
  const { method = 'GET', body, tag, headers, timeoutMs = TIMEOUT_MS } = ask
  const bounds = [AbortSignal.timeout(timeoutMs), ...(ask.signal === undefined ? [] : [ask.signal])]
  const response = await fetch(apiUrl(path), {
    method,
    headers: {
      accept: 'application/json',
      ...authorization(ask.token),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(tag !== undefined && tag !== null && { 'if-none-match': tag }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    cache: 'no-store',
    credentials: 'same-origin',
    signal: AbortSignal.any(bounds),
  }).catch((error: unknown) => {
    throw new ApiProblem(unreachable(error))
  })
  if (response.status === 304) return { body: undefined, tag: tag ?? null }
  const text = await response.text().catch((error: unknown) => {
    throw new ApiProblem(unreachable(error))
  })
  if (!response.ok) throw new ApiProblem(problemOf(text, response.status))
  return { body: JSON.parse(text) as Body, tag: response.headers.get('etag') }
}

export function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

export function problemOfError(error: unknown): Problem {
  return error instanceof ApiProblem ? error.problem : unreachable(error)
}

function problemOf(text: string, status: number): Problem {
  try {
    const body = JSON.parse(text) as Partial<Problem>
    if (typeof body.title === 'string') return { code: '', remedy: '', status, ...body, title: body.title }
  } catch {
    // A proxy in between has answered: what it says is no problem of ours.
  }
  return { title: `the request was answered with ${status}`, code: '', remedy: 'ask whoever keeps the proxy', status }
}

/** Whether it is the API that is away, and not something about the question. */
export function isAway(problem: Problem | undefined): boolean {
  return problem?.code === AWAY
}

function unreachable(error: unknown): Problem {
  const isLate = error instanceof Error && error.name === 'TimeoutError'
  return {
    title: isLate ? 'the API has not answered in time' : `the API does not answer: ${describeError(error)}`,
    code: AWAY,
    remedy: 'what is shown is what was last heard, with its age; another controller serves the same console',
    status: 0,
  }
}
