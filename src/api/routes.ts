import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { anyone, viewer } from './access/roles.ts'
import {
  FlowsBody,
  FlowsQuery,
  GroupsBody,
  GroupsQuery,
  HealthBody,
  LagBody,
  LagQuery,
  LinksBody,
  ProblemBody,
  ReadyBody,
  StatusBody,
  TopicsBody,
  TranslateBody,
  TranslateQuery,
} from './contract/index.ts'
import { apiFaults } from './faults.ts'
import { viewGroup, viewGroups } from './group-views.ts'
import type { ApiContent } from './ports.ts'
import { findLink, knownLink, viewFlows, viewLag, viewLink, viewStatus, viewTopics } from './views.ts'

const LinkParams = Type.Object({ link: Type.String({ maxLength: 63, description: 'Name of the link.' }) })
const problems = { '4xx': ProblemBody, '5xx': ProblemBody }

/** What orchestrators and Prometheus ask; without a rate limit. */
export const serviceRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const rateLimit = false
  const tags = ['service']
  app.get(
    '/healthz',
    {
      config: { ...anyone, rateLimit },
      schema: { tags, summary: 'Whether the process is alive', response: { 200: HealthBody } },
    },
    () => ({ status: 'alive' as const }),
  )
  app.get(
    '/readyz',
    {
      config: { ...anyone, rateLimit },
      schema: { tags, summary: 'Whether the flows have started', response: { 200: ReadyBody, 503: ReadyBody } },
    },
    (request, reply) => {
      const waiting = content.replication
        .status()
        .links.filter(({ state }) => state === 'starting' || state === 'stopped')
      const gate = content.gate?.()
      const reasons = [
        ...waiting.map(({ link, state, reason }) => `link ${link} is ${state}: ${reason}`),
        ...(gate?.isSettled === false ? [`the gate of ${gate.region} is not settled: ${gate.reason}`] : []),
      ]
      if (reasons.length > 0) void reply.code(503)
      return { ready: reasons.length === 0, reasons: request.caller === null ? [] : reasons }
    },
  )
  app.get(
    '/metrics',
    {
      config: { ...viewer, rateLimit },
      schema: {
        tags,
        summary: 'Metrics in the text format of Prometheus',
        produces: ['text/plain'],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => {
      const text = await content.metrics.render()
      return reply.type(content.metrics.contentType).serializer(String).send(text)
    },
  )
  done()
}

/** `/api/v1`: the whole at a glance, links and lag. */
export const statusRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const { replication } = content
  app.get(
    '/status',
    {
      config: viewer,
      schema: {
        tags: ['status'],
        summary: 'Regions, links and a sentence',
        response: { 200: StatusBody, ...problems },
      },
    },
    () => viewStatus(replication.status(), content),
  )
  app.get(
    '/links',
    { config: viewer, schema: { tags: ['links'], summary: 'Every link', response: { 200: LinksBody, ...problems } } },
    () => {
      const { links, atMs } = replication.status()
      return { links: links.map((link) => viewLink(link, atMs)) }
    },
  )
  app.get(
    '/links/:link/flows',
    {
      config: viewer,
      schema: {
        tags: ['links'],
        summary: 'The flows of a link, in pages',
        params: LinkParams,
        querystring: FlowsQuery,
        response: { 200: FlowsBody, ...problems },
      },
    },
    (request) => viewFlows(findLink(replication.status(), request.params.link), request.query),
  )
  done()
}

/** `/api/v1`: consumer groups and lag. */
export const groupRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const { replication } = content
  app.get(
    '/links/:link/topics',
    {
      config: viewer,
      schema: {
        tags: ['links'],
        summary: 'Topics of a link that are refused, or whose copy will be deleted',
        params: LinkParams,
        response: { 200: TopicsBody, ...problems },
      },
    },
    (request) => viewTopics(findLink(replication.status(), request.params.link)),
  )
  app.get(
    '/links/:link/groups',
    {
      config: viewer,
      schema: {
        tags: ['links'],
        summary: 'The consumer groups of a link and their positions, in pages',
        params: LinkParams,
        querystring: GroupsQuery,
        response: { 200: GroupsBody, ...problems },
      },
    },
    (request) => {
      const status = replication.status()
      return viewGroups(findLink(status, request.params.link), request.query, status.atMs)
    },
  )
  app.get(
    '/lag',
    {
      config: viewer,
      schema: {
        tags: ['lag'],
        summary: 'Lag by group, topic and partition',
        querystring: LagQuery,
        response: { 200: LagBody, ...problems },
      },
    },
    (request) => viewLag(replication.status(), request.query),
  )
  done()
}

/** Exact translation of offsets and positions. */
export const offsetRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent; closing: AbortSignal }> = (
  app,
  { content, closing },
  done,
) => {
  const { replication } = content
  app.get(
    '/offsets/translate',
    {
      config: viewer,
      schema: {
        tags: ['offsets'],
        summary: 'Translate an offset, or all positions of a group',
        querystring: TranslateQuery,
        response: { 200: TranslateBody, ...problems },
      },
    },
    async (request) => {
      const { topic, partition, offset, group, direction = 'source-to-target' } = request.query
      const status = replication.status()
      const link = knownLink(status, request.query.link)
      const named = [topic, partition, offset].filter((part) => part !== undefined).length
      if (group !== undefined && named === 0) {
        return { group: viewGroup(await replication.translateGroup({ link, group }, closing), status.atMs) }
      }
      if (group !== undefined || topic === undefined || partition === undefined || offset === undefined) {
        throw apiFaults.fault('API_REQUEST_INVALID', {
          reason: 'give topic, partition and offset, or group alone',
        })
      }
      return { offset: await replication.translateOffset({ link, topic, partition, offset, direction }, closing) }
    },
  )
  done()
}
