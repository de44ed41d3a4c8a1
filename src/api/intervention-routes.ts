import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operator } from './access/roles.ts'
import { OperationBody, PersonRequest, ProblemBody, ResumeRequest } from './contract/index.ts'
import type { Desks } from './desks.ts'

const response = { 200: OperationBody, '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['failover']
const Params = Type.Object({
  group: Type.String({ maxLength: 63, description: 'Name of the failover group.' }),
  id: Type.String({ maxLength: 100, description: 'Id of the operation.' }),
})
const AT = '/failover-groups/:group/operations'

/** What people ask of a move that is under way. */
export const interventionRoutes: FastifyPluginCallbackTypebox<{ desks: Desks }> = (app, { desks }, done) => {
  app.post(
    `${AT}/:id/abort`,
    { config: operator, schema: { tags, summary: 'Roll a move back', params: Params, body: PersonRequest, response } },
    async ({ params, body: { by, reason } }) => {
      await desks.change(params.group).abort(params.id, by, reason, desks.signal)
      return desks.operation(params.group, params.id)
    },
  )
  app.post(
    `${AT}/:id/resume`,
    {
      config: operator,
      schema: { tags, summary: 'Let a move try its step again', params: Params, body: ResumeRequest, response },
    },
    async ({ params, body: { by, attestation: reason } }) => {
      const attestation = reason === undefined ? undefined : { by, reason, at: desks.now() }
      await desks.change(params.group).resume(params.id, by, attestation, desks.signal)
      return desks.operation(params.group, params.id)
    },
  )
  app.post(
    `${AT}/:id/acknowledge`,
    {
      config: operator,
      schema: { tags, summary: 'Let a move go on without its step', params: Params, body: PersonRequest, response },
    },
    async ({ params, body: { by, reason } }) => {
      await desks.change(params.group).acknowledge(params.id, by, reason, desks.signal)
      return desks.operation(params.group, params.id)
    },
  )
  done()
}
