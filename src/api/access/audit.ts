import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Journal } from '../../authority/index.ts'
import type { Clock, Events } from '../../core/index.ts'
import type { ApiCall, ApiEvents } from '../../observability/index.ts'

export interface AuditOptions {
  readonly events: Events<ApiEvents>
  /** Undefined where there is none: then the log alone has it. */
  readonly journal: Pick<Journal, 'append'> | undefined
  readonly clock: Clock
  /** Aborts when the API stops. */
  readonly closing: AbortSignal
}

/** Refused calls that are put on record a minute. Whoever may not come in must not be able to fill the journal. */
const REFUSED_A_MINUTE = 10
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 429])

/** Puts on record who changed what, why, from where, and what came of it; and what was refused. */
export function installAudit(http: FastifyInstance, { events, journal, clock, closing }: AuditOptions): void {
  const budget = new MinuteBudget(clock, REFUSED_A_MINUTE)
  http.addHook('onResponse', async (request, reply) => {
    const isRefused = REFUSALS.has(reply.statusCode)
    const isChange = changes(request)
    // What is not even a request has asked for nothing.
    if (!isRefused && (!isChange || request.fault === 'API_REQUEST_INVALID')) return
    const call = describeCall(request, reply)
    const leftOut = isRefused ? budget.take() : 0
    if (isRefused) events.emit('api:refused', { ...call, isRecorded: leftOut !== undefined, leftOut: leftOut ?? 0 })
    else events.emit('api:called', call)
    if (!isChange || journal === undefined || leftOut === undefined) return
    const { caller: actor, ...facts } = call
    const fact = {
      actor,
      kind: 'api-call',
      facts: { ...facts, ...(leftOut > 0 && { leftOut }) },
      ...placeOf(request, reply),
    }
    await journal.append(fact, closing).catch((error: unknown) => events.emit('api:audit-failed', { ...call, error }))
  })
}

/** Whether the request asks for a change. */
export function changes({ method, is404, routeOptions }: FastifyRequest): boolean {
  if (is404 || routeOptions.config.changesNothing === true) return false
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
}

function describeCall(request: FastifyRequest, reply: FastifyReply): ApiCall {
  const { caller, claim, fault, body, method, url, ip, id } = request
  const { reason = null, attestation = null, note = null } = (body ?? {}) as Readonly<Record<string, unknown>>
  const why = [reason, attestation, note].find((text) => typeof text === 'string' && text !== '')
  return {
    caller: caller?.name ?? 'nobody',
    role: caller?.role ?? null,
    from: ip,
    method,
    path: (url.split('?')[0] ?? '').slice(0, 500),
    status: reply.statusCode,
    fault,
    reason: typeof why === 'string' ? why.slice(0, 2_000) : null,
    claim: claim?.slice(0, 200) ?? null,
    request: id,
  }
}

/** The group and the operation it is about. */
function placeOf({ params }: FastifyRequest, reply: FastifyReply): { group?: string; operation?: string } {
  const { group } = (params ?? {}) as { readonly group?: string }
  const started = reply.getHeader('location')
  const asked = /\/operations\/([^/?]+)/.exec(typeof started === 'string' ? started : reply.request.url)?.[1]
  return { ...(group !== undefined && { group }), ...(asked !== undefined && { operation: decodeURIComponent(asked) }) }
}

/** So many a minute. */
class MinuteBudget {
  readonly #clock: Clock
  readonly #max: number
  #minute = -1
  #taken = 0
  #leftOut = 0

  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#max = max
  }

  /** How many were turned away since the last one that was not; undefined where this one is. */
  take(): number | undefined {
    const minute = Math.floor(this.#clock.monotonicMs() / 60_000)
    if (minute !== this.#minute) this.#taken = 0
    this.#minute = minute
    if (this.#taken >= this.#max) {
      this.#leftOut++
      return undefined
    }
    this.#taken++
    const leftOut = this.#leftOut
    this.#leftOut = 0
    return leftOut
  }
}
