import { Type } from 'typebox'
import { nullableNumber, nullableText, object, text } from './schema-kit.ts'

export const FenceOnRecord = object(
  {
    operation: text('The operation that put it up; `standby` for the standing one, `manual:NAME` by hand.'),
    means: Type.Enum(['acl', 'groups', 'command', 'topic-config'], { description: 'How it fences.' }),
    by: text('Who put it up.'),
    reason: text('Why.'),
    since: text('Since when, ISO 8601.'),
  },
  'A fence on record.',
)

export const GroupFenceBody = object(
  {
    region: text('Name of the region.'),
    state: Type.Enum(['fenced', 'open', 'unknown', 'unfenced', 'none'], {
      description:
        'Of the standing fence. `fenced`: proved. `open`: a standby that takes writes. `unknown`: it cannot be proved ' +
        'now. `unfenced`: there can be no fence. `none`: the region is no standby, or was not looked at yet.',
    }),
    reason: nullableText('A sentence about the state; null for `none`.'),
    sinceSeconds: nullableNumber('How long it has been in this state. Null for `none`.'),
    provedSecondsAgo: nullableNumber('When it was last found out. Null before.'),
    fences: Type.Array(FenceOnRecord, {
      description: 'Every fence of the group that is on record there, as of the last look.',
    }),
  },
  'The fences of a region for a group.',
)
export type GroupFenceBody = Type.Static<typeof GroupFenceBody>

const region = Type.String({ maxLength: 63, description: 'The region.' })
const by = Type.String({ minLength: 1, maxLength: 200, description: 'Who asks.' })

export const FenceRequest = object(
  { region, by, reason: Type.String({ minLength: 1, maxLength: 2000, description: 'Why.' }) },
  'Keeps applications from writing to the topics of the group in a region.',
)
export type FenceRequest = Type.Static<typeof FenceRequest>

export const UnfenceRequest = object(
  {
    region,
    by,
    operation: Type.Optional(
      Type.String({ minLength: 1, maxLength: 300, description: 'Whose fence. Default: every one put up by hand.' }),
    ),
  },
  'Takes fences down again.',
)
export type UnfenceRequest = Type.Static<typeof UnfenceRequest>

export const FenceResultBody = object(
  {
    state: Type.Enum(['done', 'unknown'], {
      description: '`unknown`: a call got no answer and may still come into force; ask again.',
    }),
    reason: text('What was done, or what is not known.'),
  },
  'What came of it.',
)
export type FenceResultBody = Type.Static<typeof FenceResultBody>
