import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { viewer } from './access/roles.ts'
import { EventBody, EventsQuery, ProblemBody } from './contract/index.ts'
import { followEvents } from './event-stream.ts'
import { apiFaults } from './faults.ts'
import type { ApiContent } from './ports.ts'

interface EventRoutesOptions {
  readonly content: ApiContent
  readonly closing: AbortSignal
}

const STREAMS_MAX = 64
/** In the words of OpenAPI, which has none for the frames of a stream. */
const EVENTS = { description: 'Events, one frame each.', content: { 'text/event-stream': { schema: EventBody } } }

/** What happens, as it happens: server-sent events. */
export const eventRoutes: FastifyPluginCallbackTypebox<EventRoutesOptions> = (app, { content, closing }, done) => {
  const { streams } = content.events
  app.get(
    '/events',
    {
      exposeHeadRoute: false,
      config: viewer,
      schema: {
        tags: ['events'],
        summary: 'Server-sent events; `Last-Event-ID` goes on where a client was',
        description:
          'Each event has its `id`, its kind as `event`, and as `data` what is described here. What the journal tells ' +
          '(moves, requests, fences by hand) is seen on every process with failover groups, everything else on the process that saw it. ' +
          'Where a client shows an id that is not kept any more, or is of another process, it first gets the event ' +
          '`reset` with the `reason`, then all that is kept. A stream ends with the event `end` and a `reason`, such as ' +
          'that the client does not read what it is sent; a client that follows connects again.',
        querystring: EventsQuery,
        response: { 200: EVENTS, '4xx': ProblemBody, '5xx': ProblemBody },
      },
    },
    (request, reply) => {
      if (streams.open >= STREAMS_MAX) throw apiFaults.fault('API_TOO_MANY_STREAMS', { max: STREAMS_MAX })
      const header = request.headers['last-event-id']
      const lastEventId = (Array.isArray(header) ? header[0] : header) ?? request.query.lastEventId
      const headers = reply.getHeaders() as OutgoingHttpHeaders
      // From here on the answer is written by hand.
      reply.hijack()
      followEvents(reply.raw, { ...content.events, query: request.query, lastEventId, headers, closing })
    },
  )
  done()
}
