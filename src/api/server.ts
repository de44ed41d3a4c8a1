import { createHash } from 'node:crypto'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { apiFaults } from './faults.ts'
import { type ApiOptions, isLoopback, type ListenAddress, parseListen } from './options.ts'
import { Desks } from './desks.ts'
import { authorityRoutes } from './authority-routes.ts'
import { failoverRoutes } from './failover-routes.ts'
import { incidentRoutes } from './incident-routes.ts'
import { interventionRoutes } from './intervention-routes.ts'
import { journalRoutes } from './journal-routes.ts'
import { linkPauseRoutes } from './link-pause-routes.ts'
import { operationRoutes } from './operation-routes.ts'
import { fenceRoutes } from './fence-routes.ts'
import { pauseRoutes } from './pause-routes.ts'
import type { ApiContent } from './ports.ts'
import { sendProblem } from './problem.ts'
import { regionRoutes } from './region-routes.ts'
import { removalRoutes } from './removal-routes.ts'
import { groupRoutes, offsetRoutes, serviceRoutes, statusRoutes } from './routes.ts'
import { returnRoutes } from './return-routes.ts'
import { verificationRoutes } from './verification-routes.ts'

export interface ApiServerOptions {
  readonly options: Required<ApiOptions>
  readonly content: ApiContent
  readonly logger: FastifyBaseLogger
}

export interface ApiServer {
  /** Resolves with the address once requests are taken. @throws `API_LISTEN_FAILED` */
  start(): Promise<string>
  /** Takes no more requests, ends those under way, closes idle connections. */
  stop(): Promise<void>
  /** For tests: a request without a socket. */
  readonly http: FastifyInstance
}

const REQUESTS_A_SECOND = 100
const BODY_BYTES_MAX = 64 * 1024

/** What a controller serves. */
const CONTROL_ROUTES = [
  failoverRoutes,
  fenceRoutes,
  pauseRoutes,
  operationRoutes,
  interventionRoutes,
  returnRoutes,
  journalRoutes,
  authorityRoutes,
]

/** The HTTP API. It has no business rule: it asks its ports and words the answers. */
export async function createApiServer({ options, content, logger }: ApiServerOptions): Promise<ApiServer> {
  const closing = new AbortController()
  const listen = parseListen(options.listen)
  if (listen === undefined) throw listenFailed(options.listen, 'not a host:port')
  const http = fastify({
    loggerInstance: logger,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 300 },
  })
    .setValidatorCompiler(TypeBoxValidatorCompiler)
    .withTypeProvider<TypeBoxTypeProvider>()
  http.setErrorHandler(sendProblem)
  http.setNotFoundHandler((request) => {
    throw apiFaults.fault('API_NOT_FOUND', { method: request.method, path: request.url.split('?')[0] ?? '' })
  })
  // JSON only: a web page can send a form or plain text to another origin without asking, but no JSON.
  http.removeContentTypeParser('text/plain')
  if (isLoopback(listen.host)) refuseForeignHosts(http)
  addEntityTags(http)
  await http.register(helmet)
  await http.register(rateLimit, {
    max: REQUESTS_A_SECOND,
    timeWindow: 1_000,
    errorResponseBuilder: () => apiFaults.fault('API_TOO_MANY_REQUESTS', { max: REQUESTS_A_SECOND }),
  })
  await http.register(swagger, { openapi: describe(content.version) })
  await http.register(serviceRoutes, { content })
  await http.register(statusRoutes, { prefix: '/api/v1', content })
  await http.register(groupRoutes, { prefix: '/api/v1', content })
  await http.register(incidentRoutes, { prefix: '/api/v1', content })
  await http.register(offsetRoutes, { prefix: '/api/v1', content, closing: closing.signal })
  await http.register(verificationRoutes, { prefix: '/api/v1', content })
  const isLocal = isLoopback(listen.host)
  for (const routes of [removalRoutes, linkPauseRoutes]) {
    await http.register(routes, { prefix: '/api/v1', content, closing: closing.signal, isLocal })
  }
  await http.register(regionRoutes, { prefix: '/api/v1', content })
  const control = { prefix: '/api/v1', desks: new Desks({ content, closing: closing.signal, isLocal }) }
  for (const routes of CONTROL_ROUTES) await http.register(routes, control)
  http.get('/openapi.json', { schema: { hide: true } }, () => http.swagger())
  await http.ready()
  return {
    http,
    start: () => startListening(http, listen),
    async stop() {
      closing.abort(new Error('the API is stopping'))
      await http.close()
    },
  }
}

function describe(version: string) {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Isthmus',
      description: 'Replication and disaster recovery for Apache Kafka. Errors are problem+json (RFC 9457).',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [
      { name: 'service', description: 'Health and metrics' },
      { name: 'status', description: 'The whole at a glance' },
      { name: 'links', description: 'Links, their flows and groups' },
      { name: 'lag', description: 'What has still to be copied and read' },
      { name: 'incidents', description: 'What was lost, or is not what it was' },
      { name: 'offsets', description: 'Exact translation' },
      { name: 'verification', description: 'Comparing both sides' },
      { name: 'regions', description: 'Health of the regions' },
      { name: 'failover', description: 'Failover groups and their moves' },
      { name: 'authority', description: 'What says which region is active' },
      { name: 'journal', description: 'What was done, decided and asked for' },
    ],
  }
}

async function startListening(http: FastifyInstance, listen: ListenAddress): Promise<string> {
  try {
    return await http.listen(listen)
  } catch (error) {
    throw listenFailed(`${listen.host}:${listen.port}`, (error as Error).message, error)
  }
}

function listenFailed(listen: string, reason: string, cause?: unknown) {
  return apiFaults.fault('API_LISTEN_FAILED', { listen, reason }, cause)
}

/** DNS rebinding: a web page whose name resolves to 127.0.0.1 sends its own name as the host. */
function refuseForeignHosts(http: FastifyInstance): void {
  http.addHook('onRequest', async (request) => {
    const host = request.hostname.replace(/^\[(.*)\]$/, '$1')
    if (!isLoopback(host)) throw apiFaults.fault('API_HOST_REFUSED', { host })
  })
}

/** A client that shows what it has (If-None-Match) gets 304 instead of the same again. */
function addEntityTags(http: FastifyInstance): void {
  http.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') return payload
    if (!request.url.startsWith('/api/')) return payload
    const own = reply.getHeader('etag')
    const hash = () => createHash('sha256').update(payload).digest('base64url').slice(0, 22)
    const tag = typeof own === 'string' ? own : `"${hash()}"`
    void reply.header('etag', tag).header('cache-control', 'no-cache')
    if (request.headers['if-none-match'] !== tag) return payload
    void reply.code(304).removeHeader('content-length')
    return ''
  })
}
