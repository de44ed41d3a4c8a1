import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operatorLook, viewer } from './access/roles.ts'
import { FailoverGroupBody, FailoverGroupsBody, PlanBody, PlanRequest, ProblemBody } from './contract/index.ts'
import type { Desks } from './desks.ts'
import { tagOf, viewPlan } from './failover-views.ts'
import { wishOf } from './order.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['failover']
const Params = Type.Object({ group: Type.String({ maxLength: 63, description: 'Name of the failover group.' }) })

/** Failover groups: what is active, and what a move would do. */
export const failoverRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.get(
    '/failover-groups',
    {
      config: viewer,
      schema: { tags, summary: 'Every failover group', response: { 200: FailoverGroupsBody, ...problems } },
    },
    async () => ({ groups: await Promise.all([...desks.control.groups.keys()].map((name) => desks.group(name))) }),
  )
  app.get(
    '/failover-groups/:group',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'A failover group; its ETag is `"epoch/revision"`',
        params: Params,
        response: { 200: FailoverGroupBody, ...problems },
      },
    },
    async (request, reply) => {
      const group = await desks.group(request.params.group)
      void reply.header('etag', tagOf(group))
      return group
    },
  )
  app.post(
    '/failover-groups/:group/plans',
    {
      config: operatorLook,
      schema: {
        tags,
        summary: 'Plan a move; this changes nothing',
        params: Params,
        body: PlanRequest,
        response: { 200: PlanBody, ...problems },
      },
    },
    async ({ params, body }) => {
      const group = desks.find(params.group)
      return viewPlan(await group.desk.plan(wishOf(body, group), desks.signal), body.acceptLoss ?? false)
    },
  )
  done()
}
