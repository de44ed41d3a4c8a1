import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operator } from './access/roles.ts'
import { ByRequest, FailoverGroupBody, PersonRequest, ProblemBody } from './contract/index.ts'
import type { Desks } from './desks.ts'

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['failover']
const Params = Type.Object({ group: Type.String({ maxLength: 63, description: 'Name of the failover group.' }) })

/** Whether moves of a group are taken. */
export const pauseRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.post(
    '/failover-groups/:group/pause',
    {
      config: operator,
      schema: {
        tags,
        summary: 'Refuse new moves of the group; one that runs goes on',
        params: Params,
        body: PersonRequest,
        response: { 200: FailoverGroupBody, ...problems },
      },
    },
    async ({ params: { group }, body }) => {
      await desks.change(group).pause({ ...body, since: desks.now() }, desks.signal)
      return desks.group(group)
    },
  )
  app.post(
    '/failover-groups/:group/resume',
    {
      config: operator,
      schema: {
        tags,
        summary: 'Allow moves of the group again',
        params: Params,
        body: ByRequest,
        response: { 200: FailoverGroupBody, ...problems },
      },
    },
    async ({ params: { group }, body }) => {
      await desks.change(group).unpause(body.by, desks.signal)
      return desks.group(group)
    },
  )
  done()
}
