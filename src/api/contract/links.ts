import type { Type } from 'typebox'
import { object, orNull, text } from './schema-kit.ts'

export const LinkPauseBody = object(
  {
    link: text('Name of the link.'),
    paused: orNull(
      object(
        {
          by: text('Who.'),
          reason: text('Why.'),
          since: text('Since when, ISO 8601; `unknown` where its record cannot be read.'),
        },
        'Who paused it.',
      ),
      'Null where it copies.',
    ),
  },
  'Whether a link is paused, as its target keeps it: every process that runs the link follows within seconds.',
)
export type LinkPauseBody = Type.Static<typeof LinkPauseBody>
