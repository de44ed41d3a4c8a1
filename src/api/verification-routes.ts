import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { operator, viewer } from './access/roles.ts'
import type { VerificationReport } from '../replication/index.ts'
import { ProblemBody, VerificationBody, VerificationsBody, VerificationStart } from './contract/index.ts'
import type { ApiContent } from './ports.ts'
import { knownLink } from './views.ts'

const LinkParams = Type.Object({ link: Type.String({ maxLength: 63, description: 'Name of the link.' }) })
const Params = Type.Object({ id: Type.String({ maxLength: 63, description: 'Id of the verification.' }) })
const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const tags = ['verification']
/** A report of many thousand partitions comes back in order to be resumed. */
const BODY_BYTES_MAX = 64 * 1024 * 1024

/** Comparing both sides of a link. */
export const verificationRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const { replication } = content
  app.post(
    '/links/:link/verifications',
    {
      config: operator,
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags,
        summary: 'Start a verification of what a link has copied',
        params: LinkParams,
        body: VerificationStart,
        response: { 202: VerificationBody, ...problems },
      },
    },
    (request, reply) => {
      const link = knownLink(replication.status(), request.params.link)
      void reply.code(202)
      return view(replication.startVerification({ link, ...request.body }))
    },
  )
  app.get(
    '/links/:link/verifications',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'The last verifications of a link',
        params: LinkParams,
        response: { 200: VerificationsBody, ...problems },
      },
    },
    (request) => {
      const link = knownLink(replication.status(), request.params.link)
      return { verifications: replication.verifications(link).map(view) }
    },
  )
  app.get(
    '/verifications/:id',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'How far a verification is',
        params: Params,
        response: { 200: VerificationBody, ...problems },
      },
    },
    (request) => view(replication.verification(request.params.id)),
  )
  app.delete(
    '/verifications/:id',
    {
      config: operator,
      schema: { tags, summary: 'End a verification', params: Params, response: { 200: VerificationBody, ...problems } },
    },
    async (request) => view(await replication.cancelVerification(request.params.id)),
  )
  done()
}

function view(report: VerificationReport): VerificationBody {
  const partitions = report.partitions.map(({ first, ...partition }) => {
    return { ...partition, first: first === null ? null : { ...first, fields: [...first.fields] } }
  })
  return { ...report, partitions }
}
