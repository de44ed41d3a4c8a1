import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { regionName } from '../core/index.ts'
import { buildDrillReport, drillId, failoverFaults, isDrillOf, pageOfDrill } from '../failover/index.ts'
import { operator, viewer } from './access/roles.ts'
import {
  ApprovalAnswer,
  DrillBody,
  DrillOrderHeaders,
  DrillReportBody,
  DrillRequest,
  DrillsBody,
  PersonRequest,
  ProblemBody,
  reportAnswer,
  ReportQuery,
} from './contract/index.ts'
import type { Desks } from './desks.ts'
import { viewDrill, viewDrills } from './drill-views.ts'
import { apiFaults } from './faults.ts'
import { sendReport } from './report-answer.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['drills']
const group = Type.String({ maxLength: 63, description: 'Name of the failover group.' })
const GroupParams = Type.Object({ group })
const Params = Type.Object({ group, id: Type.String({ maxLength: 100, description: 'Id of the drill.' }) })
const AT = '/failover-groups/:group/drills'
const STAY_SECONDS = 30

/** Rehearsals of failover groups: how they are asked for, and what they came to. */
export const drillRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.post(
    AT,
    {
      config: operator,
      schema: {
        tags,
        summary: 'Order a drill',
        params: GroupParams,
        headers: DrillOrderHeaders,
        body: DrillRequest,
        response: { 202: DrillBody, ...problems },
      },
    },
    async ({ params, headers, body }, reply) => {
      const { level, region, staySeconds = STAY_SECONDS, by, reason } = body
      const id = drillId(params.group, headers['idempotency-key'])
      const wanted = region === undefined ? undefined : regionName(region)
      const order = { id, level, region: wanted, by, reason, at: desks.now(), stayMs: staySeconds * 1_000 }
      const drill = await desks.changeDrills(params.group).order(order, desks.signal)
      if (drill.level !== level || drill.region !== (wanted ?? drill.region)) {
        throw apiFaults.fault('API_KEY_REUSED', { kind: `a drill ${drill.level}`, to: drill.region, operation: id })
      }
      void reply.code(202).header('location', `/api/v1/failover-groups/${params.group}/drills/${id}`)
      return viewDrill(drill)
    },
  )
  addChanges(app, desks)
  addReads(app, desks)
  done()
}

function addChanges(app: Parameters<typeof drillRoutes>[0], desks: Desks): void {
  app.post(
    `${AT}/approval`,
    {
      config: operator,
      schema: {
        tags,
        summary: 'Let one drill of the level full begin within 24 hours',
        params: GroupParams,
        body: PersonRequest,
        response: { 200: ApprovalAnswer, ...problems },
      },
    },
    async ({ params, body }) => {
      const desk = desks.changeDrills(params.group)
      await desk.approve({ ...body, at: desks.now() }, desks.signal)
      const { approval } = await desk.list(desks.control.clock.nowMs(), desks.signal)
      return { until: new Date(approval?.untilMs ?? 0).toISOString() }
    },
  )
  app.post(
    `${AT}/:id/abort`,
    {
      config: operator,
      schema: {
        tags,
        summary: 'End a drill; what it made is taken away',
        params: Params,
        body: PersonRequest,
        response: { 200: DrillBody, ...problems },
      },
    },
    async ({ params, body }) => {
      const desk = desks.changeDrills(params.group)
      await desk.abort(params.id, body.by, body.reason, desks.signal)
      return viewDrill(await desk.find(params.id, desks.signal))
    },
  )
}

function addReads(app: Parameters<typeof drillRoutes>[0], desks: Desks): void {
  app.get(
    AT,
    {
      config: viewer,
      schema: {
        tags,
        summary: 'The drills of a group, and how their figures went',
        params: GroupParams,
        response: { 200: DrillsBody, ...problems },
      },
    },
    async ({ params }) => viewDrills(await desks.drills(params.group).list(desks.control.clock.nowMs(), desks.signal)),
  )
  app.get(
    `${AT}/:id`,
    {
      config: viewer,
      schema: { tags, summary: 'How far a drill is', params: Params, response: { 200: DrillBody, ...problems } },
    },
    async ({ params }) => {
      checkId(params)
      return viewDrill(await desks.drills(params.group).find(params.id, desks.signal))
    },
  )
  app.get(
    `${AT}/:id/report`,
    {
      config: viewer,
      schema: {
        tags,
        summary: 'The report of a drill',
        params: Params,
        querystring: ReportQuery,
        response: { 200: reportAnswer(DrillReportBody), ...problems },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      checkId(params)
      const report = buildDrillReport(await desks.drills(params.group).record(params.id, desks.signal))
      return sendReport(request, reply, { id: params.id, format: query.format, page: pageOfDrill(report) })
    },
  )
}

function checkId({ group: name, id }: { readonly group: string; readonly id: string }): void {
  if (!isDrillOf(name, id)) throw failoverFaults.fault('DRILL_NOT_FOUND', { group: name, drill: id })
}
