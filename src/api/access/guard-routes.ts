import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isFault } from '../../core/index.ts'
import { apiFaults } from '../faults.ts'
import { changes } from './audit.ts'
import type { Authenticator } from './authenticator.ts'
import { type Caller, includesRole } from './roles.ts'
import type { ApiLimits } from './settings.ts'

export interface GuardOptions {
  readonly authenticator: Authenticator
  readonly limits: ApiLimits
}

/** A second, of each address. A token cannot be guessed; this keeps the log and the keys of the issuer quiet. */
const REFUSED_A_SECOND = 20

/**
 * Who it is, whether they may, and how often: in this order, before the body is read. Every route is behind it, those
 * for `anyone` excepted; limits count for each caller, and for each address where nobody has logged in.
 */
export async function guardRoutes(http: FastifyInstance, { authenticator, limits }: GuardOptions): Promise<void> {
  http.decorateRequest('caller', null).decorateRequest('claim', null).decorateRequest('fault', null)
  let isTooMany: ((request: FastifyRequest) => Promise<boolean>) | undefined
  http.addHook('onRequest', async (request, reply) => {
    const needed = request.routeOptions.config.role ?? 'admin'
    const credentials = { headers: request.headers, socket: request.raw.socket }
    if (request.is404) return
    if (needed === 'anyone') {
      request.caller = await authenticator.identify(credentials).catch(() => null)
      return
    }
    try {
      request.caller = await authenticator.identify(credentials)
      checkRole(request.caller, needed)
    } catch (error) {
      if (isFault(error) && error.status === 401) void reply.header('www-authenticate', 'Bearer')
      if ((await isTooMany?.(request)) === true) throw tooMany(REFUSED_A_SECOND)
      throw error
    }
  })
  await http.register(rateLimit, {
    max: (request) => (changes(request) ? limits.changesPerSecond : limits.readsPerSecond),
    keyGenerator: (request) => `${changes(request) ? 'change' : 'read'} ${whoIs(request)}`,
    timeWindow: 1_000,
    errorResponseBuilder: (_request, { max }) => tooMany(max),
  })
  const count = http.createRateLimit({
    max: REFUSED_A_SECOND,
    timeWindow: 1_000,
    keyGenerator: (request) => `refused ${request.ip}`,
  })
  isTooMany = async (request) => {
    const answer = await count(request)
    return !answer.isAllowed && answer.isExceeded
  }
  http.addHook('preValidation', async (request) => nameCaller(request))
}

/** @throws `API_UNAUTHENTICATED`, `API_FORBIDDEN` */
function checkRole(caller: Caller | null, needed: Caller['role']): void {
  if (caller === null || (caller.means === 'none' && !includesRole(caller.role, needed))) {
    throw apiFaults.fault('API_UNAUTHENTICATED', { needed })
  }
  if (!includesRole(caller.role, needed)) {
    throw apiFaults.fault('API_FORBIDDEN', { caller: caller.name, role: caller.role, needed })
  }
}

function tooMany(max: number) {
  return apiFaults.fault('API_TOO_MANY_REQUESTS', { max })
}

function whoIs({ caller, ip }: FastifyRequest): string {
  return caller === null || caller.means === 'none' ? ip : caller.name
}

/** Who asks is who has logged in, whatever the body says. Where nobody logs in, only the body can tell. */
function nameCaller(request: FastifyRequest): void {
  const { caller, routeOptions } = request
  if (caller === null || caller.means === 'none' || !takesBy(routeOptions.schema?.body)) return
  const body = request.body
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return
  const told = body as { by?: unknown }
  if (typeof told.by === 'string' && told.by !== caller.name) request.claim = told.by
  told.by = caller.name
}

function takesBy(schema: unknown): boolean {
  return (
    typeof schema === 'object' &&
    schema !== null &&
    Object.hasOwn((schema as { properties?: object }).properties ?? {}, 'by')
  )
}
