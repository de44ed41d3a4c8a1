import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operator } from './access/roles.ts'
import { ByRequest, LinkPauseBody, PersonRequest, ProblemBody } from './contract/index.ts'
import type { ApiContent } from './ports.ts'

const Params = Type.Object({ link: Type.String({ maxLength: 63, description: 'Name of the link.' }) })
const response = { 200: LinkPauseBody, '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['links']

/** Whether a single link copies. */
export const linkPauseRoutes: FastifyPluginCallbackTypebox<{
  content: ApiContent
  closing: AbortSignal
}> = (app, { content: { linkDesk }, closing }, done) => {
  app.post(
    '/links/:link/pause',
    {
      config: operator,
      schema: { tags, summary: 'Have a link copy nothing', params: Params, body: PersonRequest, response },
    },
    async ({ params: { link }, body }) => ({ link, paused: await linkDesk.pause({ link, ...body }, closing) }),
  )
  app.post(
    '/links/:link/resume',
    {
      config: operator,
      schema: { tags, summary: 'Have it go on where it stopped', params: Params, body: ByRequest, response },
    },
    async ({ params: { link }, body }) => {
      await linkDesk.resume({ link, ...body }, closing)
      return { link, paused: null }
    },
  )
  done()
}
