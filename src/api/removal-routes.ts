import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { admin } from './access/roles.ts'
import { ProblemBody, RemovalBody, RemovalRequest } from './contract/index.ts'
import type { ApiContent } from './ports.ts'
import { knownLinkName } from './views.ts'

/** Ends a link for good. */
export const removalRoutes: FastifyPluginCallbackTypebox<{
  content: ApiContent
  closing: AbortSignal
}> = (app, { content, closing }, done) => {
  app.post(
    '/links/:link/removal',
    {
      config: admin,
      schema: {
        tags: ['links'],
        summary: 'Stop a link and remove what was made for it on the target',
        params: Type.Object({ link: Type.String({ maxLength: 63, description: 'Name of the link.' }) }),
        body: RemovalRequest,
        response: { 200: RemovalBody, '4xx': ProblemBody, '5xx': ProblemBody },
      },
    },
    async (request) => {
      const { dryRun = false, deleteTopics = false } = request.body
      const link = knownLinkName(request.params.link)
      const removal = await content.replication.removeLink(link, { dryRun, deleteTopics }, closing)
      const topics = removal.topics.map((step) => ({ ...step, changes: { ...step.changes } }))
      return { ...removal, topics, left: [...removal.left] }
    },
  )
  done()
}
