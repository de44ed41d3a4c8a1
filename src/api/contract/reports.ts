import { Type } from 'typebox'
import { object, text } from './schema-kit.ts'

export const ReportFormat = Type.Enum(['json', 'html', 'markdown'], {
  description: '`html`: one page that needs nothing else. Default: what the `Accept` header prefers, else `json`.',
})
export type ReportFormat = Type.Static<typeof ReportFormat>

export const ReportQuery = object({ format: Type.Optional(ReportFormat) }, 'How the report is wanted.')

export const OperationReportBody = Type.Object(
  {
    operation: text('Id of the move; of a return, that of the move that went past its region.'),
    group: text('Name of the failover group.'),
  },
  {
    additionalProperties: true,
    description:
      'The report of a move or of a return: who asked for it and why, RPO and RTO as promised and measured, steps with ' +
      'times and what they came to, guards with their evidence, what was lost, written out and appended again.',
  },
)

/** The answers of a route that has a report in every format. */
export function reportAnswer<Body extends Type.TSchema>(body: Body) {
  const page = (what: string) => Type.String({ description: what })
  return {
    description: 'The report, in the format that was asked for.',
    content: {
      'application/json': { schema: body },
      'text/html': { schema: page('A page that needs nothing else.') },
      'text/markdown': { schema: page('The same as Markdown.') },
    },
  }
}
