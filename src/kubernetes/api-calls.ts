/**
 * Requests to one API server.
 *
 * What always holds: each ends within its bound. A write is never repeated here; one that may have been done is
 * `KUBERNETES_OUTCOME_UNKNOWN`, and `KUBERNETES_UNREACHABLE` says that it was not. Reads are repeated until their
 * deadline.
 */
import type { IncomingMessage } from 'node:http'
import { describeError, isFault, type RetryContext, retry, withSignal, withTimeLimit } from '../core/index.ts'
import { type ApiServer, type KubernetesAccess, openApiServer } from './access.ts'
import { type Answer, isAbsence, judgeStatus, readStatus } from './answers.ts'
import { kubernetesFaults } from './faults.ts'
import { type HttpCall, NoAnswer, readBody, send } from '../http/index.ts'
import { pathOf, type ResourceKind } from './objects.ts'

export interface ApiCall {
  readonly method: HttpCall['method']
  readonly kind: ResourceKind
  readonly name?: string
  readonly subresource?: 'status'
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const RETRY_DELAYS = { firstMs: 50, mostMs: 500 }
const HEADERS = { accept: 'application/json', 'content-type': 'application/json', 'user-agent': 'isthmus' }

export class ApiCalls {
  /** For messages, such as `Kubernetes, namespace kafka`. */
  readonly where: string
  readonly #access: KubernetesAccess
  readonly #context: Omit<RetryContext, 'signal'>
  readonly #timeoutMs: number
  #server: Promise<ApiServer> | undefined

  constructor(access: KubernetesAccess, context: Omit<RetryContext, 'signal'>) {
    this.#access = access
    this.#context = context
    this.#timeoutMs = access.timeoutMs ?? 5_000
    const place = access.contextName === undefined ? 'Kubernetes' : `Kubernetes context ${access.contextName}`
    this.where = access.namespace === undefined ? place : `${place}, namespace ${access.namespace}`
  }

  async read(call: ApiCall, signal: AbortSignal): Promise<Answer> {
    const policy = {
      deadlineMs: this.#timeoutMs,
      delaysFor: (error: unknown) => (isFault(error, 'KUBERNETES_UNREACHABLE') ? RETRY_DELAYS : undefined),
    }
    // A connection that swallows everything leaves time for another one.
    const server = await this.#open(signal)
    const once = (inTime: AbortSignal) => this.#answerOf(server, call, inTime, this.#timeoutMs / 2)
    return this.#inTime(signal, this.#timeoutMs, (inTime) => retry(once, policy, { ...this.#context, signal: inTime }))
  }

  async write(call: ApiCall, signal: AbortSignal): Promise<Answer> {
    return this.#answerOf(await this.#open(signal), call, signal, this.#timeoutMs)
  }

  /** An answer whose body comes bit by bit, for as long as the signal lets it. */
  async stream(call: ApiCall, signal: AbortSignal): Promise<IncomingMessage | Answer> {
    try {
      const answer = await this.#send(await this.#open(signal), call, signal)
      return answer.statusCode === 200 ? answer : await parse(answer)
    } catch (error) {
      throw this.toFault(error, call)
    }
  }

  async close(): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    server?.close()
  }

  /** An answer that is none of those that a caller expects. */
  faultOf(answer: Answer, call: ApiCall): Error {
    const reason = readStatus(answer.body).message ?? `HTTP status ${answer.status}`
    const verdict = judgeStatus(answer.status)
    if (verdict === 'later') return this.#unreachable(reason)
    if (verdict === 'unknown') return this.toFault(new NoAnswer(true, reason), call)
    return kubernetesFaults.fault('KUBERNETES_REFUSED', { where: this.where, what: describeCall(call), reason })
  }

  toFault(error: unknown, call: ApiCall): Error {
    if (isFault(error)) return error
    const reason = describeError(error)
    const wasSent = error instanceof NoAnswer && error.wasSent
    if (call.method === 'GET' || !wasSent) return this.#unreachable(reason, error)
    const facts = { where: this.where, what: describeCall(call), reason }
    return kubernetesFaults.fault('KUBERNETES_OUTCOME_UNKNOWN', facts, error)
  }

  #unreachable(reason: string, cause?: unknown): Error {
    return kubernetesFaults.fault('KUBERNETES_UNREACHABLE', { where: this.where, reason }, cause)
  }

  async #answerOf(server: ApiServer, call: ApiCall, signal: AbortSignal, mostMs: number): Promise<Answer> {
    try {
      const answer = await this.#inTime(signal, mostMs, async (inTime) => parse(await this.#send(server, call, inTime)))
      const isExpected =
        answer.status === 404 ? isAbsence(answer, call.name) : judgeStatus(answer.status) === 'answered'
      if (isExpected) return answer
      throw this.faultOf(answer, call)
    } catch (error) {
      throw this.toFault(error, call)
    }
  }

  async #send(server: ApiServer, call: ApiCall, signal: AbortSignal): Promise<IncomingMessage> {
    const signed = await withSignal(server.sign(), signal)
    const path = pathOf(call.kind, server.namespace, call.name)
    const url = new URL(server.url + (call.subresource === undefined ? path : `${path}/${call.subresource}`))
    url.search = new URLSearchParams(call.query).toString()
    return send({
      ...signed,
      url,
      method: call.method,
      headers: { ...signed.headers, ...HEADERS, ...call.headers },
      ...(call.body && { body: JSON.stringify(call.body) }),
      connectTimeoutMs: this.#access.connectTimeoutMs ?? 2_000,
      clock: this.#context.clock,
      signal,
    })
  }

  /** Not within the bound of a call: on a busy machine it takes seconds to load the library. */
  async #open(signal: AbortSignal): Promise<ApiServer> {
    signal.throwIfAborted()
    this.#server ??= openApiServer(this.#access, this.where)
    try {
      return await withSignal(this.#server, signal)
    } catch (error) {
      if (isFault(error)) this.#server = undefined
      throw error
    }
  }

  #inTime<Result>(
    signal: AbortSignal,
    limitMs: number,
    call: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const late = () => new Error(`no answer within ${Math.round(limitMs)} ms`)
    return withTimeLimit({ clock: this.#context.clock, limitMs, signal, late }, call)
  }
}

async function parse(answer: IncomingMessage): Promise<Answer> {
  const text = await readBody(answer, ANSWER_BYTES_MAX)
  const status = answer.statusCode ?? 0
  try {
    return { status, body: JSON.parse(text) as unknown }
  } catch (error) {
    if (status < 300) throw new NoAnswer(true, error)
    return { status, body: { message: `HTTP status ${status}: ${text.trim().slice(0, 200)}` } }
  }
}

function describeCall({ method, kind, name }: ApiCall): string {
  const verbs = { GET: 'read', POST: 'create', PUT: 'replace', PATCH: 'change', DELETE: 'delete' } as const
  return `${verbs[method]} ${kind.plural}${name === undefined ? '' : ` ${name}`}`
}
