import type { FastifyReply, FastifyRequest } from 'fastify'
import { unreachable } from '../core/index.ts'
import { renderHtml, renderMarkdown, REPORT_POLICY, type ReportPage } from '../failover/index.ts'
import type { ReportFormat } from './contract/index.ts'

const TYPES: readonly (readonly [ReportFormat, string])[] = [
  ['json', 'application/json'],
  ['html', 'text/html'],
  ['markdown', 'text/markdown'],
]

export interface ReportOf {
  readonly id: string
  /** Undefined: what the `Accept` of the request prefers. */
  readonly format: ReportFormat | undefined
  readonly page: ReportPage
}

/** The page as it is wanted; as JSON it is the data that the page was made of. */
export function sendReport(request: FastifyRequest, reply: FastifyReply, { id, format, page }: ReportOf): FastifyReply {
  void reply.header('vary', 'accept')
  const wanted = format ?? preferredFormat(request.headers.accept ?? '')
  switch (wanted) {
    case 'html':
      void reply.header('content-security-policy', REPORT_POLICY)
      return sendText(reply, 'text/html; charset=utf-8', renderHtml(page), `${id}.html`)
    case 'markdown':
      return sendText(reply, 'text/markdown; charset=utf-8', renderMarkdown(page), `${id}.md`)
    case 'json':
      return reply.send(page.data)
    default:
      return unreachable(wanted)
  }
}

function sendText(reply: FastifyReply, type: string, text: string, name: string): FastifyReply {
  // The name is an id that was checked before anything was looked up under it.
  return reply.type(type).header('content-disposition', `inline; filename="${name}"`).serializer(String).send(text)
}

/** JSON where nothing else is asked for; of equal preferences the first one of the header. Pure. */
export function preferredFormat(accept: string): ReportFormat {
  const wanted = accept.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase())
    const format = TYPES.find(([, known]) => known === type)?.[0] ?? (type === '*/*' ? 'json' : undefined)
    const q = parameters.find((one) => one.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    return format === undefined || !(weight > 0) ? [] : [{ format, weight }]
  })
  const best = wanted.reduce((most, { weight }) => Math.max(most, weight), 0)
  return wanted.find(({ weight }) => weight === best)?.format ?? 'json'
}
