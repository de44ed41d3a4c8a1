import { createHash } from 'node:crypto'
import type { Server } from 'node:https'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastify, {
  type FastifyBaseLogger,
  type FastifyHttpsOptions,
  type FastifyInstance,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import type { Journal } from '../authority/index.ts'
import { type Clock, createEvents, type Events, systemClock } from '../core/index.ts'
import { apiFaults } from './faults.ts'
import { installAudit } from './access/audit.ts'
import type { ApiEvents } from '../observability/index.ts'
import { describeRoute, SECURITY_SCHEMES } from './access/describe-security.ts'
import { guardRoutes } from './access/guard-routes.ts'
import { openDoor } from './access/open-door.ts'
import { viewer } from './access/roles.ts'
import type { ServerTls } from './access/server-tls.ts'
import type { ApiSettings } from './access/settings.ts'
import { isLoopback, type ListenAddress, parseListen } from './options.ts'
import { Desks } from './desks.ts'
import { authorityRoutes } from './authority-routes.ts'
import { addConsole } from './console-routes.ts'
import { doctorRoutes } from './doctor-routes.ts'
import { eventRoutes } from './event-routes.ts'
import { clientRoutes } from './client-routes.ts'
import { drillRoutes } from './drill-routes.ts'
import { failoverRoutes } from './failover-routes.ts'
import { incidentRoutes } from './incident-routes.ts'
import { interventionRoutes } from './intervention-routes.ts'
import { journalRoutes } from './journal-routes.ts'
import { linkPauseRoutes } from './link-pause-routes.ts'
import { linkRoutes } from './link-routes.ts'
import { operationRoutes } from './operation-routes.ts'
import { fenceRoutes } from './fence-routes.ts'
import { pauseRoutes } from './pause-routes.ts'
import type { ApiContent } from './ports.ts'
import { sendProblem } from './problem.ts'
import { regionRoutes } from './region-routes.ts'
import { removalRoutes } from './removal-routes.ts'
import { runbookRoutes } from './runbook-routes.ts'
import { groupRoutes, offsetRoutes, serviceRoutes, statusRoutes } from './routes.ts'
import { returnRoutes } from './return-routes.ts'
import { securityRoutes } from './security-routes.ts'
import { verificationRoutes } from './verification-routes.ts'

export interface ApiServerOptions {
  readonly options: ApiSettings
  readonly content: ApiContent
  readonly logger: FastifyBaseLogger
  /** Told of calls. @defaultValue nobody */
  readonly events?: Events<ApiEvents>
  /** Where calls that change something are put on record. @defaultValue nowhere */
  readonly journal?: Pick<Journal, 'append'>
  /** @defaultValue that of the system */
  readonly clock?: Clock
  /** Folder of the console's build. @defaultValue no console is served */
  readonly consoleFolder?: string
}

export interface ApiServer {
  /** Resolves with the address once requests are taken. @throws `API_LISTEN_FAILED` */
  start(): Promise<string>
  /** Takes no more requests, ends those under way, closes idle connections. */
  stop(): Promise<void>
  /** For tests: a request without a socket. */
  readonly http: FastifyInstance
}

/** What requests under way may take when the API stops. */
const CLOSE_MS = 2_000
const BODY_BYTES_MAX = 64 * 1024

/** What a controller serves. */
const CONTROL_ROUTES = [
  failoverRoutes,
  clientRoutes,
  fenceRoutes,
  pauseRoutes,
  operationRoutes,
  interventionRoutes,
  returnRoutes,
  drillRoutes,
  journalRoutes,
  authorityRoutes,
]

/** The HTTP API. It has no business rule: it asks its ports and words the answers. */
export async function createApiServer(given: ApiServerOptions): Promise<ApiServer> {
  const { options, content, journal, events = createEvents<ApiEvents>(), clock = systemClock } = given
  const closing = new AbortController()
  const listen = parseListen(options.listen)
  if (listen === undefined) throw listenFailed(options.listen, 'not a host:port')
  const { tls, files, authenticator } = await openDoor(options, clock, events)
  const http = openHttp(given.logger, tls)
  http.setErrorHandler(sendProblem)
  // JSON only: a web page can send a form or plain text to another origin without asking, but no JSON.
  http.removeContentTypeParser('text/plain')
  if (isLoopback(listen.host)) refuseForeignHosts(http)
  refuseForeignPages(http)
  addEntityTags(http)
  await http.register(helmet)
  installAudit(http, { events, journal, clock, closing: closing.signal })
  await guardRoutes(http, { authenticator, limits: options.limits })
  http.setNotFoundHandler({ preHandler: http.rateLimit() }, (request) => {
    throw apiFaults.fault('API_NOT_FOUND', { method: request.method, path: request.url.split('?')[0] ?? '' })
  })
  await http.register(swagger, { openapi: describe(content.version), transform: describeRoute })
  await addRoutes(http, { ...content, anonymous: options.anonymous }, closing.signal)
  http.get('/openapi.json', { config: viewer, schema: { hide: true } }, () => http.swagger())
  if (given.consoleFolder !== undefined) await addConsole(http, given.consoleFolder)
  await http.ready()
  return {
    http,
    async start() {
      const address = await startListening(http, listen)
      files.start()
      const { anonymous, tokens, oidc, mtls } = options
      const hasLogins = tokens.length > 0 || oidc !== null || mtls !== null
      const isLocal = isLoopback(listen.host)
      events.emit('api:opened', { address, isTls: tls !== undefined, isLocal, anonymous, hasLogins })
      return address
    },
    async stop() {
      files.stop()
      closing.abort(new Error('the API is stopping'))
      // A connection without a request, as clients open ahead of need, counts as busy and would never be closed.
      const timer = content.events.clock.setTimer(CLOSE_MS, () => http.server.closeAllConnections())
      await http.close()
      timer.cancel()
    },
  }
}

function openHttp(logger: FastifyBaseLogger, tls: ServerTls | undefined): FastifyInstance {
  const options = {
    loggerInstance: logger,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle' as const,
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 300 },
  }
  const http = tls === undefined ? fastify(options) : openHttps(options, tls)
  return http.setValidatorCompiler(TypeBoxValidatorCompiler).withTypeProvider<TypeBoxTypeProvider>()
}

function openHttps(options: FastifyServerOptions, tls: ServerTls): FastifyInstance {
  const http = fastify<Server>({ ...options, https: tls.options } as FastifyHttpsOptions<Server>)
  tls.serve(http.server)
  return http
}

async function addRoutes(http: FastifyInstance, content: ApiContent, closing: AbortSignal): Promise<void> {
  await http.register(serviceRoutes, { content })
  const prefix = '/api/v1'
  await http.register(statusRoutes, { prefix, content })
  await http.register(linkRoutes, { prefix, content })
  await http.register(groupRoutes, { prefix, content })
  await http.register(incidentRoutes, { prefix, content })
  await http.register(offsetRoutes, { prefix, content, closing })
  await http.register(verificationRoutes, { prefix, content })
  for (const routes of [removalRoutes, linkPauseRoutes, eventRoutes, doctorRoutes, securityRoutes])
    await http.register(routes, { prefix, content, closing })
  await http.register(regionRoutes, { prefix, content })
  await http.register(runbookRoutes, { prefix, content, closing, http })
  const desks = new Desks({ content, closing })
  for (const routes of CONTROL_ROUTES) await http.register(routes, { prefix, desks })
}

function describe(version: string) {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Isthmus',
      description:
        'Replication and disaster recovery for Apache Kafka. Errors are problem+json (RFC 9457). Each operation names the ' +
        'role that it needs in its `security`: viewer, operator or admin, each of which includes those before it.',
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
      { name: 'drills', description: 'Rehearsals and what they measured' },
      { name: 'authority', description: 'What says which region is active' },
      { name: 'events', description: 'What happens, as it happens, and who is told' },
      { name: 'runbooks', description: 'What to do, step by step, with blocks that run' },
      { name: 'doctor', description: 'What would go wrong one day' },
      { name: 'security', description: 'Who may do what in the regions' },
      { name: 'journal', description: 'What was done, decided and asked for' },
    ],
    // The types that come with swagger do not know mutualTLS, which is new in OpenAPI 3.1.
    components: { securitySchemes: SECURITY_SCHEMES as never },
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

/**
 * A page of another origin cannot read an answer, but what it asks for would be done: with the client certificate that a
 * browser shows unasked, or as anonymous. Browsers say where a request comes from; other clients send neither header.
 */
function refuseForeignPages(http: FastifyInstance): void {
  http.addHook('onRequest', async ({ method, headers }) => {
    if (method === 'GET' || method === 'HEAD') return
    const { origin, host = '', 'sec-fetch-site': site = 'same-origin' } = headers
    const isOwn = origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
    if (!isOwn || (site !== 'same-origin' && site !== 'none')) {
      throw apiFaults.fault('API_ORIGIN_REFUSED', { origin: origin ?? 'another site' })
    }
  })
}

/** A client that shows what it has (If-None-Match) gets 304 instead of the same again. */
function addEntityTags(http: FastifyInstance): void {
  http.addHook('onSend', async (request, reply, payload) => {
    if (!request.url.startsWith('/api/')) return payload
    if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') {
      void reply.header('cache-control', 'no-store')
      return payload
    }
    const own = reply.getHeader('etag')
    const hash = () => createHash('sha256').update(payload).digest('base64url').slice(0, 22)
    const tag = typeof own === 'string' ? own : `"${hash()}"`
    void reply.header('etag', tag).header('cache-control', 'no-cache')
    if (request.headers['if-none-match'] !== tag) return payload
    void reply.code(304).removeHeader('content-length')
    return ''
  })
}
