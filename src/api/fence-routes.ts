import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { admin } from './access/roles.ts'
import { FenceRequest, FenceResultBody, ProblemBody, UnfenceRequest } from './contract/index.ts'
import type { Desks } from './desks.ts'

const tags = ['failover']
const Params = Type.Object({ group: Type.String({ maxLength: 63, description: 'Name of the failover group.' }) })
const response = { 200: FenceResultBody, '4xx': ProblemBody, '5xx': ProblemBody }

/** Fences that a person puts up and takes down; the group itself shows those there are. */
export const fenceRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.post(
    '/failover-groups/:group/fence',
    {
      config: admin,
      schema: { tags, summary: 'Fence a region for the group by hand', params: Params, body: FenceRequest, response },
    },
    async ({ params: { group }, body }) => {
      desks.change(group)
      return await desks.control.fences.fence({ group, ...body }, desks.signal)
    },
  )
  app.post(
    '/failover-groups/:group/unfence',
    {
      config: admin,
      schema: { tags, summary: 'Take fences of a region down', params: Params, body: UnfenceRequest, response },
    },
    async ({ params: { group }, body }) => {
      desks.change(group)
      return await desks.control.fences.unfence({ group, ...body }, desks.signal)
    },
  )
  done()
}
