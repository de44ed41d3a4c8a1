import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import {
  DoctorBody,
  NotificationsBody,
  NotificationTestBody,
  NotificationTestRequest,
  ProblemBody,
} from './contract/index.ts'
import { operator, viewer } from './access/roles.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent } from './ports.ts'

interface DoctorRoutesOptions {
  readonly content: ApiContent
  readonly closing: AbortSignal
}

const problems = { '4xx': ProblemBody, '5xx': ProblemBody }

/** What would go wrong one day, and who would be told. */
export const doctorRoutes: FastifyPluginCallbackTypebox<DoctorRoutesOptions> = (app, options, done) => {
  const { content, closing } = options
  const { notifications } = content
  app.get(
    '/doctor',
    {
      config: viewer,
      schema: {
        tags: ['doctor'],
        summary: 'Look at everything for what would go wrong one day; this changes nothing and may take a minute',
        response: { 200: DoctorBody, ...problems },
      },
    },
    () => content.doctor(closing),
  )
  app.get(
    '/notifications',
    {
      config: viewer,
      schema: {
        tags: ['events'],
        summary: 'Receivers of notifications, and how sending to them goes',
        response: { 200: NotificationsBody, ...problems },
      },
    },
    () => ({
      receivers: notifications.status().map(({ failingSinceMs, ...status }) => ({
        ...status,
        failingSince: failingSinceMs === undefined ? null : new Date(failingSinceMs).toISOString(),
      })),
    }),
  )
  app.post(
    '/notifications/test',
    {
      config: operator,
      schema: {
        tags: ['events'],
        summary: 'Send a test to receivers of notifications, once each',
        body: NotificationTestRequest,
        response: { 200: NotificationTestBody, ...problems },
      },
    },
    async ({ body: { by, name } }) => {
      const known = notifications.status().map((one) => one.name)
      if (name !== undefined && !known.includes(name)) {
        throw apiFaults.fault('API_NOTIFICATION_UNKNOWN', { name, known: known.join(', ') || 'none' })
      }
      const results = await notifications.test(by, name, closing)
      return { results: results.map(({ isDelivered: delivered, ...result }) => ({ ...result, delivered })) }
    },
  )
  done()
}
