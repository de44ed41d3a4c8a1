/**
 * Calls to etcd's JSON gateway (`/v3/...`, part of every etcd since 3.4).
 *
 * What always holds: a write is sent to another member only where it is certain that the one before has not done it.
 * Everything else that goes wrong with a write is `AUTHORITY_OUTCOME_UNKNOWN`. Reads are repeated until the deadline.
 * An answer from another cluster than the first one is refused: its revisions, and so its tokens, count anew.
 */
import { Agent, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { describeError, isFault, type RetryContext, retry, withTimeLimit } from '../../core/index.ts'
import { NoAnswer, readBody, send } from '../../http/index.ts'
import { authorityFaults } from '../faults.ts'
import { type AnswerHeader, type ErrorAnswer, judgeError } from './answers.ts'

export interface EtcdConnection {
  /** Such as `https://etcd-0.example:2379`; all members of one cluster. */
  readonly endpoints: readonly string[]
  /** Asked for with every call where it is a function, since it may be exchanged. */
  readonly tls?: EtcdTls | (() => EtcdTls)
  /** etcd's own users. The gateway does not take the name in a client certificate for a login. */
  readonly login?: EtcdLogin | (() => EtcdLogin)
  /** Looks for a newer login once one was refused; true where there is. @defaultValue there is none */
  readonly renew?: () => Promise<boolean>
  /** Bound of one call, milliseconds. @defaultValue 5000 */
  readonly timeoutMs?: number
  /** @defaultValue 1000 */
  readonly connectTimeoutMs?: number
}

/** PEM texts. Without `ca` the system's roots are trusted. */
export interface EtcdTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Expected name in the certificates, where it is not the host in the endpoint. */
  readonly serverName?: string
}

export interface EtcdLogin {
  readonly username: string
  readonly password: string
}

const ANSWER_BYTES_MAX = 256 * 1024 * 1024
const RETRY_DELAYS = { firstMs: 50, mostMs: 500 }
/** A member without a leader fails at once, instead of when the request times out. */
const HEADERS = { 'content-type': 'application/json', 'grpc-metadata-hasleader': 'true' }

interface Call {
  readonly path: string
  readonly body: object
  /** What a write is about; undefined for what can be repeated. */
  readonly written?: string
}

export class EtcdGateway {
  readonly where: string
  readonly #connection: EtcdConnection
  readonly #context: Omit<RetryContext, 'signal'>
  readonly #urls: readonly URL[]
  #agent: Agent
  #tls: EtcdTls
  readonly #timeoutMs: number
  #at = 0
  #token: string | undefined
  #clusterId: string | undefined

  constructor(connection: EtcdConnection, context: Omit<RetryContext, 'signal'>) {
    this.#connection = connection
    this.#context = context
    this.#urls = connection.endpoints.map((endpoint) => new URL(endpoint))
    this.#timeoutMs = connection.timeoutMs ?? 5_000
    this.where = `etcd ${connection.endpoints.join(', ')}`
    this.#tls = nowOf(connection.tls) ?? {}
    this.#agent = this.#urls[0]?.protocol === 'https:' ? openAgent(this.#tls) : new Agent({ keepAlive: true })
  }

  async read<Answer>(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    const policy = {
      deadlineMs: this.#timeoutMs,
      delaysFor: (error: unknown) => (isFault(error, 'AUTHORITY_UNREACHABLE') ? RETRY_DELAYS : undefined),
    }
    const once = (inTime: AbortSignal) => this.#anywhere({ path, body }, inTime)
    const patiently = (inTime: AbortSignal) => retry(once, policy, { ...this.#context, signal: inTime })
    return (await this.#inTime(signal, this.#timeoutMs, patiently)) as Answer
  }

  /** `written` names the keys, for the fault. */
  async write<Answer>(path: string, body: object, written: string, signal: AbortSignal): Promise<Answer> {
    const once = (inTime: AbortSignal) => this.#anywhere({ path, body, written }, inTime)
    return (await this.#inTime(signal, this.#timeoutMs, once)) as Answer
  }

  /** An answer whose body comes bit by bit, for as long as the signal lets it. */
  async stream(path: string, body: object, signal: AbortSignal): Promise<IncomingMessage> {
    const url = this.#url()
    try {
      const answer = await this.#post(url, { path, body }, signal)
      if (answer.statusCode === 200) return answer
      throw await this.#faultOf(answer, { path, body })
    } catch (error) {
      throw this.#toFault(error, { path, body })
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  unreachable(reason: string, cause?: unknown): Error {
    return authorityFaults.fault('AUTHORITY_UNREACHABLE', { where: this.where, reason }, cause)
  }

  /** At one member after the other, as long as it is certain that nothing was done. */
  async #anywhere(call: Call, signal: AbortSignal): Promise<unknown> {
    let fault: unknown
    // A member that is frozen takes connections and says nothing: a read leaves time for the others.
    const mostMs = call.written === undefined ? this.#timeoutMs / this.#urls.length : this.#timeoutMs
    for (let tried = 0; tried < this.#urls.length; tried++) {
      try {
        return await this.#inTime(signal, mostMs, (inTime) => this.#loggedIn(call, inTime))
      } catch (error) {
        fault = this.#toFault(error, call)
        this.#at++
        if (signal.aborted || !isFault(fault, 'AUTHORITY_UNREACHABLE')) throw fault
      }
    }
    throw fault
  }

  /** Once more with a new token where the old one is no longer good. */
  async #loggedIn(call: Call, signal: AbortSignal): Promise<unknown> {
    if (this.#connection.login !== undefined) this.#token ??= await this.#logIn(signal)
    try {
      return await this.#once(call, signal)
    } catch (error) {
      if (!(error instanceof TokenRefused) || this.#connection.login === undefined) throw error
      this.#token = await this.#logIn(signal)
      return this.#once(call, signal)
    }
  }

  /** A password that is refused may have been exchanged. */
  async #logIn(signal: AbortSignal): Promise<string> {
    try {
      return await this.#logInOnce(signal)
    } catch (error) {
      if (error instanceof NoAnswer || (await this.#connection.renew?.()) !== true) throw error
      return await this.#logInOnce(signal)
    }
  }

  async #logInOnce(signal: AbortSignal): Promise<string> {
    const { username: name, password } = nowOf(this.#connection.login) ?? {}
    this.#token = undefined
    const answer = (await this.#once({ path: '/v3/auth/authenticate', body: { name, password } }, signal)) as {
      token?: string
    }
    return answer.token ?? ''
  }

  async #once(call: Call, signal: AbortSignal): Promise<unknown> {
    const url = this.#url()
    const answer = await this.#post(url, call, signal)
    if (answer.statusCode !== 200) throw await this.#faultOf(answer, call)
    const text = await readBody(answer, ANSWER_BYTES_MAX)
    const parsed = parse(text) as { readonly header?: AnswerHeader } | undefined
    if (parsed === undefined) throw new NoAnswer(true, 'the answer is not JSON')
    this.#checkCluster(url, parsed.header?.cluster_id)
    return parsed
  }

  /** Calls that are under way end on the connections that they have; new ones are made with what there is now. */
  #agentNow(): Agent {
    const next = nowOf(this.#connection.tls) ?? {}
    const { ca, cert, key } = this.#tls
    if (!(this.#agent instanceof TlsAgent) || (next.ca === ca && next.cert === cert && next.key === key)) {
      return this.#agent
    }
    const former = this.#agent
    this.#tls = next
    this.#agent = openAgent(next)
    former.maxFreeSockets = 0
    for (const socket of Object.values(former.freeSockets).flat()) socket?.destroy()
    return this.#agent
  }

  #post(url: URL, { path, body }: Call, signal: AbortSignal): Promise<IncomingMessage> {
    return send({
      url: new URL(path, url),
      method: 'POST',
      body: JSON.stringify(body),
      headers: { ...HEADERS, ...(this.#token !== undefined && { authorization: this.#token }) },
      agent: this.#agentNow(),
      tls: {}, // The agent has it.
      connectTimeoutMs: this.#connection.connectTimeoutMs ?? 1_000,
      clock: this.#context.clock,
      signal,
    })
  }

  #checkCluster(url: URL, id: string | undefined): void {
    if (id === undefined) return
    this.#clusterId ??= id
    if (id === this.#clusterId) return
    const reason = `${url.origin} belongs to cluster ${id}, not to ${this.#clusterId}; restart Isthmus if that is meant`
    throw authorityFaults.fault('AUTHORITY_REFUSED', { where: this.where, reason })
  }

  async #faultOf(answer: IncomingMessage, call: Call): Promise<Error> {
    const text = await readBody(answer, ANSWER_BYTES_MAX)
    const status = answer.statusCode ?? 0
    const error = (parse(text) ?? { message: `HTTP status ${status}: ${text.trim().slice(0, 200)}` }) as ErrorAnswer
    const reason = error.message ?? `HTTP status ${status}`
    const verdict = judgeError(error, status)
    if (verdict === 'later') return this.unreachable(reason)
    if (verdict === 'log-in-again') return new TokenRefused(reason)
    if (verdict === 'unknown') return this.#toFault(new NoAnswer(true, reason), call)
    return authorityFaults.fault('AUTHORITY_REFUSED', { where: this.where, reason })
  }

  #toFault(error: unknown, { written }: Call): Error {
    if (isFault(error)) return error
    const reason = describeError(error)
    if (error instanceof TokenRefused) {
      return authorityFaults.fault('AUTHORITY_REFUSED', { where: this.where, reason }, error)
    }
    if (written === undefined || (error instanceof NoAnswer && !error.wasSent)) return this.unreachable(reason, error)
    return authorityFaults.fault('AUTHORITY_OUTCOME_UNKNOWN', { where: this.where, keys: written, reason }, error)
  }

  #inTime<Result>(
    signal: AbortSignal,
    limitMs: number,
    call: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const late = () => new Error(`no answer within ${Math.round(limitMs)} ms`)
    return withTimeLimit({ clock: this.#context.clock, limitMs, signal, late }, call)
  }

  #url(): URL {
    return this.#urls[this.#at % this.#urls.length] as URL
  }
}

class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function openAgent({ ca, cert, key, serverName }: EtcdTls): TlsAgent {
  return new TlsAgent({ keepAlive: true, ca, cert, key, ...(serverName !== undefined && { servername: serverName }) })
}

function nowOf<Value extends object>(given: Value | (() => Value) | undefined): Value | undefined {
  return typeof given === 'function' ? given() : given
}
