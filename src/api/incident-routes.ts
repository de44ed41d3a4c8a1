import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operator, viewer } from './access/roles.ts'
import type { IncidentStatus, ReplicationStatus } from '../replication/index.ts'
import {
  AcknowledgeRequest,
  IncidentBody,
  IncidentsBody,
  type IncidentsQuery,
  IncidentsQuery as IncidentsQuerySchema,
  ProblemBody,
} from './contract/index.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent } from './ports.ts'
import { findLink } from './views.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const IncidentParams = Type.Object({ id: Type.String({ maxLength: 64, description: 'Id of the incident.' }) })
const INCIDENTS_A_PAGE = 100

/** What was lost, or is not what it was, and that somebody knows of it. */
export const incidentRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const { replication } = content
  app.get(
    '/incidents',
    {
      config: viewer,
      schema: {
        tags: ['incidents'],
        summary: 'Incidents, in pages',
        querystring: IncidentsQuerySchema,
        response: { 200: IncidentsBody, ...problems },
      },
    },
    (request) => viewIncidents(replication.status(), request.query),
  )
  app.post(
    '/incidents/:id/acknowledge',
    {
      config: operator,
      schema: {
        tags: ['incidents'],
        summary: 'Acknowledge an incident; may be repeated',
        params: IncidentParams,
        body: AcknowledgeRequest,
        response: { 200: IncidentBody, ...problems },
      },
    },
    async ({ params: { id }, body: { by, note = '', action } }) =>
      viewIncident(await replication.acknowledgeIncident({ id, by, note, action })),
  )
  done()
}

/** @throws `API_LINK_UNKNOWN`, `API_REQUEST_INVALID` */
export function viewIncidents(status: ReplicationStatus, query: IncidentsQuery): IncidentsBody {
  if (query.link !== undefined) findLink(status, query.link)
  const matching = status.incidents
    .filter(({ link }) => query.link === undefined || link === query.link)
    .filter(({ acknowledged }) => query.state === undefined || (acknowledged === null) === (query.state === 'open'))
  const after = query.after === undefined ? -1 : matching.findIndex(({ id }) => id === query.after)
  if (query.after !== undefined && after < 0) {
    throw apiFaults.fault('API_REQUEST_INVALID', { reason: '`after` is not the `next` of a page' })
  }
  const rest = matching.slice(after + 1)
  const page = rest.slice(0, query.limit ?? INCIDENTS_A_PAGE)
  return {
    total: matching.length,
    open: matching.filter(({ acknowledged }) => acknowledged === null).length,
    next: rest.length > page.length ? (page.at(-1)?.id ?? null) : null,
    incidents: page.map(viewIncident),
  }
}

function viewIncident(incident: IncidentStatus): IncidentBody {
  return { ...incident }
}
