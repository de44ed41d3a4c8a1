import type { FastifySchema, RouteOptions } from 'fastify'

/** How callers say who they are, for OpenAPI. */
export const SECURITY_SCHEMES = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token of `api.auth.tokens`, or a JSON web token of the issuer of `api.auth.oidc`.',
  },
  certificate: { type: 'mutualTLS', description: 'A client certificate of `api.auth.mtls`.' },
} as const

interface Described {
  readonly schema: FastifySchema
  readonly url: string
  readonly route: RouteOptions
}

/** Names the role that a route needs: OpenAPI 3.1 lets roles stand with schemes of any type. */
export function describeRoute({ schema, url, route }: Described) {
  const role = route.config?.role
  if (role === undefined) return { schema, url }
  const security: Record<string, string[]>[] = role === 'anyone' ? [] : [{ bearer: [role] }, { certificate: [role] }]
  return { schema: { ...schema, security }, url }
}
