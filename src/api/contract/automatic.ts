import { Type } from 'typebox'
import { count, nullableText, object, orNull, text } from './schema-kit.ts'

const seconds = (description: string) => Type.Number({ minimum: 0, description })

export const AutomaticBody = object(
  {
    mode: Type.Enum(['manual', 'observe', 'automatic']),
    decision: Type.Enum(['stay', 'would-move', 'page', 'fence', 'move', 'undo', 'fail', 'forget'], {
      description:
        'What this controller made of it last. `page`: a person has to decide. `fence`: the region is being fenced, so that ' +
        'it can be left. `undo`: that fence is being lifted.',
    }),
    reason: text('Why: what holds, and what is missing for a move.'),
    command: nullableText('The one command that a person has to give; null where none is asked for.'),
    votes: Type.Array(
      object(
        {
          vantage: text('Name of the vantage point.'),
          standsIn: nullableText('The region it stands in; null outside of all.'),
          vote: Type.Enum(['up', 'suspect', 'down', 'silent', 'in-doubt', 'cut-off', 'no-view']),
          ageSeconds: seconds('Age of what it reported.'),
          downForSeconds: seconds('For how long it has said `down` without a break.'),
        },
        'What one vantage point says of the active region.',
      ),
    ),
    down: count('How many of them say `down`.'),
    needed: count('How many have to.'),
    expected: count('How many there are, or should be.'),
    downForSeconds: seconds('For how long so many have said `down` without a break.'),
    dwellSeconds: seconds('For how long they have to.'),
    attempt: orNull(
      object(
        {
          operation: text('Id of the failover that it is for.'),
          from: text('The region that is to be left.'),
          to: text('The one that is to take over.'),
          phase: Type.Enum(['fencing', 'fenced', 'ordered', 'undoing', 'failed']),
          at: text('When it began, ISO 8601.'),
          reason: text('The evidence that it began with, or why it was given up.'),
        },
        'A move that nobody asked for.',
      ),
      'Null where none is under way, nor was given up lately.',
    ),
  },
  'Whether the group moves by itself, as this controller sees it.',
)
export type AutomaticBody = Type.Static<typeof AutomaticBody>
