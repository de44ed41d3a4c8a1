import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { viewer } from './access/roles.ts'
import {
  CallerBody,
  LinkHistoryBody,
  LinkHistoryQuery,
  ProblemBody,
  TopicFlowsBody,
  TopicFlowsQuery,
} from './contract/index.ts'
import { viewLinkHistory } from './history-views.ts'
import type { ApiContent } from './ports.ts'
import { viewTopicFlows } from './topic-flow-views.ts'
import { findLink } from './views.ts'

const LinkParams = Type.Object({ link: Type.String({ maxLength: 63, description: 'Name of the link.' }) })
const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const HISTORY_SECONDS = 3_600

/** `/api/v1`: who asks, and what a page about tens of thousands of flows is made of. */
export const linkRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const { replication } = content
  app.get(
    '/caller',
    {
      config: viewer,
      schema: {
        tags: ['service'],
        summary: 'Who this request comes from, and what they may do',
        response: { 200: CallerBody, ...problems },
      },
    },
    ({ caller }) => caller ?? { name: 'anonymous', role: 'viewer' as const, means: 'none' as const },
  )
  app.get(
    '/links/:link/topic-flows',
    {
      config: viewer,
      schema: {
        tags: ['links'],
        summary: 'The flows of a link summed up by topic, in pages',
        params: LinkParams,
        querystring: TopicFlowsQuery,
        response: { 200: TopicFlowsBody, ...problems },
      },
    },
    ({ params, query }) => {
      const status = replication.status()
      return viewTopicFlows(findLink(status, params.link), query, status.atMs)
    },
  )
  app.get(
    '/links/:link/history',
    {
      config: viewer,
      schema: {
        tags: ['links'],
        summary: 'How a link did within the last day',
        params: LinkParams,
        querystring: LinkHistoryQuery,
        response: { 200: LinkHistoryBody, ...problems },
      },
    },
    ({ params: { link }, query: { seconds = HISTORY_SECONDS } }) => {
      const status = replication.status()
      findLink(status, link)
      return viewLinkHistory(link, content.history?.(link) ?? [], { seconds, nowMs: status.atMs })
    },
  )
  done()
}
