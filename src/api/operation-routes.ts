import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operator, viewer } from './access/roles.ts'
import { failoverFaults } from '../failover/index.ts'
import {
  MoveOrderHeaders,
  MoveOrderRequest,
  OperationBody,
  OperationReportBody,
  ProblemBody,
  reportAnswer,
  ReportQuery,
} from './contract/index.ts'
import type { Desks } from './desks.ts'
import { apiFaults } from './faults.ts'
import { isOperationOf, orderOf } from './order.ts'
import { sendReport } from './report-answer.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const response = { 200: OperationBody, ...problems }
const tags = ['failover']
const group = Type.String({ maxLength: 63, description: 'Name of the failover group.' })
const GroupParams = Type.Object({ group })
const Params = Type.Object({ group, id: Type.String({ maxLength: 100, description: 'Id of the operation.' }) })
const AT = '/failover-groups/:group/operations'

/** Moves of failover groups: how they are asked for, and how far they are. */
export const operationRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.post(
    AT,
    {
      config: operator,
      schema: {
        tags,
        summary: 'Move a group as it was planned',
        params: GroupParams,
        headers: MoveOrderHeaders,
        body: MoveOrderRequest,
        response: { 202: OperationBody, ...problems },
      },
    },
    async ({ params, headers, body }, reply) => {
      const desk = desks.change(params.group)
      const order = orderOf(body, {
        name: params.group,
        group: desks.find(params.group),
        at: desks.now(),
        idempotencyKey: headers['idempotency-key'],
        ifMatch: headers['if-match'],
      })
      const { id, kind, to, request } = await desk.start(order, desks.signal)
      if (kind !== order.kind || to !== order.to || request.planHash !== order.planHash) {
        throw apiFaults.fault('API_KEY_REUSED', { kind, to, operation: id })
      }
      void reply.code(202).header('location', `/api/v1/failover-groups/${params.group}/operations/${id}`)
      return desks.operation(params.group, id)
    },
  )
  app.get(
    `${AT}/:id`,
    { config: viewer, schema: { tags, summary: 'How far a move is', params: Params, response } },
    ({ params }) => {
      checkId(params)
      return desks.operation(params.group, params.id)
    },
  )
  app.get(
    `${AT}/:id/report`,
    {
      config: viewer,
      schema: {
        tags,
        summary: 'The report of a move, or of the return of a region: `operation-region`',
        params: Params,
        querystring: ReportQuery,
        response: { 200: reportAnswer(OperationReportBody), ...problems },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const page = await desks.report(params.group, params.id)
      return sendReport(request, reply, { id: params.id, format: query.format, page })
    },
  )
  done()
}

function checkId({ group, id }: { readonly group: string; readonly id: string }): void {
  if (!isOperationOf(group, id)) throw failoverFaults.fault('OPERATION_NOT_FOUND', { group, operation: id })
}
