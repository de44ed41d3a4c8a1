import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ByRequest, LinkPauseBody, PersonRequest, ProblemBody } from './contract/index.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent } from './ports.ts'

const Params = Type.Object({ link: Type.String({ maxLength: 63, description: 'Name of the link.' }) })
const response = { 200: LinkPauseBody, '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['links']

/** Whether a single link copies. Only over a loopback address: this API asks nobody who they are. */
export const linkPauseRoutes: FastifyPluginCallbackTypebox<{
  content: ApiContent
  closing: AbortSignal
  isLocal: boolean
}> = (app, { content: { linkDesk }, closing, isLocal }, done) => {
  app.addHook('preHandler', async () => {
    if (!isLocal) throw apiFaults.fault('API_CHANGE_REFUSED')
  })
  app.post(
    '/links/:link/pause',
    { schema: { tags, summary: 'Have a link copy nothing', params: Params, body: PersonRequest, response } },
    async ({ params: { link }, body }) => ({ link, paused: await linkDesk.pause({ link, ...body }, closing) }),
  )
  app.post(
    '/links/:link/resume',
    {
      schema: { tags, summary: 'Have it go on where it stopped', params: Params, body: ByRequest, response },
    },
    async ({ params: { link }, body }) => {
      await linkDesk.resume({ link, ...body }, closing)
      return { link, paused: null }
    },
  )
  done()
}
