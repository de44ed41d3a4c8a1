import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { admin, operator, viewer } from './access/roles.ts'
import { ByRequest, DivergenceBody, FailoverGroupBody, ProblemBody, SalvageRequest } from './contract/index.ts'
import type { Desks } from './desks.ts'
import { viewDivergence } from './divergence-view.ts'

const Params = Type.Object({
  group: Type.String({ maxLength: 63, description: 'Name of the failover group.' }),
  region: Type.String({ maxLength: 63, description: 'The region that returns.' }),
})
const Query = Type.Object({
  limit: Type.Integer({ minimum: 0, maximum: 5_000, default: 500, description: 'Partitions to list.' }),
})
const response = { 200: FailoverGroupBody, '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['failover']

/** The return of a lost region, which the group itself shows. */
export const returnRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.get(
    '/failover-groups/:group/returns/:region/divergence',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'What only a returned region has, and what each choice about it would do',
        params: Params,
        querystring: Query,
        response: { 200: DivergenceBody, '4xx': ProblemBody, '5xx': ProblemBody },
      },
    },
    async ({ params: { group, region }, query: { limit } }) => {
      return viewDivergence({ group, region, limit }, await desks.find(group).desk.divergence(region, desks.signal))
    },
  )
  app.post(
    '/failover-groups/:group/returns/:region/scan',
    {
      config: operator,
      schema: { tags, summary: 'Compare a returned region once more', params: Params, body: ByRequest, response },
    },
    async ({ params: { group, region }, body }) => {
      await desks.change(group).scanAgain(region, body.by, desks.signal)
      return desks.group(group)
    },
  )
  app.post(
    '/failover-groups/:group/returns/:region/choice',
    {
      config: admin,
      schema: {
        tags,
        summary: 'Say what becomes of the records that only a returned region has',
        params: Params,
        body: SalvageRequest,
        response,
      },
    },
    async ({ params: { group, region }, body: { losesOlder = false, ...given } }) => {
      const choice = { ...given, ...(losesOlder && { losesOlder: true as const }) }
      await desks.change(group).chooseSalvage(region, choice, desks.signal)
      return desks.group(group)
    },
  )
  app.post(
    '/failover-groups/:group/returns/:region/resume',
    {
      config: operator,
      schema: { tags, summary: 'Let a return try its step again', params: Params, body: ByRequest, response },
    },
    async ({ params: { group, region }, body }) => {
      await desks.change(group).resumeReturn(region, body.by, desks.signal)
      return desks.group(group)
    },
  )
  done()
}
