import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { admin, operatorLook, viewer } from './access/roles.ts'
import {
  ProblemBody,
  SecurityApplyBody,
  SecurityApplyRequest,
  SecurityDriftBody,
  SecurityImportBody,
  SecurityImportQuery,
  SecurityPlanBody,
  SecurityPlanRequest,
  SecurityProbeBody,
  SecurityProbeRequest,
  SecurityRightsBody,
  SecurityRightsQuery,
  SecurityScopeQuery,
} from './contract/index.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent, SecurityView } from './ports.ts'
import { removalOf, viewApplied, viewDrift, viewPlans, viewRights, viewRounds } from './security-views.ts'

interface SecurityRoutesOptions {
  readonly content: ApiContent
  readonly closing: AbortSignal
}

const tags = ['security']
const problems = { '4xx': ProblemBody, '5xx': ProblemBody }
const Place = Type.Object({
  owner: Type.String({ maxLength: 63, description: 'Whose policy.' }),
  region: Type.String({ maxLength: 63, description: 'In which region.' }),
})

/** Who may do what in the regions, as declared, and as it is. */
export const securityRoutes: FastifyPluginCallbackTypebox<SecurityRoutesOptions> = (app, options, done) => {
  const { content, closing } = options
  const view = (): SecurityView => {
    if (content.security === undefined) throw apiFaults.fault('API_NO_POLICIES')
    return content.security
  }
  const summary = 'What applying the policies would change, by policy and region; this changes nothing'
  app.post(
    '/security/plans',
    {
      config: operatorLook,
      schema: { tags, summary, body: SecurityPlanRequest, response: { 200: SecurityPlanBody, ...problems } },
    },
    async ({ body }) => viewPlans(body, await view().policies.plan({ ...body, removal: removalOf(body) }, closing)),
  )
  app.post(
    '/security/policies/:owner/regions/:region/apply',
    {
      config: admin,
      schema: {
        tags,
        summary: 'Carry out the plan of a policy in a region',
        params: Place,
        body: SecurityApplyRequest,
        response: { 200: SecurityApplyBody, ...problems },
      },
    },
    async ({ params, body }) => {
      const order = { ...params, hash: body.hash, removal: removalOf(body) }
      return viewApplied(params, await view().policies.apply(order, closing))
    },
  )
  app.get(
    '/security/drift',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'How the regions differ from the policies, looked up now',
        querystring: SecurityScopeQuery,
        response: { 200: SecurityDriftBody, ...problems },
      },
    },
    async ({ query }) => viewDrift(await view().policies.drift(query, closing)),
  )
  addReadings(app, { view, closing })
  addProbes(app, { view })
  done()
}

type App = Parameters<FastifyPluginCallbackTypebox>[0]

function addProbes(app: App, { view }: { readonly view: () => SecurityView }): void {
  app.post(
    '/security/probe',
    {
      config: operatorLook,
      schema: {
        tags,
        summary: 'Probe brokers and listeners now; this changes nothing and may take a minute',
        body: SecurityProbeRequest,
        response: { 200: SecurityProbeBody, ...problems },
      },
    },
    async ({ body: { region } }) => viewRounds(await view().probes.probe(region)),
  )
  app.get(
    '/security/findings',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'What the last probes have found',
        response: { 200: SecurityProbeBody, ...problems },
      },
    },
    () => viewRounds(view().probes.status()),
  )
}

function addReadings(app: App, given: { readonly view: () => SecurityView; readonly closing: AbortSignal }): void {
  const { view, closing } = given
  app.get(
    '/security/import',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'A policy that asks for what stands in a region',
        querystring: SecurityImportQuery,
        response: { 200: SecurityImportBody, ...problems },
      },
    },
    async ({ query: { failoverGroup: group, ...query } }) => {
      const { policy, leftOut } = await view().policies.import({ ...query, group }, closing)
      return { policy: { ...policy }, leftOut: [...leftOut] }
    },
  )
  app.get(
    '/security/rights',
    {
      config: viewer,
      schema: {
        tags,
        summary: 'The least rights that the principals of Isthmus need',
        querystring: SecurityRightsQuery,
        response: { 200: SecurityRightsBody, ...problems },
      },
    },
    ({ query: { role = 'all' } }) => viewRights(role, view().rights(role)),
  )
}
