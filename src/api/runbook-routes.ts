import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  type CommandRunner,
  chooseBlocks,
  findRunbook,
  listChecks,
  runBlocks,
  settleParams,
  type Values,
} from '../runbooks/index.ts'
import { operator, viewer } from './access/roles.ts'
import {
  ProblemBody,
  RunbookBody,
  RunbookCheckBody,
  RunbookCheckQuery,
  RunbookFurtherRequest,
  RunbookRunBody,
  RunbookRunRequest,
  RunbookRunsBody,
  RunbooksBody,
} from './contract/index.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent } from './ports.ts'
import { RunbookRuns } from './runbook-runs.ts'
import { viewRun, viewRunbook } from './runbook-views.ts'

interface RunbookRoutesOptions {
  readonly content: ApiContent
  readonly closing: AbortSignal
  /** To which the commands of a block go, as whoever asked. */
  readonly http: FastifyInstance
}

const tags = ['runbooks']
const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const RunbookParams = Type.Object({ id: Type.String({ maxLength: 100, description: 'Name of the runbook.' }) })
const RunParams = Type.Object({ run: Type.String({ maxLength: 100, description: 'Id of the run.' }) })
/** Of the checks of one runbook together. */
const CHECK_LIMIT_MS = 120_000

/**
 * Runbooks: read, checked, and carried out. Only commands of Isthmus run here, in this process and without a shell, and
 * each of them asks this API as the caller does: with their credentials, and so with their role.
 */
export const runbookRoutes: FastifyPluginCallbackTypebox<RunbookRoutesOptions> = (app, options, done) => {
  const { content, closing } = options
  const shelf = () => content.runbooks.shelf()
  app.get(
    '/runbooks',
    {
      config: viewer,
      schema: { tags, summary: 'Every runbook', response: { 200: RunbooksBody, ...problems } },
    },
    () => ({ runbooks: [...shelf().values()].map((runbook) => viewRunbook(runbook)) }),
  )
  app.get(
    '/runbooks/:id',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'A runbook, with its text',
        params: RunbookParams,
        response: { 200: RunbookBody, ...problems },
      },
    },
    ({ params: { id } }) => viewRunbook(findRunbook(shelf(), id), { withText: true }),
  )
  app.get(
    '/runbooks/:id/check',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'Carry out the checks of a runbook; they change nothing',
        params: RunbookParams,
        querystring: RunbookCheckQuery,
        response: { 200: RunbookCheckBody, ...problems },
      },
    },
    async (request) => {
      const runbook = findRunbook(shelf(), request.params.id)
      const values = settleParams(runbook, parsePairs(request.query.param))
      const signal = AbortSignal.any([closing, AbortSignal.timeout(CHECK_LIMIT_MS)])
      const context = { runner: runnerFor(request, options), clock: content.events.clock, signal, values }
      const blocks = await runBlocks(runbook, listChecks(runbook), context, { isThorough: true })
      const isGreen = blocks.every(({ state }) => state === 'green')
      return { runbook: runbook.id, isGreen, blocks: blocks.map((one) => structuredClone(one) as never) }
    },
  )
  const runs = new RunbookRuns(content.events.clock, closing)
  addRunOrders(app, options, runs)
  addRunViews(app, runs)
  done()
}

type Routes = Parameters<typeof runbookRoutes>[0]

function addRunOrders(app: Routes, options: RunbookRoutesOptions, runs: RunbookRuns): void {
  const { content } = options
  app.post(
    '/runbooks/:id/runs',
    {
      config: operator,
      schema: {
        tags,
        summary: 'Carry out some blocks of a runbook, as the caller',
        params: RunbookParams,
        body: RunbookRunRequest,
        response: { 202: RunbookRunBody, ...problems },
      },
    },
    async (request, reply) => {
      const runbook = findRunbook(content.runbooks.shelf(), request.params.id)
      const { by, params = {}, blocks: wanted, answers } = request.body
      const values = settleParams(runbook, params)
      const blocks = chooseBlocks(runbook, wanted)
      const ask = answers === undefined ? undefined : async () => answers
      const run = runs.start({ runbook, blocks, by, values, runner: { ...runnerFor(request, options), ask } })
      void reply.code(202).header('location', `/api/v1/runbook-runs/${run.id}`)
      return viewRun(run)
    },
  )
  app.post(
    '/runbook-runs/:run/blocks',
    {
      config: operator,
      schema: {
        tags,
        summary: 'Carry out further blocks in a run, which know what its earlier ones have saved',
        params: RunParams,
        body: RunbookFurtherRequest,
        response: { 202: RunbookRunBody, ...problems },
      },
    },
    async (request, reply) => {
      const run = runs.find(request.params.run)
      const runbook = findRunbook(content.runbooks.shelf(), run.runbook)
      const { blocks: wanted, answers } = request.body
      const ask = answers === undefined ? undefined : async () => answers
      const runner = { ...runnerFor(request, options), ask }
      void reply.code(202)
      return viewRun(runs.goOn(run, { runbook, blocks: chooseBlocks(runbook, wanted), runner }))
    },
  )
}

function addRunViews(app: Routes, runs: RunbookRuns): void {
  app.get(
    '/runbook-runs',
    {
      config: viewer,
      schema: { tags, summary: 'Runs of runbooks', response: { 200: RunbookRunsBody, ...problems } },
    },
    () => ({ runs: runs.list().map(viewRun) }),
  )
  app.get(
    '/runbook-runs/:run',
    {
      config: viewer,
      schema: { tags, summary: 'How far a run is', params: RunParams, response: { 200: RunbookRunBody, ...problems } },
    },
    ({ params: { run } }) => viewRun(runs.find(run)),
  )
  app.post(
    '/runbook-runs/:run/stop',
    {
      config: operator,
      schema: {
        tags,
        summary: 'Carry out no further block of a run; what a command has asked for goes on',
        params: RunParams,
        response: { 200: RunbookRunBody, ...problems },
      },
    },
    ({ params: { run } }) => viewRun(runs.stop(run)),
  )
}

function parsePairs(given: string | readonly string[] = []): Values {
  const pairs = typeof given === 'string' ? [given] : given
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

/** @throws `API_RUN_NEEDS_TOKEN` */
function runnerFor(request: FastifyRequest, { content, http }: RunbookRoutesOptions): CommandRunner {
  const { caller } = request
  if (caller?.means === 'certificate') throw apiFaults.fault('API_RUN_NEEDS_TOKEN', { caller: caller.name })
  const { authorization } = request.headers
  const headers = { host: request.headers.host ?? '', ...(authorization !== undefined && { authorization }) }
  const send = sender(http, headers)
  return {
    isthmus: (args, signal) => content.runbooks.command(args, { fetch: send, signal, by: caller?.name ?? '' }),
    shell: undefined,
    ask: undefined,
  }
}

/** Requests to this API that use no socket. */
function sender(http: FastifyInstance, headers: Readonly<Record<string, string>>): typeof fetch {
  return async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input)
    const own = Object.fromEntries(new Headers(init?.headers).entries())
    const answer = await http.inject({
      method: init?.method === 'POST' || init?.method === 'DELETE' ? init.method : 'GET',
      url: `${pathname}${search}`,
      headers: { ...own, ...headers },
      ...(typeof init?.body === 'string' && { payload: init.body }),
    })
    const hasBody = answer.statusCode !== 204 && answer.statusCode !== 304
    return new Response(hasBody ? answer.payload : null, { status: answer.statusCode })
  }
}
