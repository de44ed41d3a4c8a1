import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { CredentialStatus } from '../credentials/index.ts'
import { viewer } from './access/roles.ts'
import { CredentialsBody, ProblemBody } from './contract/index.ts'
import type { ApiContent } from './ports.ts'

/** Which version of its credentials this process uses; never what they are. */
export const credentialRoutes: FastifyPluginCallbackTypebox<{ content: ApiContent }> = (app, { content }, done) => {
  const { credentials, events, watch } = content
  app.get(
    '/credentials',
    {
      config: viewer,
      schema: {
        tags: ['service'],
        summary: 'Files of credentials, and which version of them counts',
        response: { 200: CredentialsBody, '4xx': ProblemBody, '5xx': ProblemBody },
      },
    },
    () => {
      const nowMs = events.clock.nowMs()
      return { process: watch.status().vantage, credentials: credentials().map((one) => view(one, nowMs)) }
    },
  )
  done()
}

function view(
  { sinceMs, endsAtMs, trouble, usesFormer, ...status }: CredentialStatus,
  nowMs: number,
): CredentialsBody['credentials'][number] {
  return {
    ...status,
    files: [...status.files],
    since: new Date(sinceMs).toISOString(),
    expiresInSeconds: endsAtMs === null ? null : (endsAtMs - nowMs) / 1_000,
    trouble: trouble ?? (usesFormer ? 'brokers still take only the version before' : null),
  }
}
