import { Type } from 'typebox'
import { object, text } from './schema-kit.ts'

export const RemovalRequest = object(
  {
    dryRun: Type.Optional(Type.Boolean({ default: false, description: 'Only say what would be done.' })),
    deleteTopics: Type.Optional(
      Type.Boolean({ default: false, description: 'Delete the copies; otherwise they become ordinary topics.' }),
    ),
  },
  'How a link is removed.',
)
export type RemovalRequest = Type.Static<typeof RemovalRequest>

export const RemovalBody = object(
  {
    link: text('Name of the link.'),
    state: Type.Enum(['planned', 'removed', 'incomplete'], {
      description: '`incomplete`: some steps failed; the same call again does what is left.',
    }),
    topics: Type.Array(
      object(
        {
          topic: text('Name on the target.'),
          action: Type.Enum(['delete', 'restore', 'forget', 'wait'], {
            description:
              '`delete`: it is deleted. `restore`: it gets the configs of its source and is an ordinary topic. ' +
              '`forget`: it is left as it is. `wait`: it cannot be decided now.',
          }),
          state: Type.Enum(['planned', 'done', 'failed']),
          reason: text('A sentence for the operator.'),
          changes: Type.Record(Type.String(), Type.Unsafe<string | null>({ type: ['string', 'null'] }), {
            description: 'Configs that are set; null where the override is deleted.',
          }),
        },
        'What is done about a topic of the target.',
      ),
    ),
    left: Type.Array(object({ what: text('What stays.'), why: text('Why.') }, 'Something on the target that stays.')),
  },
  'What the removal of a link did, or would do.',
)
export type RemovalBody = Type.Static<typeof RemovalBody>
